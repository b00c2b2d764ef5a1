//! Routes and their members in the making, with defaults that leave out everything a test is not about: breakers
//! that do not trip, a budget that is never used up, waits without jitter, one key.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_policy::status::{AttemptCounts, BreakerState, BreakerStatus, RouteCounts};
use wharf_policy::{
    Backoff, Balancer, BreakerSettings, BudgetSettings, CircuitBreaker, FallbackClass, HealthSettings, HedgeSettings,
    LastAnswerSettings, Member, Outcome, RetryPolicy, Route, RouteSettings, Standing, Strategy, Target, Timeouts,
};

use super::{SECOND, Vendor, rng};

/// A member in the making.
#[derive(Clone)]
pub(crate) struct MemberPlan {
    vendor: Arc<Vendor>,
    tier: u32,
    weight: u32,
    keys: usize,
    timeouts: Timeouts,
    max_retries: u32,
    breaker: BreakerSettings,
}

/// A member that may take a minute, and may be asked ten times again.
pub(crate) fn member(vendor: &Arc<Vendor>) -> MemberPlan {
    MemberPlan {
        vendor: Arc::clone(vendor),
        tier: 0,
        weight: 1,
        keys: 1,
        timeouts: Timeouts {
            total: SECOND * 60,
            connect: SECOND * 60,
            first_token: None,
            idle: SECOND * 60,
        },
        max_retries: 10,
        breaker: BreakerSettings {
            failure_threshold: u32::MAX,
            minimum_requests: u32::MAX,
            half_open_max_calls: 1,
            slow_start: Duration::ZERO,
            ..BreakerSettings::default()
        },
    }
}

impl From<&Arc<Vendor>> for MemberPlan {
    fn from(vendor: &Arc<Vendor>) -> Self {
        member(vendor)
    }
}

impl MemberPlan {
    /// In this tier.
    pub(crate) fn tier(mut self, tier: u32) -> Self {
        self.tier = tier;
        self
    }

    /// With this share of the tier.
    pub(crate) fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// With so many keys.
    pub(crate) fn keys(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// Asked again so often at most within one request.
    pub(crate) fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// An attempt may take so long.
    pub(crate) fn total(mut self, limit: Duration) -> Self {
        self.timeouts.total = limit;
        self
    }

    /// The first token may take so long.
    pub(crate) fn first_token(mut self, limit: Duration) -> Self {
        self.timeouts.first_token = Some(limit);
        self
    }

    /// A gap in a stream may last so long.
    pub(crate) fn idle(mut self, limit: Duration) -> Self {
        self.timeouts.idle = limit;
        self
    }

    /// With a breaker that so many failures in a row trip. One probe is enough to recover.
    pub(crate) fn trips_after(mut self, failures: u32) -> Self {
        self.breaker.failure_threshold = failures;
        self
    }

    /// With a breaker that needs so many probes to recover.
    pub(crate) fn probes(mut self, probes: u32) -> Self {
        self.breaker.half_open_max_calls = probes;
        self
    }

    /// With a breaker that gives a recovered deployment its turns back over so long.
    pub(crate) fn slow_start(mut self, slow_start: Duration) -> Self {
        self.breaker.slow_start = slow_start;
        self
    }

    fn build(self) -> Member {
        let standing = Standing::new(self.keys, SECOND * 60, HealthSettings::default(), rng());
        let target = Target::new(
            self.vendor,
            "model",
            self.timeouts,
            self.max_retries,
            Arc::new(standing),
            CircuitBreaker::new(self.breaker, rng()),
        );
        Member {
            target: Arc::new(target),
            tier: self.tier,
            weight: self.weight,
        }
    }
}

/// A route in the making.
pub(crate) struct RoutePlan {
    settings: RouteSettings,
    strategy: Strategy,
    members: Vec<Member>,
}

/// A route that takes turns, and makes three attempts with waits of 1 s, 2 s, 4 s and so on.
pub(crate) fn route(name: &str) -> RoutePlan {
    let settings = RouteSettings {
        name: name.to_owned(),
        retry: RetryPolicy {
            max_attempts: 3,
            backoff: backoff(false),
            max_retry_after: SECOND * 60,
        },
        budget: BudgetSettings {
            min_per_second: 100_000,
            ..BudgetSettings::default()
        },
        hedge: None,
        fallbacks: Vec::new(),
        last_answers: None,
        degraded_route: None,
        degraded_text: None,
    };
    RoutePlan {
        settings,
        strategy: Strategy::RoundRobin,
        members: Vec::new(),
    }
}

fn backoff(jitter: bool) -> Backoff {
    Backoff::try_new(SECOND, SECOND * 30, 2.0, jitter).expect("1 s is not above 30 s, and 2 is a multiplier")
}

impl RoutePlan {
    /// With this member.
    pub(crate) fn with(mut self, member: impl Into<MemberPlan>) -> Self {
        self.members.push(member.into().build());
        self
    }

    /// Picks in this way.
    pub(crate) fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Makes so many attempts.
    pub(crate) fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.retry.max_attempts = attempts;
        self
    }

    /// Draws its waits at random.
    pub(crate) fn jitter(mut self) -> Self {
        self.settings.retry.backoff = backoff(true);
        self
    }

    /// Waits no longer than this for a vendor that asks for it.
    pub(crate) fn max_retry_after(mut self, wait: Duration) -> Self {
        self.settings.retry.max_retry_after = wait;
        self
    }

    /// Retries this share of what goes well, and so many a second in any case, over 10 s.
    pub(crate) fn budget(mut self, ratio: f64, min_per_second: u32) -> Self {
        self.settings.budget = BudgetSettings {
            ratio,
            min_per_second,
            window: SECOND * 10,
        };
        self
    }

    /// Asks a second deployment after so long, or after the usual time of the first.
    pub(crate) fn hedge(mut self, after: Option<Duration>) -> Self {
        self.settings.hedge = Some(HedgeSettings { after });
        self
    }

    /// Falls back to this route after an error of the class: the name of a kind, or `any`.
    pub(crate) fn fallback(mut self, class: &str, to: &Arc<Route>) -> Self {
        let class = match class {
            "any" => FallbackClass::Any,
            kind => FallbackClass::Kind(kind.to_owned()),
        };
        self.settings.fallbacks.push((class, Arc::clone(to)));
        self
    }

    /// Gives the answers of this route when everything fails.
    pub(crate) fn degraded_route(mut self, route: &Arc<Route>) -> Self {
        self.settings.degraded_route = Some(Arc::clone(route));
        self
    }

    /// Gives the last good answer when everything fails, if it is a minute old at most.
    pub(crate) fn last_answers(mut self) -> Self {
        self.settings.last_answers = Some(LastAnswerSettings {
            max_entries: 100,
            max_size: 1 << 20,
            max_age: SECOND * 60,
        });
        self
    }

    /// Gives this text when everything fails.
    pub(crate) fn degraded_text(mut self, text: &str) -> Self {
        self.settings.degraded_text = Some(text.to_owned());
        self
    }

    /// The route.
    pub(crate) fn build(self) -> Arc<Route> {
        Arc::new(Route::new(self.settings, Balancer::new(self.strategy, self.members)))
    }
}

/// A route's member of this name.
pub(crate) fn target(route: &Route, deployment: &str) -> Arc<Target> {
    let mut members = route.balancer().members().iter();
    let found = members.find(|member| member.target.deployment().as_str() == deployment);
    Arc::clone(&found.expect("a test asks for members that there are").target)
}

/// How the attempts with a member ended.
pub(crate) fn tried(route: &Route, deployment: &str) -> AttemptCounts {
    target(route, deployment).status(Instant::now()).attempts
}

/// The breaker of a member.
pub(crate) fn breaker(route: &Route, deployment: &str) -> BreakerStatus {
    target(route, deployment).breaker().status(Instant::now())
}

/// Longer than a breaker stays open the first time, its jitter included.
pub(crate) const OPEN: Duration = Duration::from_secs(67);

/// Lets the breaker of a member trip; one failure has to be enough for it.
pub(crate) fn trip(route: &Route, deployment: &str) {
    let now = Instant::now();
    let pass = target(route, deployment).breaker().enter(now);
    pass.expect("it has not tripped yet").end(Outcome::Failure, now);
    assert_eq!(breaker(route, deployment).state, BreakerState::Open);
}

/// How the requests of a route ended.
pub(crate) fn counts(route: &Route) -> RouteCounts {
    route.status(Instant::now()).counts
}
