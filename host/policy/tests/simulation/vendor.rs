//! A deployment as the simulation has it: how each attempt with it ends, and when.
//!
//! It knows nothing of what is asked and nothing of the policies. Its trouble is fixed in time, the rest is drawn.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};
use wharf_policy::{AttemptOptions, EventSource, Upstream};
use wharf_types::{DeploymentName, Error, ErrorKind, Event, FinishReason, Part, Request, Response, Start, Usage};

use super::sampling::answer_time;

/// The share of attempts, and of health checks, that fail although nothing is wrong.
const FAILURES: f64 = 0.1;
/// How much longer everything takes while it is slow.
const SLOWER: u32 = 10;
/// Pieces of a streamed answer after its first content. Each takes a tenth of the answer's time.
const PIECES: u32 = 6;

/// When something is wrong with a deployment, counted from the beginning of the run. An attempt that has begun before
/// is spared.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// It refuses every connection.
    pub(crate) refuses: Range<Duration>,
    /// It takes ten times as long.
    pub(crate) slow: Range<Duration>,
}

impl Trouble {
    /// Nothing is.
    pub(crate) const NONE: Self = Self {
        refuses: Duration::ZERO..Duration::ZERO,
        slow: Duration::ZERO..Duration::ZERO,
    };
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// There is no connection, at once.
    Refused,
    /// The vendor says no.
    Fails {
        kind: ErrorKind,
        after: Duration,
        /// After the head of the answer, if it is streamed: the status said yes.
        late: bool,
    },
    /// The vendor answers.
    Answers { took: Duration },
}

/// A deployment.
pub(crate) struct Vendor {
    name: DeploymentName,
    began: Instant,
    trouble: Trouble,
    /// Held for a few draws.
    rng: Mutex<SmallRng>,
    asked: AtomicU64,
}

impl Vendor {
    /// One whose run begins now.
    pub(crate) fn new(name: &str, trouble: Trouble, rng: SmallRng) -> Self {
        Self {
            name: DeploymentName::new(name).expect("letters are a name"),
            began: Instant::now(),
            trouble,
            rng: Mutex::new(rng),
            asked: AtomicU64::new(0),
        }
    }

    /// How many attempts reached it, those that it refused included.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// What a health check finds.
    pub(crate) fn is_well(&self, rng: &mut SmallRng) -> bool {
        !self.trouble.refuses.contains(&self.time()) && !rng.random_bool(FAILURES)
    }

    fn time(&self) -> Duration {
        Instant::now() - self.began
    }

    /// Draws how an attempt that begins now ends.
    fn fate(&self) -> Fate {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let time = self.time();
        if self.trouble.refuses.contains(&time) {
            return Fate::Refused;
        }
        let factor = if self.trouble.slow.contains(&time) { SLOWER } else { 1 };
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        if !rng.random_bool(FAILURES) {
            let took = answer_time(&mut rng) * factor;
            return Fate::Answers { took };
        }
        let kind = match rng.random_range(0..10_u32) {
            0..=4 => ErrorKind::Overloaded,
            5..=8 => ErrorKind::UpstreamUnavailable,
            _ => ErrorKind::RateLimited,
        };
        Fate::Fails {
            kind,
            after: Duration::from_millis(rng.random_range(20..=200_u64)) * factor,
            late: rng.random_bool(0.5),
        }
    }
}

impl Upstream for Vendor {
    fn deployment(&self) -> &DeploymentName {
        &self.name
    }

    fn generate<'a>(&'a self, _: &'a Request, _: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>> {
        let fate = self.fate();
        async move {
            match fate {
                Fate::Refused => Err(refused()),
                Fate::Fails { kind, after, .. } => {
                    sleep(after).await;
                    Err(failed(kind))
                }
                Fate::Answers { took } => {
                    sleep(took).await;
                    Ok(answer())
                }
            }
        }
        .boxed()
    }

    fn stream<'a>(&'a self, _: &'a Request, _: AttemptOptions) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        let fate = self.fate();
        async move {
            let steps = match fate {
                Fate::Refused => return Err(refused()),
                Fate::Fails {
                    kind,
                    after,
                    late: false,
                } => {
                    sleep(after).await;
                    return Err(failed(kind));
                }
                Fate::Fails {
                    kind,
                    after,
                    late: true,
                } => VecDeque::from([(after / 2, Ok(vec![head()])), (after / 2, Err(failed(kind)))]),
                Fate::Answers { took } => pieces(took),
            };
            Ok(Box::new(Playing(steps)) as Box<dyn EventSource>)
        }
        .boxed()
    }
}

/// What a stream says next, and how long it is silent before.
type Step = (Duration, Result<Vec<Event>, Error>);

/// A streamed answer.
struct Playing(VecDeque<Step>);

impl EventSource for Playing {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        let step = self.0.pop_front();
        async move {
            let Some((silent, step)) = step else {
                return Ok(Vec::new());
            };
            sleep(silent).await;
            step
        }
        .boxed()
    }
}

/// An answer in pieces: the first content comes after four tenths of its time.
fn pieces(took: Duration) -> VecDeque<Step> {
    let piece = took / 10;
    let text = || Event::Text("word ".to_owned());
    let mut steps = VecDeque::from([(piece * 4, Ok(vec![head(), text()]))]);
    steps.extend((1..PIECES).map(|_| (piece, Ok(vec![text()]))));
    steps.push_back((piece, Ok(vec![text(), Event::Finish(FinishReason::Stop)])));
    steps
}

fn head() -> Event {
    Event::Start(Start::default())
}

fn answer() -> Response {
    Response {
        id: None,
        model: None,
        parts: vec![Part::text("word")],
        finish: FinishReason::Stop,
        usage: Usage::default(),
        extra: None,
    }
}

fn refused() -> Error {
    Error::new(ErrorKind::UpstreamUnavailable, "the connection was refused")
}

fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, "not this time").with_sent(true)
}
