//! What a request orders by its model name, and which requests the failure rate picks.
//!
//! Pure. Orders live in the model name because it is the one field every client, gateway and provider passes on
//! unchanged, so a test can break one request without a second emulator.

use std::time::Duration;

use http::StatusCode;

use super::failure::Failure;
use super::quirks::Quirks;

/// Models with this prefix exist whatever `--models` says.
const PREFIX: &str = "mock-";

/// Largest answer `mock-big-<bytes>` makes, so that a slip in a test does not take the machine's memory.
const MAX_BIG_BYTES: usize = 256 << 20;

/// Content chunks before the fault of `mock-cut` and `mock-error-event`.
const CHUNKS_BEFORE_FAULT: u32 = 2;

/// Wait that `mock-status-429` asks the client for.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(2);

/// Behaviour ordered by a model name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing special; every other model name.
    Normal,
    /// `mock-status-<code>`, 400 to 599.
    Status(StatusCode),
    /// `mock-context-length`.
    ContextLength,
    /// `mock-content-filter`.
    ContentFilter,
    /// `mock-quota`.
    InsufficientQuota,
    /// `mock-slow-<ms>`: this much later than otherwise.
    Slow(Duration),
    /// `mock-cut`: the connection breaks inside the answer.
    Cut,
    /// `mock-error-event`: a stream turns into an error.
    ErrorEvent,
    /// `mock-hang`: no answer.
    Hang,
    /// `mock-garbage`: status 200 and no JSON.
    Garbage,
    /// `mock-html-502`: what a proxy in front of a dead upstream sends.
    Html502,
    /// `mock-reasoning`: thoughts before the content, also when nobody asked for them.
    Reasoning,
    /// `mock-big-<bytes>`: an answer text of this length.
    Big(usize),
    /// `mock-drip-<ms>`: a thousand chunks, each after this delay.
    Drip(Duration),
    /// `mock-refusal`: a refusal in place of content.
    Refusal,
    /// `mock-quirks-<quirk>+<quirk>…`: these quirks besides those of the command line.
    Quirks(Quirks),
}

impl Order {
    /// Reads the order in a model name. An unknown name after `mock-` is a model like any other.
    pub(super) fn of_model(model: &str) -> Self {
        let Some(name) = model.strip_prefix(PREFIX) else {
            return Self::Normal;
        };
        match name {
            "context-length" => Self::ContextLength,
            "content-filter" => Self::ContentFilter,
            "quota" => Self::InsufficientQuota,
            "cut" => Self::Cut,
            "error-event" => Self::ErrorEvent,
            "hang" => Self::Hang,
            "garbage" => Self::Garbage,
            "html-502" => Self::Html502,
            "reasoning" => Self::Reasoning,
            "refusal" => Self::Refusal,
            _ => Self::with_argument(name).unwrap_or(Self::Normal),
        }
    }

    fn with_argument(name: &str) -> Option<Self> {
        if let Some(names) = name.strip_prefix("quirks-") {
            return Quirks::of_names(names).map(Self::Quirks);
        }
        let (what, number) = name.rsplit_once('-')?;
        let number: u64 = number.parse().ok()?;
        match what {
            "status" if (400..600).contains(&number) => {
                let status = StatusCode::from_u16(u16::try_from(number).ok()?).ok()?;
                Some(Self::Status(status))
            }
            "slow" => Some(Self::Slow(Duration::from_millis(number))),
            "drip" => Some(Self::Drip(Duration::from_millis(number))),
            "big" => {
                let bytes = usize::try_from(number).unwrap_or(MAX_BIG_BYTES);
                Some(Self::Big(bytes.min(MAX_BIG_BYTES)))
            }
            _ => None,
        }
    }

    /// Whether the model exists without being listed.
    pub(super) fn is_known_model(model: &str) -> bool {
        model.starts_with(PREFIX)
    }

    /// The error answer this order asks for, if it asks for one.
    pub(super) fn failure(self) -> Option<Failure> {
        match self {
            Self::Status(status) => {
                let wait = (status == StatusCode::TOO_MANY_REQUESTS).then_some(RATE_LIMIT_WAIT);
                Some(Failure::of_status(status).with_retry_after(wait))
            }
            Self::ContextLength => Some(Failure::context_length_exceeded()),
            Self::ContentFilter => Some(Failure::content_filter()),
            Self::InsufficientQuota => Some(Failure::insufficient_quota()),
            _ => None,
        }
    }

    /// How a stream under this order ends, unless the arguments decide.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::Cut => Ending::Cut {
                after: CHUNKS_BEFORE_FAULT,
            },
            Self::ErrorEvent => Ending::Error {
                after: CHUNKS_BEFORE_FAULT,
            },
            _ => Ending::Done,
        }
    }
}

/// How a stream ends. `after` counts content chunks, so the chunk with the role is always sent; with fewer chunks
/// than `after` the fault comes in place of the finish reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Finish reason, usage if asked for, `[DONE]`.
    Done,
    /// The connection breaks.
    Cut {
        /// Content chunks sent before.
        after: u32,
    },
    /// An error event, then the regular end of the HTTP body.
    Error {
        /// Content chunks sent before.
        after: u32,
    },
}

impl Ending {
    /// How many of this many content chunks are sent.
    pub(super) fn most(self, chunks: usize) -> usize {
        match self {
            Self::Done => chunks,
            Self::Cut { after } | Self::Error { after } => chunks.min(after as usize),
        }
    }
}

/// Whether request `number` fails under a failure rate.
///
/// A hash of seed and number, not a shared generator: the schedule does not depend on the order in which
/// concurrent requests arrive at a lock, and starts anew after `/mock/reset`.
pub(super) fn fails(seed: u64, number: u64, rate: f64) -> bool {
    if rate <= 0.0 {
        return false;
    }
    let hash = mixed(seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    // The upper 53 bits make a float in [0, 1).
    let unit = (hash >> 11) as f64 / (1_u64 << 53) as f64;
    unit < rate
}

/// The finish of splitmix64: near inputs get far outputs.
pub(super) fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}
