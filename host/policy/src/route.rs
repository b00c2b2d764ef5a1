//! A route: where a model name leads, and what happens when that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use wharf_types::ErrorKind;

use crate::balance::Balancer;
use crate::budget::{BudgetSettings, RetryBudget};
use crate::last_answer::{LastAnswerSettings, LastAnswers};
use crate::load::{Form, Load};
use crate::retry::RetryPolicy;
use crate::status::{RouteCounts, RouteStatus};

/// Which errors lead to a fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FallbackClass {
    /// Every one that is not named itself.
    Any,
    /// Those of this kind; of every phase, if they are timeouts. By the kind's name, as the configuration has it.
    Kind(String),
}

/// When a second deployment is asked although the first has not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HedgeSettings {
    /// After this long; none: after the time in which 95 of 100 recent answers of that deployment began.
    pub after: Option<Duration>,
}

impl HedgeSettings {
    /// How long to wait for the first; none before enough is known of it.
    #[must_use]
    pub fn delay(&self, load: &Load, form: Form) -> Option<Duration> {
        self.after.or_else(|| load.p95(form))
    }
}

/// What is answered when everything has failed, in this order.
#[derive(Debug, Default)]
pub(crate) struct Degradation {
    /// Another route, a cheaper one say.
    pub route: Option<Arc<Route>>,
    /// The last good answer to the same request.
    pub last_answers: Option<LastAnswers>,
    /// This.
    pub text: Option<String>,
}

/// How a route is set up.
#[derive(Debug)]
pub struct RouteSettings {
    /// Its name.
    pub name: String,
    /// Retries.
    pub retry: RetryPolicy,
    /// How many of them the route can afford.
    pub budget: BudgetSettings,
    /// Off unless given.
    pub hedge: Option<HedgeSettings>,
    /// Which route is asked next, by error; without a loop, which building routes one after the other ensures.
    pub fallbacks: Vec<(FallbackClass, Arc<Route>)>,
    /// The last good answers are kept if given.
    pub last_answers: Option<LastAnswerSettings>,
    /// The route that gives degraded answers.
    pub degraded_route: Option<Arc<Route>>,
    /// The text that is the answer when there is no other.
    pub degraded_text: Option<String>,
}

/// A route.
#[derive(Debug)]
pub struct Route {
    name: String,
    balancer: Balancer,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) hedge: Option<HedgeSettings>,
    fallbacks: Vec<(FallbackClass, Arc<Route>)>,
    pub(crate) degraded: Degradation,
    pub(crate) counts: Counters,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) retries_denied: AtomicU64,
    pub(crate) hedges: AtomicU64,
    fallbacks: AtomicU64,
    pub(crate) degraded: AtomicU64,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Route {
    /// With nothing known yet.
    #[must_use]
    pub fn new(settings: RouteSettings, balancer: Balancer) -> Self {
        Self {
            name: settings.name,
            balancer,
            retry: settings.retry,
            budget: RetryBudget::new(settings.budget, Instant::now()),
            hedge: settings.hedge,
            fallbacks: settings.fallbacks,
            degraded: Degradation {
                route: settings.degraded_route,
                last_answers: settings.last_answers.map(LastAnswers::new),
                text: settings.degraded_text,
            },
            counts: Counters::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom it picks from.
    #[must_use]
    pub fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// The route to ask after this failure. Where nobody could be asked, what led to that counts too: whoever
    /// falls back when a deployment is overloaded means it also when its breaker is open for that.
    pub(crate) fn fallback(&self, kind: ErrorKind, causes: &[ErrorKind]) -> Option<&Arc<Route>> {
        if kind == ErrorKind::Cancelled {
            return None;
        }
        let named = |wanted: &str| {
            let found = |class: &FallbackClass| matches!(class, FallbackClass::Kind(name) if name == wanted);
            self.fallbacks.iter().find(|(class, _)| found(class))
        };
        let causes = if kind == ErrorKind::NoDeployment { causes } else { &[] };
        named(kind.as_str())
            .or_else(|| causes.iter().find_map(|cause| named(cause.as_str())))
            .or_else(|| self.fallbacks.iter().find(|(class, _)| *class == FallbackClass::Any))
            .map(|(_, route)| route)
    }

    /// Everything that can be told about it.
    #[must_use]
    pub fn status(&self, now: Instant) -> RouteStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let class = |class: &FallbackClass| match class {
            FallbackClass::Any => "any".to_owned(),
            FallbackClass::Kind(name) => name.clone(),
        };
        RouteStatus {
            name: self.name().to_owned(),
            strategy: self.balancer.strategy().as_str(),
            members: self.balancer.status(),
            fallbacks: self
                .fallbacks
                .iter()
                .map(|(kind, route)| (class(kind), route.name().to_owned()))
                .collect(),
            budget: self.budget.balance(now),
            counts: RouteCounts {
                requests: read(&self.counts.requests),
                succeeded: read(&self.counts.succeeded),
                failed: read(&self.counts.failed),
                cancelled: read(&self.counts.cancelled),
                retries: read(&self.counts.retries),
                retries_denied: read(&self.counts.retries_denied),
                hedges: read(&self.counts.hedges),
                fallbacks: read(&self.counts.fallbacks),
                degraded: read(&self.counts.degraded),
            },
        }
    }
}

/// Counts a request of a route once. Dropped without an end, it was cancelled.
#[derive(Debug)]
pub(crate) struct RequestTally {
    route: Arc<Route>,
    ended: bool,
}

impl RequestTally {
    pub(crate) fn begin(route: &Arc<Route>) -> Self {
        count(&route.counts.requests);
        Self {
            route: Arc::clone(route),
            ended: false,
        }
    }

    pub(crate) fn route(&self) -> &Arc<Route> {
        &self.route
    }

    pub(crate) fn succeeded(self) {
        self.end(|counts| &counts.succeeded);
    }

    pub(crate) fn failed(self) {
        self.end(|counts| &counts.failed);
    }

    /// Another route has it now.
    pub(crate) fn passed_on(self) {
        self.end(|counts| &counts.fallbacks);
    }

    fn end(mut self, counter: impl FnOnce(&Counters) -> &AtomicU64) {
        self.ended = true;
        count(counter(&self.route.counts));
    }
}

impl Drop for RequestTally {
    fn drop(&mut self) {
        if !self.ended {
            count(&self.route.counts.cancelled);
        }
    }
}
