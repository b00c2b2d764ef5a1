//! What one request has tried on a route, so that the next pick is another one.

use crate::needs::Lack;
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
    /// Members that cannot do what the request needs: what to say of them, and whether the request makes sense without.
    unable: Vec<Option<(&'static str, bool)>>,
    /// Members that are barred because they refused something as unsupported.
    refused: Vec<bool>,
}

impl Trail {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            made: vec![0; members],
            fresh: vec![true; members],
            barred: vec![false; members],
            unable: vec![None; members],
            refused: vec![false; members],
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

    /// This member cannot do what the request needs.
    pub(crate) fn leave_out(&mut self, member: usize, lack: Lack) {
        self.unable[member] = Some((lack.what, lack.optional));
    }

    /// This member has refused something that it cannot do.
    pub(crate) fn refuses(&mut self, member: usize) {
        self.barred[member] = true;
        self.refused[member] = true;
    }

    /// Takes those back in who lack only what the request can do without. Whether there are any.
    pub(crate) fn do_without(&mut self) -> bool {
        let mut any = false;
        for member in 0..self.made.len() {
            if let Some((_, true)) = self.unable[member] {
                self.unable[member] = None;
                any = true;
            }
            if std::mem::take(&mut self.refused[member]) {
                self.barred[member] = false;
                self.fresh[member] = true;
                self.made[member] = self.made[member].saturating_sub(1);
                any = true;
            }
        }
        any
    }

    /// What is to be said of a member that cannot do what the request needs.
    pub(super) fn lack(&self, member: usize) -> Option<&'static str> {
        self.unable[member].map(|(what, _)| what)
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
