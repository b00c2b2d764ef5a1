//! A run: load on one route with three deployments, of which one is gone for a while and another slow.
//!
//! Decides what a row of the tables in `docs/availability.md` is computed from. Everything that the route does is
//! the real thing: its attempt loop, its breakers, its balancer. Only the vendors, the clients and the clock are
//! made up. The clock is paused and jumps from event to event, all chance comes from one seed, and there is one
//! thread: a run that is repeated is the same to the last millisecond.

mod row;
mod sampling;
mod vendor;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use wharf_policy::{
    Backoff, Balancer, BreakerSettings, BudgetSettings, Call, CallOptions, CircuitBreaker, Form, HealthSettings,
    HedgeSettings, Member, OpenStream, RetryPolicy, Route, RouteSettings, Standing, Strategy, Target, Timeouts,
    Upstream, ask,
};
use wharf_types::Request;

pub(crate) use row::{Row, table};
use sampling::{arrivals, fork};
use vendor::{Trouble, Vendor};

/// Time limits of an attempt. The total is that of this scenario, the rest are the product's defaults.
const TIMEOUTS: Timeouts = Timeouts {
    total: Duration::from_secs(10),
    connect: Duration::from_secs(10),
    first_token: None,
    idle: Duration::from_secs(60),
};
/// The product's default for the retries of a request on one deployment.
const MAX_RETRIES: u32 = 3;
/// The product's default for the longest wait that a vendor may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The product's default for the time between two health checks.
const CHECKS: Duration = Duration::from_secs(30);
/// No request takes longer: three attempts, the waits between them, and for each a minute in which all keys rest.
const LONGEST: Duration = Duration::from_secs(300);

/// What a route goes through.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// How long requests come.
    pub(crate) lasts: Duration,
    /// When deployment b refuses every connection.
    pub(crate) refuses: Range<Duration>,
    /// When deployment c takes ten times as long for what is asked of it.
    pub(crate) slow: Range<Duration>,
}

/// The scenario of the tables.
pub(crate) const TEN_MINUTES: Scenario = Scenario {
    lasts: Duration::from_secs(600),
    refuses: Duration::from_secs(120)..Duration::from_secs(240),
    slow: Duration::from_secs(360)..Duration::from_secs(420),
};

/// The same in short.
pub(crate) const ONE_MINUTE: Scenario = Scenario {
    lasts: Duration::from_secs(60),
    refuses: Duration::from_secs(10)..Duration::from_secs(25),
    slow: Duration::from_secs(35)..Duration::from_secs(50),
};

/// How the route is set up, where that is not the product's default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policies {
    name: &'static str,
    max_attempts: u32,
    breaker: bool,
    strategy: Strategy,
    hedge: bool,
    checks: bool,
}

/// One attempt each, in turn.
pub(crate) const NO_RETRY: Policies = Policies {
    name: "no retry",
    max_attempts: 1,
    breaker: false,
    strategy: Strategy::RoundRobin,
    hedge: false,
    checks: false,
};

/// Up to three attempts.
pub(crate) const RETRY: Policies = Policies {
    name: "retry",
    max_attempts: 3,
    ..NO_RETRY
};

/// And a circuit breaker for each deployment.
pub(crate) const RETRY_AND_BREAKER: Policies = Policies {
    name: "retry + breaker",
    breaker: true,
    ..RETRY
};

/// And whoever answers fast is asked first, slow answers are hedged, and health is checked.
pub(crate) const ALL: Policies = Policies {
    name: "all",
    strategy: Strategy::Latency,
    hedge: true,
    checks: true,
    ..RETRY_AND_BREAKER
};

impl Policies {
    fn retry(&self) -> RetryPolicy {
        let (base, max) = (Duration::from_secs(1), Duration::from_secs(30));
        RetryPolicy {
            max_attempts: self.max_attempts,
            backoff: Backoff::try_new(base, max, 2.0, true).expect("the waits grow"),
            max_retry_after: MAX_RETRY_AFTER,
        }
    }

    fn breaker(&self) -> BreakerSettings {
        if self.breaker {
            return BreakerSettings::default();
        }
        // More failures than there are requests: it never opens.
        BreakerSettings {
            failure_threshold: u32::MAX,
            failure_ratio: 2.0,
            ..BreakerSettings::default()
        }
    }

    fn route(&self, vendors: &[Arc<Vendor>], rng: &mut SmallRng) -> Route {
        let member = |vendor: &Arc<Vendor>| {
            let upstream: Arc<dyn Upstream> = vendor.clone();
            let standing = Standing::new(1, MAX_RETRY_AFTER, HealthSettings::default(), fork(rng));
            let breaker = CircuitBreaker::new(self.breaker(), fork(rng));
            let target = Target::new(upstream, "model", TIMEOUTS, MAX_RETRIES, Arc::new(standing), breaker);
            Member {
                target: Arc::new(target),
                tier: 0,
                weight: 1,
            }
        };
        let members: Vec<Member> = vendors.iter().map(member).collect();
        let settings = RouteSettings {
            name: "chat".to_owned(),
            retry: self.retry(),
            budget: BudgetSettings::default(),
            hedge: self.hedge.then(HedgeSettings::default),
            fallbacks: Vec::new(),
            last_answers: None,
            degraded_route: None,
            degraded_text: None,
        };
        Route::new(settings, Balancer::new(self.strategy, members))
    }
}

/// Runs a scenario with these policies, all requests in this form.
pub(crate) fn run(scenario: &Scenario, policies: &Policies, form: Form, seed: u64) -> Row {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing");
    runtime.block_on(simulate(scenario, policies, form, seed))
}

async fn simulate(scenario: &Scenario, policies: &Policies, form: Form, seed: u64) -> Row {
    let began = Instant::now();
    let mut rng = SmallRng::seed_from_u64(seed);
    // First, so that the same requests come whatever the policies are.
    let arrivals = arrivals(scenario.lasts, &mut rng);
    let vendors = vendors(scenario, &mut rng);
    let route = Arc::new(policies.route(&vendors, &mut rng));

    let mut checks = JoinSet::new();
    for vendor in &vendors {
        let check = check(Arc::clone(&route), Arc::clone(vendor), fork(&mut rng));
        if policies.checks {
            checks.spawn(check);
        }
    }
    let mut requests = JoinSet::new();
    for at in arrivals {
        sleep_until(began + at).await;
        requests.spawn(request(Arc::clone(&route), form, fork(&mut rng)));
    }
    let requests = timeout(LONGEST, requests.join_all()).await;
    let requests = requests.expect("every request must end");
    count(policies, &requests, &route, &vendors)
}

/// Deployment a has no trouble of its own.
fn vendors(scenario: &Scenario, rng: &mut SmallRng) -> Vec<Arc<Vendor>> {
    let refuses = Trouble {
        refuses: scenario.refuses.clone(),
        ..Trouble::NONE
    };
    let slow = Trouble {
        slow: scenario.slow.clone(),
        ..Trouble::NONE
    };
    let troubles = [("a", Trouble::NONE), ("b", refuses), ("c", slow)];
    let vendor = |(name, trouble)| Arc::new(Vendor::new(name, trouble, fork(rng)));
    troubles.into_iter().map(vendor).collect()
}

/// Checks the health of a deployment again and again, as the host does.
async fn check(route: Arc<Route>, vendor: Arc<Vendor>, mut rng: SmallRng) {
    sleep(CHECKS.mul_f64(rng.random())).await;
    loop {
        let healthy = vendor.is_well(&mut rng);
        route.balancer().update_health(vendor.deployment(), healthy);
        sleep(CHECKS).await;
    }
}

/// One request: the time until its answer was there to the last piece, or none if it failed.
async fn request(route: Arc<Route>, form: Form, rng: SmallRng) -> Option<Duration> {
    let began = Instant::now();
    let options = CallOptions::default();
    let call = Call::new(&options, began, rng);
    let request = Request::default();
    let answered = match form {
        Form::Whole => ask::generate(&route, &request, call).await.is_ok(),
        Form::Streamed => match ask::stream(&route, &request, call).await {
            Ok(answered) => read(answered.value).await,
            Err(_) => false,
        },
        Form::Counted => panic!("the simulation asks for answers"),
    };
    answered.then(|| Instant::now() - began)
}

/// Whether a stream comes to its regular end.
async fn read(mut stream: OpenStream) -> bool {
    loop {
        match stream.next().await {
            Ok(events) if events.is_empty() => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// The result, after a look at whether the route has counted what the clients and the vendors saw.
fn count(policies: &Policies, requests: &[Option<Duration>], route: &Route, vendors: &[Arc<Vendor>]) -> Row {
    let now = Instant::now();
    let all = requests.len() as u64;
    let answered = requests.iter().flatten().count() as u64;
    let counts = route.status(now).counts;
    assert_eq!(
        (counts.requests, counts.succeeded, counts.failed, counts.cancelled),
        (all, answered, all - answered, 0),
        "{}: every request is answered or has failed, and is counted once",
        policies.name
    );
    let mut trips = 0;
    for (member, vendor) in route.balancer().members().iter().zip(vendors) {
        let status = member.target.status(now);
        let attempts = status.attempts;
        assert_eq!(
            attempts.started,
            vendor.asked(),
            "every attempt reaches the vendor once"
        );
        assert_eq!(
            attempts.started,
            attempts.succeeded + attempts.failed + attempts.cancelled,
            "every attempt ends"
        );
        assert_eq!(status.in_flight, 0, "nothing is left in flight");
        trips += status.breaker.trips;
    }
    let upstream = vendors.iter().map(|vendor| vendor.asked()).sum();
    Row::new(policies.name, requests, upstream, trips)
}
