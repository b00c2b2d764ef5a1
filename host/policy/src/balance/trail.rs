//! What one request has tried on a route, so that the next pick is another one.

use crate::target::Target;

/// What one request has tried on this route.
#[derive(Debug)]
pub(crate) struct Trail {
    /// Attempts made with each member.
    made: Vec<u32>,
    /// Members that count as new although they were asked: another key of theirs may work.
    fresh: Vec<bool>,
    /// Members that are not asked again.
    barred: Vec<bool>,
    /// Members that cannot do what the request needs.
    unable: Vec<Option<&'static str>>,
}

impl Trail {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            made: vec![0; members],
            fresh: vec![true; members],
            barred: vec![false; members],
            unable: vec![None; members],
        }
    }

    /// An attempt was made with this member.
    pub(crate) fn made(&mut self, member: usize) {
        self.made[member] += 1;
        self.fresh[member] = false;
    }

    /// It failed because of its key, and there are others.
    pub(crate) fn renew(&mut self, member: usize) {
        self.fresh[member] = true;
    }

    /// This member gives the same answer again.
    pub(crate) fn bar(&mut self, member: usize) {
        self.barred[member] = true;
    }

    /// This member cannot do this, which the request needs.
    pub(crate) fn leave_out(&mut self, member: usize, what: &'static str) {
        self.unable[member] = Some(what);
    }

    /// What this member cannot do of what the request needs.
    pub(super) fn lack(&self, member: usize) -> Option<&'static str> {
        self.unable[member]
    }

    /// Whether nobody was asked yet.
    pub(super) fn is_new(&self) -> bool {
        self.made.iter().all(|made| *made == 0)
    }

    /// Whether this member was not asked yet, or counts as if it was not.
    pub(super) fn is_fresh(&self, member: usize) -> bool {
        self.fresh[member]
    }

    /// Whether this request may ask this member (again).
    pub(super) fn is_left(&self, member: usize, target: &Target) -> bool {
        !self.barred[member] && self.unable[member].is_none() && self.made[member] <= target.max_retries()
    }
}
