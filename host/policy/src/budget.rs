//! The retry budget of a route: how many retries it can afford.
//!
//! Attempts per request alone do not protect an upstream. When everything fails, three attempts each mean three
//! times the load, at the moment when there is the least room for it. The budget ties retries to what goes well:
//! a request that is answered deposits a share of one, every retry withdraws one, and a floor
//! lets a quiet route retry at all. When it is used up, requests fail with their first error instead of joining
//! the storm.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Parts of the window. Ten make a step of a tenth where it slides.
const SLICES: usize = 10;

/// How much a route may retry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetSettings {
    /// Retries that each request of the window pays for; 0 to 1. Default 0.2: an outage adds a fifth to the load.
    pub ratio: f64,
    /// The floor: retries a second that are allowed whatever the requests pay for; 0 to 1000. Default 10: a host with
    /// few requests retries as if there were no budget.
    pub min_per_second: u32,
    /// Time over which requests and retries are counted; 1 s to 60 s. Default 10 s.
    pub window: Duration,
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            min_per_second: 10,
            window: Duration::from_secs(10),
        }
    }
}

/// One retry, taken from the slice of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal(u64);

/// The machine: time is an argument.
#[derive(Debug)]
pub struct Budget {
    ratio: f64,
    floor: f64,
    slice: Duration,
    /// Deposits and withdrawals of each slice, `slices[turn % SLICES]` being the present one.
    slices: [(u32, u32); SLICES],
    turn: u64,
    turned: Instant,
}

impl Budget {
    /// A full one.
    #[must_use]
    pub fn new(settings: BudgetSettings, now: Instant) -> Self {
        let window = settings.window.max(Duration::from_millis(SLICES as u64));
        Self {
            ratio: settings.ratio,
            floor: f64::from(settings.min_per_second) * window.as_secs_f64(),
            slice: window / u32::try_from(SLICES).unwrap_or(1),
            slices: [(0, 0); SLICES],
            turn: 0,
            turned: now,
        }
    }

    /// A request was answered.
    pub fn deposit(&mut self, now: Instant) {
        let slice = self.present(now);
        slice.0 = slice.0.saturating_add(1);
    }

    /// Takes one retry, if there is one.
    pub fn withdraw(&mut self, now: Instant) -> Option<Withdrawal> {
        if self.balance(now) == 0 {
            return None;
        }
        let slice = self.present(now);
        slice.1 = slice.1.saturating_add(1);
        Some(Withdrawal(self.turn))
    }

    /// A retry that was withdrawn is not made after all. It goes back to the time it was taken from; when that has
    /// left the window there is nothing to give back.
    pub fn refund(&mut self, withdrawal: Withdrawal, now: Instant) {
        self.present(now);
        if self.turn - withdrawal.0 < SLICES as u64 {
            let slice = &mut self.slices[(withdrawal.0 % SLICES as u64) as usize];
            slice.1 = slice.1.saturating_sub(1);
        }
    }

    /// Retries that may be made now.
    pub fn balance(&mut self, now: Instant) -> u32 {
        self.present(now);
        let (deposits, withdrawals) = self.slices.iter().fold((0.0, 0.0), |(d, w), slice| {
            (d + f64::from(slice.0), w + f64::from(slice.1))
        });
        // Rounding down, and never below zero: the cast saturates.
        (self.floor + self.ratio * deposits - withdrawals) as u32
    }

    /// The present slice, after forgetting those that have left the window.
    fn present(&mut self, now: Instant) -> &mut (u32, u32) {
        let passed = now.saturating_duration_since(self.turned).as_nanos() / self.slice.as_nanos().max(1);
        if passed > 0 {
            for _ in 0..passed.min(SLICES as u128) {
                self.turn += 1;
                self.slices[(self.turn % SLICES as u64) as usize] = (0, 0);
            }
            self.turned = if passed > SLICES as u128 {
                now
            } else {
                self.turned + self.slice * u32::try_from(passed).unwrap_or(u32::MAX)
            };
        }
        &mut self.slices[(self.turn % SLICES as u64) as usize]
    }
}

/// The same for many callers.
#[derive(Debug)]
pub struct RetryBudget(Mutex<Budget>);

impl RetryBudget {
    /// A full one.
    #[must_use]
    pub fn new(settings: BudgetSettings, now: Instant) -> Self {
        Self(Mutex::new(Budget::new(settings, now)))
    }

    /// A request was answered.
    pub fn deposit(&self, now: Instant) {
        self.lock().deposit(now);
    }

    /// Takes one retry, if there is one.
    #[must_use]
    pub fn withdraw(&self, now: Instant) -> Option<Voucher<'_>> {
        let withdrawal = self.lock().withdraw(now)?;
        Some(Voucher {
            budget: self,
            withdrawal: Some(withdrawal),
        })
    }

    /// Retries that may be made now.
    #[must_use]
    pub fn balance(&self, now: Instant) -> u32 {
        self.lock().balance(now)
    }

    /// Held for an addition; the sums fit together after a panic too.
    fn lock(&self) -> MutexGuard<'_, Budget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make one retry. Dropped unused, it goes back: a client that leaves while its retry waits has cost
/// the others nothing.
#[derive(Debug)]
pub struct Voucher<'b> {
    budget: &'b RetryBudget,
    withdrawal: Option<Withdrawal>,
}

impl Voucher<'_> {
    /// The retry is made.
    pub fn spend(mut self) {
        self.withdrawal = None;
    }
}

impl Drop for Voucher<'_> {
    fn drop(&mut self) {
        if let Some(withdrawal) = self.withdrawal {
            self.budget.lock().refund(withdrawal, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> Instant {
        Instant::now()
    }

    fn drain(budget: &mut Budget, now: Instant) -> u32 {
        (0..10_000).take_while(|_| budget.withdraw(now).is_some()).count() as u32
    }

    #[test]
    fn at_rest_there_is_the_floor_and_no_more() {
        let now = start();
        let mut budget = Budget::new(BudgetSettings::default(), now);
        assert_eq!(drain(&mut budget, now), 100, "10 a second over 10 s");
        assert!(
            budget.withdraw(now + Duration::from_secs(8)).is_none(),
            "the window has not passed"
        );
        assert_eq!(drain(&mut budget, now + Duration::from_secs(11)), 100);
    }

    #[test]
    fn a_fifth_of_the_requests_is_added() {
        let now = start();
        let mut budget = Budget::new(BudgetSettings::default(), now);
        for _ in 0..1000 {
            budget.deposit(now);
        }
        assert_eq!(drain(&mut budget, now), 300);
        for _ in 0..1000 {
            budget.deposit(now + Duration::from_secs(5));
        }
        assert_eq!(drain(&mut budget, now + Duration::from_secs(5)), 200);
    }

    #[test]
    fn a_refund_goes_back_to_the_time_it_was_taken_from() {
        let now = start();
        let mut budget = Budget::new(BudgetSettings::default(), now);
        let early = budget.withdraw(now).unwrap();
        let later = now + Duration::from_secs(5);
        let late = budget.withdraw(later).unwrap();
        budget.refund(early, later);
        assert_eq!(budget.balance(later), 99);
        let much_later = now + Duration::from_secs(12);
        assert_eq!(budget.balance(much_later), 99, "the refund did not undo the later one");
        budget.refund(early, much_later);
        assert_eq!(
            budget.balance(much_later),
            99,
            "what has left the window is not given back again"
        );
        budget.refund(late, much_later);
        assert_eq!(budget.balance(much_later), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_voucher_that_is_not_spent_goes_back() {
        let budget = RetryBudget::new(BudgetSettings::default(), Instant::now());
        let voucher = budget.withdraw(Instant::now()).unwrap();
        assert_eq!(budget.balance(Instant::now()), 99);
        drop(voucher);
        assert_eq!(budget.balance(Instant::now()), 100);
        budget.withdraw(Instant::now()).unwrap().spend();
        assert_eq!(budget.balance(Instant::now()), 99);
    }

    #[test]
    fn a_long_silence_forgets_everything() {
        let now = start();
        let mut budget = Budget::new(BudgetSettings::default(), now);
        for _ in 0..1000 {
            budget.deposit(now);
        }
        assert_eq!(budget.balance(now + Duration::from_secs(3600)), 100);
    }

    proptest! {
        #[test]
        fn it_never_gives_more_than_it_has(
            steps in proptest::collection::vec((0u64..3000, any::<bool>()), 1..400),
            floor in 0u32..5, ratio in 0.0f64..1.0,
        ) {
            let settings = BudgetSettings { ratio, min_per_second: floor, window: Duration::from_secs(10) };
            let mut now = start();
            let mut budget = Budget::new(settings, now);
            let (mut deposits, mut withdrawals) = (Vec::new(), Vec::new());
            for (wait, deposit) in steps {
                now += Duration::from_millis(wait);
                if deposit {
                    budget.deposit(now);
                    deposits.push(now);
                } else if budget.withdraw(now).is_some() {
                    withdrawals.push(now);
                }
                if withdrawals.last() != Some(&now) {
                    continue;
                }
                // Over any window, give or take the slice at its edge.
                let recent = |all: &[Instant], span: u64| {
                    all.iter().filter(|at| now.duration_since(**at) < Duration::from_secs(span)).count() as f64
                };
                let allowed = f64::from(floor) * 10.0 + ratio * recent(&deposits, 11);
                prop_assert!(recent(&withdrawals, 9) <= allowed + 1e-9);
            }
        }
    }
}
