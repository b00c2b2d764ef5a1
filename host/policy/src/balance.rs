//! Which target of a route is asked next: who can be asked at all, then the lowest tier, then the strategy.
//!
//! The strategies are pure picks among those that are left, one file each. Nobody who is ejected, tripped,
//! resting or refused reaches them.

mod last_resort;
mod latency;
mod least_connections;
mod round_robin;
mod trail;
mod weighted;

use std::sync::Arc;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::time::Instant;
use wharf_types::{DeploymentName, Error, ErrorKind};

use crate::health::HealthChange;
use crate::load::Form;
use crate::status::MemberStatus;
use crate::target::{Availability, Running, Target};
use round_robin::RoundRobin;
pub(crate) use trail::Trail;
use weighted::Weighted;

/// Shares of failures that differ by less are alike: of a few requests, so much is chance.
const ALIKE: f64 = 0.1;

/// How a target is picked among those of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// In turn.
    #[default]
    RoundRobin,
    /// In turn, in proportion to the weights, evenly mixed.
    Weighted,
    /// The one with the fewest attempts in flight for its weight.
    LeastConnections,
    /// The better of two random ones, by time to the first token, attempts in flight and recent failures.
    Latency,
}

impl Strategy {
    /// Its name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
            Self::LeastConnections => "least_connections",
            Self::Latency => "latency",
        }
    }
}

/// A target as a member of a route.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is picked.
    pub target: Arc<Target>,
    /// Its tier: a higher one is used when no lower one admits.
    pub tier: u32,
    /// Its share within the tier, at least 1.
    pub weight: u32,
}

/// What came of a selection.
#[derive(Debug)]
pub(crate) enum Selection {
    /// Somebody who was not asked before.
    Picked { member: usize, running: Running },
    /// Only those who were asked already could be asked again, after a wait.
    OnlyAgain,
    /// Somebody can be asked then; until then everybody's rate is limited.
    Wait { until: Instant, error: Error },
    /// Nobody can be asked.
    Nobody { error: Error, causes: Vec<ErrorKind> },
}

/// Picks among the members of a route.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use futures_util::future::BoxFuture;
/// # use rand::SeedableRng as _;
/// # use wharf_policy::*;
/// # use wharf_types::*;
/// # struct Vendor(DeploymentName);
/// # impl Upstream for Vendor {
/// #     fn deployment(&self) -> &DeploymentName { &self.0 }
/// #     fn generate<'a>(&'a self, _: &'a Request, _: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>> { unreachable!() }
/// #     fn stream<'a>(&'a self, _: &'a Request, _: AttemptOptions) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> { unreachable!() }
/// # }
/// # let mut rng = rand::rngs::SmallRng::seed_from_u64(7);
/// # let target = |name: &str| {
/// #     let rng = rand::rngs::SmallRng::seed_from_u64(7);
/// #     let second = Duration::from_secs(1);
/// #     Arc::new(Target::new(
/// #         Arc::new(Vendor(DeploymentName::new(name).unwrap())), "gpt-4",
/// #         Timeouts { total: second * 60, connect: second, first_token: None, idle: second * 60 }, 3,
/// #         Arc::new(Standing::new(1, second * 60, HealthSettings { unhealthy_threshold: 1, healthy_threshold: 1 }, rng.clone())),
/// #         CircuitBreaker::new(BreakerSettings::default(), rng),
/// #     ))
/// # };
/// let members = ["a", "b"].map(|name| Member { target: target(name), tier: 0, weight: 1 });
/// let balancer = Balancer::new(Strategy::RoundRobin, members);
///
/// let first = balancer.select(Form::Whole, &mut rng)?;   // holds a permit, a key and a place in flight
/// assert_eq!(first.target().deployment().as_str(), "a");
///
/// balancer.update_health(&DeploymentName::new("b").unwrap(), false);
/// assert_eq!(balancer.select(Form::Whole, &mut rng)?.target().deployment().as_str(), "a");
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Balancer {
    strategy: Strategy,
    /// Lowest tier first.
    members: Vec<Member>,
    round_robin: RoundRobin,
    weighted: Weighted,
}

impl Balancer {
    /// Over these members.
    #[must_use]
    pub fn new(strategy: Strategy, members: impl IntoIterator<Item = Member>) -> Self {
        let mut members: Vec<Member> = members.into_iter().collect();
        members.sort_by_key(|member| member.tier);
        Self {
            strategy,
            weighted: Weighted::new(members.len()),
            members,
            round_robin: RoundRobin::default(),
        }
    }

    /// Picks a target and begins an attempt with it.
    ///
    /// # Errors
    /// `NoDeployment`, `RateLimited` or the refusal of the credential when nobody can be asked now, with the
    /// time to wait where there is one.
    pub fn select(&self, form: Form, rng: &mut SmallRng) -> Result<Running, Error> {
        let trail = Trail::new(self.members.len());
        match self.pick(&trail, false, form, Instant::now(), rng) {
            Selection::Picked { running, .. } => Ok(running),
            Selection::Wait { error, .. } | Selection::Nobody { error, .. } => Err(error),
            Selection::OnlyAgain => Err(self.nobody(&trail, Instant::now()).0),
        }
    }

    /// Takes the result of a health check of a deployment in. So many bad ones in a row eject it from every pick,
    /// so many good ones restore it. What attempts show goes to the breakers by itself.
    pub fn update_health(&self, deployment: &DeploymentName, healthy: bool) -> Option<HealthChange> {
        let member = self.members.iter().find(|m| m.target.deployment() == deployment)?;
        member.target.standing().update_health(healthy, Instant::now())
    }

    /// How it picks.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Whom it picks from, lowest tier first.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The members as they are shown.
    #[must_use]
    pub fn status(&self) -> Vec<MemberStatus> {
        let status = |member: &Member| MemberStatus {
            deployment: member.target.deployment().clone(),
            model: member.target.model().to_owned(),
            priority: member.tier,
            weight: member.weight,
        };
        self.members.iter().map(status).collect()
    }

    /// Picks one who was not asked before; with `again`, anybody.
    pub(crate) fn pick(&self, trail: &Trail, again: bool, form: Form, now: Instant, rng: &mut SmallRng) -> Selection {
        let mut left = self.left(trail, now);
        self.pick_admitting(&mut left, trail, again, form, now, rng)
            .unwrap_or_else(|| self.last_resort(trail, again, form, now))
    }

    /// Picks one who was not asked before and who admits, for an attempt that can be done without.
    pub(crate) fn pick_spare(
        &self,
        trail: &Trail,
        form: Form,
        now: Instant,
        rng: &mut SmallRng,
    ) -> Option<(usize, Running)> {
        let mut left = self.left(trail, now);
        match self.pick_admitting(&mut left, trail, false, form, now, rng)? {
            Selection::Picked { member, running } => Some((member, running)),
            Selection::OnlyAgain | Selection::Wait { .. } | Selection::Nobody { .. } => None,
        }
    }

    /// Those whom this request may ask (again), and whether they can be asked.
    fn left(&self, trail: &Trail, now: Instant) -> Vec<(usize, Availability)> {
        let members = self.members.iter().enumerate();
        members
            .filter(|(at, member)| trail.is_left(*at, &member.target))
            .map(|(at, member)| (at, member.target.availability(now)))
            .collect()
    }

    /// One of those that admit; none when nobody does.
    fn pick_admitting(
        &self,
        left: &mut Vec<(usize, Availability)>,
        trail: &Trail,
        again: bool,
        form: Form,
        now: Instant,
        rng: &mut SmallRng,
    ) -> Option<Selection> {
        let admits =
            |availability: &Availability| matches!(availability, Availability::Ready { .. } | Availability::Probe);
        // Somebody else may take the last permit in between; each round then has one candidate less.
        while left.iter().any(|(_, availability)| admits(availability)) {
            let new = |at: &usize| trail.is_fresh(*at);
            let candidates = left.iter().filter(|(at, a)| admits(a) && (again || new(at)));
            let fresh = candidates.clone().any(|(at, _)| new(at));
            let mut candidates: Vec<_> = candidates.filter(|(at, _)| !fresh || new(at)).copied().collect();
            if candidates.is_empty() {
                return Some(Selection::OnlyAgain);
            }
            turn_away(&mut candidates, rng);
            let tier = candidates.iter().map(|(at, _)| self.members[*at].tier).min();
            candidates.retain(|(at, _)| Some(self.members[*at].tier) == tier);
            let member = self.choose(&candidates, trail.is_new(), form, now, rng);
            if let Some(running) = self.members[member].target.begin(false, form, now) {
                return Some(Selection::Picked { member, running });
            }
            left.retain(|(at, _)| *at != member);
        }
        None
    }

    /// One of those that admit.
    fn choose(
        &self,
        candidates: &[(usize, Availability)],
        first: bool,
        form: Form,
        now: Instant,
        rng: &mut SmallRng,
    ) -> usize {
        // A probe goes first: a breaker that waits for traffic to come its way may wait for ever. Not with a request
        // that has failed already.
        let probe = candidates.iter().find(|(_, a)| *a == Availability::Probe);
        let mut eager: Vec<usize> = candidates.iter().map(|(at, _)| *at).collect();
        if let Some((at, _)) = probe {
            eager.retain(|at| candidates.iter().any(|c| c.0 == *at && c.1 != Availability::Probe));
            if first || eager.is_empty() {
                return *at;
            }
        }
        if !first {
            self.trust(&mut eager, now);
        }
        let load = |at: usize| self.members[at].target.load();
        let busy = |at: usize| (load(at).in_flight(), self.members[at].weight);
        // A retry takes no turn: with as many attempts per request as there are members, the turn would come
        // around to the same failing one for every request. It goes where there is most room among those that have
        // failed least.
        if !first && self.strategy != Strategy::Latency {
            return least_connections::pick(&eager, rng.random_range(0..eager.len()), busy);
        }
        match self.strategy {
            Strategy::RoundRobin => eager[self.round_robin.pick(eager.len())],
            Strategy::Weighted => self.weighted.pick(&eager, |at| self.members[at].weight),
            Strategy::LeastConnections => {
                let turn = self.round_robin.pick(eager.len());
                least_connections::pick(&eager, turn, busy)
            }
            Strategy::Latency => latency::pick(&eager, rng, |at| latency::Score {
                latency: load(at).latency(form, now),
                in_flight: load(at).in_flight(),
                doubt: self.members[at].target.doubt(now),
            }),
        }
    }
}

impl Balancer {
    /// Leaves those that have failed least: a request that has failed once has fewer attempts left than luck needs.
    fn trust(&self, eager: &mut Vec<usize>, now: Instant) {
        let doubts: Vec<f64> = eager.iter().map(|at| self.members[*at].target.doubt(now)).collect();
        let least = doubts.iter().copied().fold(f64::INFINITY, f64::min);
        let mut doubts = doubts.into_iter();
        eager.retain(|_| doubts.next().is_some_and(|doubt| doubt <= least + ALIKE));
    }
}

/// Takes out, by chance, who has just recovered and gets only a share of its turns; the next tier stands in for it.
/// If that is everybody, they all stay.
fn turn_away(candidates: &mut Vec<(usize, Availability)>, rng: &mut SmallRng) {
    let recovering = |availability: &Availability| match availability {
        Availability::Ready { share } if *share < 1.0 => Some(*share),
        Availability::Ready { .. }
        | Availability::Probe
        | Availability::Resting { .. }
        | Availability::Tripped { .. }
        | Availability::Ejected
        | Availability::Refused { .. } => None,
    };
    if candidates
        .iter()
        .all(|(_, availability)| recovering(availability).is_none())
    {
        return;
    }
    let mut kept = candidates.clone();
    kept.retain(|(_, availability)| recovering(availability).is_none_or(|share| rng.random::<f64>() < share));
    if !kept.is_empty() {
        *candidates = kept;
    }
}
