//! What is left when nobody admits: a wait, the one who is closest to being admitted, or an error that says why.

use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{Error, ErrorKind};

use super::{Balancer, Member, Selection, Trail};
use crate::breaker::Readiness;
use crate::load::Form;
use crate::target::Availability;

impl Balancer {
    /// Nobody who is left admits. Where there is more than one, that may be the host's own fault, or the failures may
    /// have been somebody else's: the one that is closest to being admitted is asked all the same. Alone, a breaker is
    /// believed: it has seen requests fail. Health checks alone are not: they only look at the vendor from afar. And
    /// while somebody is well, though not for this request any more, both are believed.
    pub(super) fn last_resort(&self, trail: &Trail, again: bool, form: Form, now: Instant) -> Selection {
        let mut rest: Option<Instant> = None;
        let mut probe: Option<Instant> = None;
        let mut left: Vec<(Rank, usize)> = Vec::with_capacity(self.members.len());
        let (mut refused, mut well) = (0, false);
        for (at, member) in self.members.iter().enumerate() {
            // As if it was not here.
            if trail.lack(at).is_some() {
                refused += 1;
                continue;
            }
            let availability = member.target.availability(now);
            let is_left = trail.is_left(at, &member.target);
            let rank = match availability {
                Availability::Refused { .. } => {
                    refused += 1;
                    continue;
                }
                Availability::Resting { until } => {
                    if is_left {
                        sooner(&mut rest, until);
                    }
                    continue;
                }
                Availability::Ready { .. } | Availability::Probe => {
                    well = true;
                    Rank::Well
                }
                Availability::Ejected => match member.target.breaker().readiness(now) {
                    Readiness::Admits { .. } | Readiness::Probes => Rank::Ejected,
                    Readiness::Rejects { until: Some(until) } => Rank::Tripped { ejected: true, until },
                    Readiness::Rejects { until: None } => continue,
                },
                // It is being probed, and gets no more than its probes.
                Availability::Tripped { until: None } => continue,
                Availability::Tripped { until: Some(until) } => {
                    if is_left && (again || trail.is_fresh(at)) {
                        sooner(&mut probe, until);
                    }
                    Rank::Tripped { ejected: false, until }
                }
            };
            if is_left {
                left.push((rank, at));
            }
        }
        if let Some(until) = rest {
            let error = Error::new(
                ErrorKind::RateLimited,
                "the rate of every deployment that could be asked is limited",
            );
            // Somebody else may be back before.
            let until = probe.map_or(until, |probe| probe.min(until));
            let wait = until.saturating_duration_since(now);
            let error = error.with_retry_after(Some(wait));
            return Selection::Wait { until, error };
        }
        let alone = self.members.len() - refused < 2;
        left.retain(|(rank, _)| match rank {
            Rank::Well => true,
            Rank::Ejected => !well,
            Rank::Tripped { .. } => !well && !alone,
        });
        let best = left.iter().filter(|(_, at)| again || trail.is_fresh(*at)).min();
        if let Some(&(_, member)) = best {
            if let Some(running) = self.members[member].target.begin(!alone, form, now) {
                return Selection::Picked { member, running };
            }
        } else if !left.is_empty() {
            return Selection::OnlyAgain;
        }
        let (error, causes) = self.nobody(trail, now);
        Selection::Nobody { error, causes }
    }

    /// Why nobody can be asked, and what led to it.
    pub(super) fn nobody(&self, trail: &Trail, now: Instant) -> (Error, Vec<ErrorKind>) {
        let mut reasons = Vec::new();
        let mut causes = Vec::new();
        let mut soonest: Option<Duration> = None;
        let mut refused = None;
        for (at, member) in self.members.iter().enumerate() {
            let name = member.target.deployment();
            if let Some(what) = trail.lack(at) {
                reasons.push(format!("{name}: {what}"));
                continue;
            }
            if !trail.is_left(at, &member.target) {
                reasons.push(format!("{name}: was asked"));
                continue;
            }
            let mut wait = |until: Instant| {
                let wait = until.saturating_duration_since(now);
                soonest = Some(soonest.map_or(wait, |other| other.min(wait)));
                wait.as_secs_f64().ceil()
            };
            reasons.push(match member.target.availability(now) {
                Availability::Ready { .. } | Availability::Probe => format!("{name}: busy"),
                Availability::Resting { until } => format!("{name}: its rate is limited for {} s", wait(until)),
                Availability::Tripped { until: Some(until) } => {
                    format!("{name}: its breaker is open, to be probed in {} s", wait(until))
                }
                Availability::Tripped { until: None } => format!("{name}: its breaker is being probed"),
                Availability::Ejected => format!("{name}: it fails its health checks"),
                Availability::Refused { kind, status } => {
                    refused = Some((kind, status));
                    format!("{name}: the vendor refused its credential ({})", kind.as_str())
                }
            });
            causes.extend(member.target.last_failure());
        }
        let all_refused = refused.filter(|_| {
            let refuses = |member: &Member| matches!(member.target.availability(now), Availability::Refused { .. });
            let able = self
                .members
                .iter()
                .enumerate()
                .filter(|(at, _)| trail.lack(*at).is_none());
            able.into_iter().all(|(_, member)| refuses(member))
        });
        let error = match all_refused {
            Some((kind, status)) => Error::new(kind, "the vendor refused the credential of every deployment")
                .with_upstream(status, None, None),
            None if self.members.is_empty() => {
                Error::new(ErrorKind::NoDeployment, "no deployment of this model is available")
            }
            None => Error::new(
                ErrorKind::NoDeployment,
                format!("no deployment can take the request now ({})", reasons.join("; ")),
            ),
        };
        (error.with_retry_after(soonest), causes)
    }
}

/// How close to being asked somebody is who is not admitted; the least is the closest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Well,
    Ejected,
    Tripped { ejected: bool, until: Instant },
}

fn sooner(earliest: &mut Option<Instant>, until: Instant) {
    *earliest = Some(earliest.map_or(until, |other| other.min(until)));
}
