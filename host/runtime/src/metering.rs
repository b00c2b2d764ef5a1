//! Counting what a guest uses while it runs: memory and tables as they grow, CPU time by the epoch ticker.
//!
//! A tick of the ticker interrupts a running guest, which then yields to the other tasks of its thread. CPU
//! time is the time between entering and leaving the guest, host calls taken out, so a guest that waits for
//! its vendor uses none. Between two interruptions a running guest cannot have used more than a tick; a
//! longer gap means that the thread did something else, so no more than that is charged.

use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{CallHook, ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::limits::Limits;

/// How often a running guest is interrupted. 10 ms: no other task of the thread waits longer (Spin's value).
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// The most that one interval between interruptions is charged; a tick plus what the ticker may be late.
const MAX_CHARGE: Duration = Duration::from_millis(15);

/// A call that takes hours may use this part of them on top of its limit. A pull uses a tenth of that: some sixteen steps
/// a second, of 8 µs each as measured.
const FORGIVEN_PART: u32 = 1000;

/// Why a guest was stopped. Found again in the trap, so that it gets its own error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitReached {
    #[error("the provider used up its CPU time of {0:?}")]
    Cpu(Duration),
    #[error("the provider needs more than its {} MiB of memory", .0 >> 20)]
    Memory(usize),
    #[error("the provider needs more than its {0} table elements")]
    Tables(usize),
}

/// What one call has used so far.
#[derive(Debug)]
pub(crate) struct Meter {
    cpu_limit: Duration,
    cpu: Duration,
    /// Up to when CPU time was taken back.
    forgiven: Instant,
    /// When the guest was entered last; none while it is not running.
    entered: Option<Instant>,
    memory_limit: usize,
    memory: usize,
    table_limit: usize,
    tables: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            cpu_limit: limits.cpu,
            cpu: Duration::ZERO,
            forgiven: Instant::now(),
            entered: None,
            memory_limit: limits.memory,
            memory: 0,
            table_limit: limits.table_elements,
            tables: 0,
        }
    }

    /// CPU time the guest has used.
    pub(crate) fn cpu(&self) -> Duration {
        self.cpu
    }

    /// Takes back a part of the CPU time for the time that has passed: for calls that take hours.
    pub(crate) fn forgive(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.forgiven);
        self.cpu = self.cpu.saturating_sub(passed / FORGIVEN_PART);
        self.forgiven = now;
    }

    /// Memory the guest has, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    fn enter(&mut self) {
        self.entered = Some(Instant::now());
    }

    fn leave(&mut self) {
        if let Some(entered) = self.entered.take() {
            self.cpu += Instant::now().saturating_duration_since(entered).min(MAX_CHARGE);
        }
    }

    /// The ticker interrupted the guest.
    fn tick(&mut self) -> Result<(), LimitReached> {
        self.leave();
        if self.cpu > self.cpu_limit {
            return Err(LimitReached::Cpu(self.cpu_limit));
        }
        self.enter();
        Ok(())
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.memory_limit {
            return Err(wasmtime::Error::new(LimitReached::Memory(self.memory_limit)));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.tables.saturating_sub(current).saturating_add(desired);
        if total > self.table_limit {
            return Err(wasmtime::Error::new(LimitReached::Tables(self.table_limit)));
        }
        self.tables = total;
        Ok(true)
    }
}

/// Something that has a meter.
pub(crate) trait Metered {
    fn meter(&mut self) -> &mut Meter;
}

/// The ticker's interruption: charge, then yield or stop.
pub(crate) fn on_tick<T: Metered>(mut store: StoreContextMut<'_, T>) -> wasmtime::Result<UpdateDeadline> {
    store.data_mut().meter().tick().map_err(wasmtime::Error::new)?;
    Ok(UpdateDeadline::Yield(1))
}

/// Entering and leaving the guest.
pub(crate) fn on_call<T: Metered>(mut store: StoreContextMut<'_, T>, hook: CallHook) {
    let meter = store.data_mut().meter();
    match hook {
        CallHook::CallingWasm | CallHook::ReturningFromHost => meter.enter(),
        CallHook::ReturningFromWasm | CallHook::CallingHost => meter.leave(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter::new(&Limits {
            cpu: Duration::from_millis(100),
            memory: 100,
            table_elements: 10,
            ..Limits::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_the_host_costs_no_cpu_time() {
        let mut meter = meter();
        meter.enter();
        tokio::time::advance(Duration::from_millis(3)).await;
        meter.leave();
        tokio::time::advance(Duration::from_secs(60)).await;
        meter.enter();
        meter.leave();
        assert_eq!(meter.cpu(), Duration::from_millis(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_never_stops_is_stopped_at_its_limit() {
        let mut meter = meter();
        meter.enter();
        for tick in 1..=10 {
            tokio::time::advance(TICK).await;
            assert_eq!(meter.tick(), Ok(()), "tick {tick} is within the limit");
        }
        tokio::time::advance(TICK).await;
        assert_eq!(meter.tick(), Err(LimitReached::Cpu(Duration::from_millis(100))));
    }

    #[tokio::test(start_paused = true)]
    async fn time_the_thread_gave_to_others_is_not_charged() {
        let mut meter = meter();
        meter.enter();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(meter.tick(), Ok(()));
        assert_eq!(meter.cpu(), MAX_CHARGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_gets_a_part_of_its_time_back_and_a_spinning_one_not_enough() {
        let mut meter = meter();
        meter.cpu = Duration::from_millis(90);
        tokio::time::advance(Duration::from_secs(50)).await;
        meter.forgive(Instant::now());
        assert_eq!(meter.cpu(), Duration::from_millis(40));
        meter.forgive(Instant::now());
        assert_eq!(
            meter.cpu(),
            Duration::from_millis(40),
            "the same time does not count twice"
        );
        for _ in 0..7 {
            meter.enter();
            tokio::time::advance(TICK).await;
            meter.leave();
            meter.forgive(Instant::now());
        }
        meter.enter();
        assert!(meter.tick().is_err(), "a guest that only spins is stopped");
    }

    #[test]
    fn memory_and_tables_count_over_all_modules() {
        let mut meter = meter();
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        assert!(meter.memory_growing(40, 41, None).is_err());
        assert!(meter.table_growing(0, 10, None).unwrap());
        assert!(meter.table_growing(0, 1, None).is_err());
    }
}
