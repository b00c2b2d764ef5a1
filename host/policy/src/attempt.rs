//! The loop around a call: pick → admit → call → classify → wait, ask somebody else, or return. What is decided
//! between attempts is decided in the files beside this one; here it is put in order, and nowhere else.
//!
//! **Commit point.** An attempt may be replaced by another until the first content of its answer is handed out,
//! never after. A stream is held back until then, so an error that comes after the vendor's 200 but before any
//! content is still an error with a status, and is retried like any other.
//!
//! **One retry owner.** What this loop returns is marked as exhausted: nobody further out retries.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, sleep_until};
use wharf_types::{Attempt, DeploymentName, Error, ErrorKind, Phase};

use crate::able::able;
use crate::balance::{Selection, Trail};
use crate::budget::Voucher;
use crate::call::{Call, Terms};
use crate::classify::{Again, KeyFate, treatment};
use crate::exchange::{Exchange, one};
use crate::instant::after;
use crate::keys::KeyPick;
use crate::load::Form;
use crate::retry::{Decision, Reason};
use crate::route::{RequestTally, Route, count};
use crate::target::Running;

/// What a request has behind it.
pub(crate) struct Journey<'a, 'c> {
    pub(crate) call: &'a mut Call<'c>,
    pub(crate) history: Vec<Attempt>,
    pub(crate) made: u32,
}

/// A failed request, and what led to it where nobody could be asked.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) causes: Vec<ErrorKind>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            causes: Vec::new(),
        }
    }
}

/// An answer, who gave it, and the request that it belongs to.
pub(crate) struct Success<A> {
    pub(crate) answer: A,
    pub(crate) deployment: DeploymentName,
    pub(crate) request: RequestTally,
}

/// Asks a route, and those that it falls back to, until somebody answers or nobody is left.
pub(crate) async fn chain<X: Exchange>(
    route: &Arc<Route>,
    request: &X::Request,
    journey: &mut Journey<'_, '_>,
) -> Result<Success<X::Answer>, Error> {
    let mut tally = RequestTally::begin(route);
    loop {
        let route = Arc::clone(tally.route());
        let failure = match on_route::<X>(&route, request, journey).await {
            Ok((answer, deployment)) => {
                let request = tally;
                return Ok(Success {
                    answer,
                    deployment,
                    request,
                });
            }
            Err(failure) => failure,
        };
        let next = route
            .fallback(failure.error.kind(), &failure.causes)
            .filter(|next| journey.call.options.access.permits(next.name()))
            .filter(|_| !journey.is_late(Instant::now()));
        let Some(next) = next else {
            tally.failed();
            return Err(failure.error);
        };
        tracing::debug!(from = route.name(), to = next.name(), error = %failure.error, "falling back");
        let next = RequestTally::begin(next);
        tally.passed_on();
        tally = next;
    }
}

/// Asks the deployments of one route.
async fn on_route<X: Exchange>(
    route: &Arc<Route>,
    request: &X::Request,
    journey: &mut Journey<'_, '_>,
) -> Result<(X::Answer, DeploymentName), Failure> {
    let (trail, dropping) = able::<X>(route, request, journey.call.options.drop_unsupported)?;
    let mut visit = Visit {
        route,
        trail,
        dropping,
        asked: 0,
        waits: 0,
        again: false,
        fare: Fare::Free,
        hurried: false,
        last: None,
    };
    loop {
        let (member, running) = visit.seek::<X>(journey).await?;
        match visit.attempt::<X>(member, running, request, journey).await {
            Ok(answered) => {
                route.budget.deposit(Instant::now());
                return Ok(answered);
            }
            Err(failed) => visit.failed(failed, X::FORM, journey)?,
        }
    }
}

impl Journey<'_, '_> {
    /// Whether the caller's time is up.
    fn is_late(&self, at: Instant) -> bool {
        self.call.deadline.is_some_and(|deadline| at >= deadline)
    }

    /// The caller's time was up before anybody could be asked.
    fn late(&self) -> Error {
        let phase = Phase::Request;
        Error::new(
            ErrorKind::Timeout(phase),
            "the time that the caller gave the request is up",
        )
    }

    /// Notes a failed attempt and lets its target learn from it.
    fn settle(&mut self, member: usize, (running, error): (Running, Error)) -> Failed {
        let now = Instant::now();
        self.history.push(Attempt {
            deployment: running.target().deployment().clone(),
            kind: error.kind(),
            took: now.saturating_duration_since(running.started()),
        });
        let key = running.key();
        running.failed(&error, now);
        Failed { member, key, error }
    }
}

/// An attempt that failed: with whom, with which key, and why.
struct Failed {
    member: usize,
    key: usize,
    error: Error,
}

/// What covers the next attempt.
enum Fare<'r> {
    /// It costs the route nothing: the first one, or one that the caller asked for by being in a hurry.
    Free,
    /// The budget, which has to be asked.
    Due,
    /// The budget. Goes back if it comes to nothing.
    Paid(Voucher<'r>),
}

/// One request on one route.
struct Visit<'r> {
    route: &'r Arc<Route>,
    trail: Trail,
    /// Whether the request does without what cannot be done: everybody else was asked before.
    dropping: bool,
    /// Attempts made on this route.
    asked: u32,
    /// Waits for a rested key.
    waits: u32,
    /// Whether those who were asked already may be asked again: the backoff is over.
    again: bool,
    fare: Fare<'r>,
    /// Whether a limit of the caller's own has ended an attempt already.
    hurried: bool,
    /// The last failure, and how long to wait before asking the same again.
    last: Option<(Error, Duration)>,
}

impl<'r> Visit<'r> {
    /// The next attempt, begun. Waits for it if need be.
    async fn seek<X: Exchange>(&mut self, journey: &mut Journey<'_, '_>) -> Result<(usize, Running), Failure> {
        loop {
            let now = Instant::now();
            if journey.is_late(now) {
                return Err(self.give_up(Reason::Deadline, journey.late()));
            }
            if matches!(self.fare, Fare::Due) {
                let route: &'r Route = self.route;
                let Some(voucher) = route.budget.withdraw(now) else {
                    count(&self.route.counts.retries_denied);
                    return Err(self.give_up(Reason::Budget, journey.late()));
                };
                self.fare = Fare::Paid(voucher);
            }
            let balancer = self.route.balancer();
            let until = match balancer.pick(&self.trail, self.again, X::FORM, now, &mut journey.call.rng) {
                Selection::Picked { member, running } => return Ok((member, running)),
                Selection::OnlyAgain => {
                    self.again = true;
                    after(now, self.last.as_ref().map_or(Duration::ZERO, |(_, wait)| *wait))
                }
                Selection::Wait { until, error } => {
                    // A route that has somewhere to go when rates are limited need not sit and wait.
                    let kind = self.last.as_ref().map_or(error.kind(), |(last, _)| last.kind());
                    let elsewhere = self.route.fallback(kind, &[]);
                    let elsewhere = elsewhere.is_some_and(|next| journey.call.options.access.permits(next.name()));
                    if elsewhere || self.waits >= self.route.retry.max_attempts {
                        return Err(self.give_up(Reason::Nobody, error));
                    }
                    self.waits += 1;
                    self.again = true;
                    let wait = until.saturating_duration_since(now);
                    let until = after(now, self.route.retry.backoff.spread(wait, &mut journey.call.rng));
                    if journey.is_late(until) {
                        return Err(self.give_up(Reason::Deadline, error));
                    }
                    until
                }
                Selection::Nobody { .. }
                    if journey.call.options.drop_unsupported && !self.dropping && self.trail.do_without() =>
                {
                    self.dropping = true;
                    continue;
                }
                Selection::Nobody { error, causes } => {
                    let mut failure = self.give_up(Reason::Nobody, error);
                    failure.causes = causes;
                    return Err(failure);
                }
            };
            if journey.is_late(until) {
                return Err(self.give_up(Reason::Deadline, journey.late()));
            }
            sleep_until(until).await;
        }
    }

    /// Makes an attempt, and a second one beside it where the route hedges and the first is slow. Failures that
    /// do not end it are noted here; the one that does is returned with the member that it is about.
    async fn attempt<X: Exchange>(
        &mut self,
        member: usize,
        running: Running,
        request: &X::Request,
        journey: &mut Journey<'_, '_>,
    ) -> Result<(X::Answer, DeploymentName), Failed> {
        if let Fare::Paid(voucher) = std::mem::replace(&mut self.fare, Fare::Free) {
            voucher.spend();
        }
        self.begin(member, journey);
        let hedge = self.route.hedge.filter(|_| self.route.balancer().members().len() > 1);
        let patience = hedge.and_then(|hedge| hedge.delay(running.target().load(), X::FORM));
        let terms = Terms {
            drop_unsupported: self.dropping,
            ..journey.call.terms()
        };
        let first = one::<X>(running, request, terms);
        let Some(patience) = patience else {
            return first.await.map_err(|failed| journey.settle(member, failed));
        };
        let (first, timer) = (pin!(first), pin!(sleep(patience)));
        let first = match select(first, timer).await {
            Either::Left((done, _)) => return done.map_err(|failed| journey.settle(member, failed)),
            Either::Right(((), first)) => first,
        };
        let Some((other, running)) = self.second::<X>(journey) else {
            return first.await.map_err(|failed| journey.settle(member, failed));
        };
        self.begin(other, journey);
        let second = pin!(one::<X>(running, request, terms));
        // Whoever answers first wins; dropping the other cancels it. A failure leaves the field to the other.
        let (failed, at, left, left_at) = match select(first, second).await {
            Either::Left((Ok(answered), _)) | Either::Right((Ok(answered), _)) => return Ok(answered),
            Either::Left((Err(failed), second)) => (failed, member, Either::Left(second), other),
            Either::Right((Err(failed), first)) => (failed, other, Either::Right(first), member),
        };
        let failed = journey.settle(at, failed);
        self.mark(&failed);
        left.await.map_err(|failed| journey.settle(left_at, failed))
    }

    /// The second attempt of a hedge, if it may be made and somebody new can be asked.
    fn second<X: Exchange>(&mut self, journey: &mut Journey<'_, '_>) -> Option<(usize, Running)> {
        let now = Instant::now();
        if journey.made >= self.route.retry.max_attempts {
            return None;
        }
        let voucher = self.route.budget.withdraw(now)?;
        let balancer = self.route.balancer();
        let picked = balancer.pick_spare(&self.trail, X::FORM, now, &mut journey.call.rng)?;
        voucher.spend();
        count(&self.route.counts.hedges);
        Some(picked)
    }

    fn begin(&mut self, member: usize, journey: &mut Journey<'_, '_>) {
        if self.asked > 0 {
            count(&self.route.counts.retries);
        }
        self.trail.made(member);
        self.asked += 1;
        journey.made += 1;
        self.again = false;
    }

    /// After a failed attempt: is there to be another?
    fn failed(&mut self, failed: Failed, form: Form, journey: &mut Journey<'_, '_>) -> Result<(), Failure> {
        self.mark(&failed);
        let Failed { member, error, .. } = failed;
        if !form.tells_of_answers() && treatment(&error).key == KeyFate::Rests {
            // The key does not rest for it, and nobody waits so long for a number.
            self.trail.bar(member);
        }
        let refused = error.kind() == ErrorKind::Unsupported && !error.sent();
        if refused {
            // Nothing was asked, so it was no attempt.
            journey.made = journey.made.saturating_sub(1);
        }
        let hurried = error.is_callers_limit() && std::mem::replace(&mut self.hurried, error.is_callers_limit());
        if hurried {
            self.last = None;
            return Err(self.give_up(Reason::Hurry, error));
        }
        match self.route.retry.decide(&error, journey.made, &mut journey.call.rng) {
            Decision::Retry { after, .. } => {
                tracing::debug!(
                    route = self.route.name(), attempt = journey.made, %error, ?after,
                    "the attempt failed; there may be another"
                );
                // A caller's impatience is not paid for by the others.
                self.fare = if error.is_callers_limit() || refused {
                    Fare::Free
                } else {
                    Fare::Due
                };
                self.last = Some((error, after));
                Ok(())
            }
            Decision::GiveUp(reason) => {
                self.last = None;
                Err(self.give_up(reason, error))
            }
        }
    }

    /// What the failure means for asking this member again within this request.
    fn mark(&mut self, failed: &Failed) {
        let Failed { member, key, ref error } = *failed;
        let standing = self.route.balancer().members()[member].target.standing();
        let other_key = matches!(standing.peek_key(Instant::now()), KeyPick::Use(other) if other != key);
        let treatment = treatment(error);
        if treatment.key != KeyFate::Kept && other_key {
            self.trail.renew(member);
        } else if error.kind() == ErrorKind::Unsupported {
            self.trail.refuses(member);
        } else if treatment.again == Again::Elsewhere {
            self.trail.bar(member);
        }
    }

    /// The end of the visit: with the last failure, if there was one.
    fn give_up(&mut self, reason: Reason, otherwise: Error) -> Failure {
        let error = self.last.take().map_or(otherwise, |(error, _)| error);
        tracing::debug!(route = self.route.name(), reason = reason.as_str(), %error, "giving up");
        error.into()
    }
}
