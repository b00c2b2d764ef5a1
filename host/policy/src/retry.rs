//! Whether a failed attempt is made again, and when.

use std::time::Duration;

use rand::rngs::SmallRng;
use tokio::time::Instant;
use wharf_types::{Error, Retryability};

use crate::backoff::Backoff;
use crate::classify::{Again, treatment};
use crate::instant;

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Make another attempt.
    Retry {
        /// How long to wait before asking the same deployment again. Another one need not wait for it.
        after: Duration,
        /// Only another deployment can help.
        elsewhere: bool,
    },
    /// Stop.
    GiveUp(Reason),
}

/// Why no further attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The same request fails again.
    Pointless,
    /// There were enough attempts.
    Attempts,
    /// The route has made too many retries lately.
    Budget,
    /// The caller's time would be up before the next attempt.
    Deadline,
    /// Nobody is left who could be asked.
    Nobody,
    /// A limit that the caller set for attempts has passed twice.
    Hurry,
}

impl Reason {
    /// Its name in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pointless => "the same request would fail again",
            Self::Attempts => "all attempts are used up",
            Self::Budget => "the retry budget of the route is used up",
            Self::Deadline => "the request's time would be up",
            Self::Nobody => "no other deployment can be asked",
            Self::Hurry => "the caller's limit for an attempt has passed twice",
        }
    }
}

/// When and how often a failed attempt is made again.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use std::time::Duration;
/// use rand::SeedableRng as _;
/// use wharf_policy::{Backoff, RetryPolicy};
/// use wharf_types::{Error, ErrorKind};
///
/// let backoff = Backoff::try_new(Duration::from_secs(1), Duration::from_secs(30), 2.0, true)?;
/// let policy = RetryPolicy { max_attempts: 3, backoff, max_retry_after: Duration::from_secs(60) };
/// let mut rng = rand::rngs::SmallRng::seed_from_u64(7);
///
/// let answer = policy
///     .execute(&mut rng, None, async |attempt| match attempt {
///         3 => Ok("third time lucky"),
///         _ => Err(Error::new(ErrorKind::Overloaded, "busy")),
///     })
///     .await;
/// assert_eq!(answer.unwrap(), "third time lucky");
/// assert!(!policy.should_retry(&Error::new(ErrorKind::InvalidRequest, "no prompt")));
/// # Ok::<(), wharf_policy::InvalidBackoff>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts of a request, the first included; at least 1.
    pub max_attempts: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// The longest that a vendor's `retry-after` is waited for.
    pub max_retry_after: Duration,
}

impl RetryPolicy {
    /// Whether another attempt of the same request can change anything.
    #[must_use]
    pub fn should_retry(&self, error: &Error) -> bool {
        error.retryability() != Retryability::Exhausted && treatment(error).again != Again::Never
    }

    /// What to do after the `attempt`-th attempt, from 1, failed with this error.
    pub fn decide(&self, error: &Error, attempt: u32, rng: &mut SmallRng) -> Decision {
        if !self.should_retry(error) {
            return Decision::GiveUp(Reason::Pointless);
        }
        if attempt >= self.max_attempts {
            return Decision::GiveUp(Reason::Attempts);
        }
        Decision::Retry {
            after: self.wait(error, attempt, rng),
            elsewhere: treatment(error).again == Again::Elsewhere,
        }
    }

    /// The wait before the same deployment is asked again: what the vendor asked for with *this* error, up to
    /// the limit, or the schedule's, whichever is longer.
    fn wait(&self, error: &Error, retry: u32, rng: &mut SmallRng) -> Duration {
        let scheduled = self.backoff.delay(retry, rng);
        match error.retry_after() {
            Some(asked) => self.backoff.spread(asked.min(self.max_retry_after), rng).max(scheduled),
            None => scheduled,
        }
    }

    /// Makes an operation until it succeeds, or another time makes no sense. It gets the attempt's number, from
    /// 1. Waits in between, never past `deadline`. Dropping the future cancels, waits included.
    ///
    /// The attempt loop of a route decides in the same way, and picks another deployment each time.
    ///
    /// # Errors
    /// The last attempt's. It is marked so that nobody further out retries.
    pub async fn execute<T>(
        &self,
        rng: &mut SmallRng,
        deadline: Option<Instant>,
        mut operation: impl AsyncFnMut(u32) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let error = match operation(attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Decision::Retry { after, .. } = self.decide(&error, attempt, rng) else {
                return Err(error.exhausted(Vec::new()));
            };
            let until = instant::after(Instant::now(), after);
            if deadline.is_some_and(|deadline| until >= deadline) {
                return Err(error.exhausted(Vec::new()));
            }
            tokio::time::sleep_until(until).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use wharf_types::ErrorKind;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 3,
            backoff: Backoff::try_new(SECOND, SECOND * 30, 2.0, false).unwrap(),
            max_retry_after: SECOND * 10,
        }
    }

    fn rng() -> SmallRng {
        SmallRng::seed_from_u64(7)
    }

    fn busy(retry_after: Option<u64>) -> Error {
        Error::new(ErrorKind::Overloaded, "busy").with_retry_after(retry_after.map(Duration::from_secs))
    }

    #[test]
    fn the_vendors_wait_is_honoured_up_to_the_limit_and_never_undercut() {
        let wait = |retry_after, attempt| match policy().decide(&busy(retry_after), attempt, &mut rng()) {
            Decision::Retry { after, .. } => after.as_secs(),
            Decision::GiveUp(reason) => panic!("{reason:?}"),
        };
        assert_eq!(wait(None, 1), 1);
        assert_eq!(wait(None, 2), 2);
        assert_eq!(wait(Some(5), 1), 5);
        assert_eq!(wait(Some(3600), 1), 10, "cut to the limit");
        assert_eq!(wait(Some(0), 2), 2, "a vendor in a hurry does not undo the backoff");
    }

    #[test]
    fn a_wait_belongs_to_its_own_error() {
        let mut rng = rng();
        policy().decide(&busy(Some(9)), 1, &mut rng);
        let second = policy().decide(&busy(None), 2, &mut rng);
        let after = SECOND * 2;
        assert_eq!(
            second,
            Decision::Retry {
                after,
                elsewhere: false
            },
            "not the first error's 9 s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn it_makes_exactly_so_many_attempts() {
        for max_attempts in 1..5 {
            let policy = RetryPolicy {
                max_attempts,
                ..policy()
            };
            let mut made = 0;
            let result = policy
                .execute(&mut rng(), None, async |_| {
                    made += 1;
                    Err::<(), _>(busy(None))
                })
                .await;
            assert_eq!(made, max_attempts);
            assert_eq!(result.unwrap_err().retryability(), Retryability::Exhausted);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_sleeps_past_the_deadline() {
        let start = Instant::now();
        let mut made = 0;
        let deadline = Some(start + SECOND * 2);
        let result = policy()
            .execute(&mut rng(), deadline, async |_| {
                made += 1;
                Err::<(), _>(busy(None))
            })
            .await;
        assert!(result.is_err());
        assert_eq!(made, 2, "1 s to the second attempt, 2 more would be too late");
        assert_eq!(Instant::now() - start, SECOND, "and it did not sleep to find out");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_permanent_is_not_repeated() {
        let mut made = 0;
        let result = policy()
            .execute(&mut rng(), None, async |_| {
                made += 1;
                Err::<(), _>(Error::new(ErrorKind::InvalidRequest, "no"))
            })
            .await;
        assert_eq!((made, result.unwrap_err().retryability()), (1, Retryability::Permanent));
    }
}
