//! How a request becomes an answer although deployments fail.
//!
//! A client names a [`Route`]. The route's [`Balancer`] picks a [`Target`], a deployment with one of its models:
//! out come those that cannot be asked now (the vendor refuses every key, health checks fail, the breaker is
//! open, the rate is limited), then the lowest tier is taken, then the strategy decides. The attempt begins: it
//! holds a permit of the [`CircuitBreaker`], a key, and a place in flight, and gives all three back when it ends,
//! however it ends.
//!
//! When it fails, `classify` says what the error means: whether it counts against the breaker, what becomes of
//! the key, whether asking again makes sense. [`RetryPolicy`] and [`RetryBudget`] say whether there is another
//! attempt. It goes to a deployment that this request has not asked yet, at once; when all have been asked, to
//! one of them after a wait. When the route gives up, the error's class may lead to a fallback route; when that
//! gives up too, a degraded answer may be better than none.
//!
//! **Commit point.** An attempt may be replaced by another until the first content of its answer is handed out,
//! never after. See `attempt`.
//!
//! **Pure.** Decisions take the time and the generator as arguments. Nothing is spawned, no lock is held across
//! an await, no clock is read but tokio's, which tests pause. The only async functions are the loop and what it
//! calls.

#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

mod able;
pub mod ask;
mod attempt;
mod backoff;
mod balance;
mod breaker;
mod budget;
mod call;
pub mod classify;
mod deadline;
mod exchange;
mod health;
mod instant;
mod keys;
mod last_answer;
mod load;
pub mod needs;
mod retry;
mod route;
mod standing;
pub mod status;
mod stream;
mod target;
mod upstream;

pub use ask::{Answered, Degraded};
pub use backoff::{Backoff, InvalidBackoff};
pub use balance::{Balancer, Member, Strategy};
pub use breaker::{Admission, Breaker, BreakerSettings, CircuitBreaker, Outcome, Pass, Permit, Readiness};
pub use budget::{Budget, BudgetSettings, RetryBudget, Voucher, Withdrawal};
pub use call::{Access, Call, CallOptions};
pub use deadline::{Deadline, RequestTimeouts, Timeouts};
pub use health::{Health, HealthChange, HealthSettings};
pub use keys::{KeyPick, Keys};
pub use last_answer::{Fingerprint, LastAnswerSettings, LastAnswers, Recorder};
pub use load::{Ewma, Form, Load};
pub use retry::{Decision, Reason, RetryPolicy};
pub use route::{FallbackClass, HedgeSettings, Route, RouteSettings};
pub use standing::Standing;
pub use stream::OpenStream;
pub use target::{Answering, Availability, Running, Target};
pub use upstream::{AttemptOptions, EventSource, Upstream};
