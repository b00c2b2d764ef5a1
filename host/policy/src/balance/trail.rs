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
}

impl Trail {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            made: vec![0; members],
            fresh: vec![true; members],
            barred: vec![false; members],
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
        !self.barred[member] && self.made[member] <= target.max_retries()
    }
}
