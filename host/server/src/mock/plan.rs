//! From one request to a plan: what to answer, after which wait, or not at all. The part all vendors share.
//!
//! Pure: it reads neither clock nor socket and has the request's number as an argument, so every behaviour of the
//! emulator is tested without a connection. The order of the checks is the same for all vendors: key, body, model,
//! then the faults, then the answer.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::MockArgs;
use super::answer::pieces_wanted;
use super::body::Payload;
use super::failure::Failure;
use super::json;
use super::order::{Ending, Order, fails};
use super::quirks::Quirks;
use super::tape::Tape;

/// Content type of whole answers and of errors.
pub(super) const JSON: &str = "application/json";

/// Content type of streams of server-sent events.
pub(super) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// Content type of streams of JSON lines.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// Content type of `mock-html-502`.
const HTML: &str = "text/html";

/// What a proxy sends when the upstream behind it is gone.
const HTML_502: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
     <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// Header that asks for the request to be echoed.
const ECHO_HEADER: &str = "x-mock-echo";

/// One numbered request without its connection and its path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// Counts requests from 1.
    pub(super) number: u64,
    /// Its headers.
    pub(super) headers: &'a HeaderMap,
    /// Its body.
    pub(super) body: &'a [u8],
    /// The header in which this vendor expects a key.
    pub(super) key_header: &'static str,
}

impl Ask<'_> {
    /// The members that repeat the request, if a header or the body asks for them.
    pub(super) fn echo(&self, body_asks: bool) -> Option<String> {
        let asks = body_asks || self.headers.get(ECHO_HEADER).is_some_and(|value| value == "1");
        asks.then(|| json::echo(self.headers, self.body, self.key_header))
    }
}

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON value.
    Whole,
    /// Server-sent events.
    Events,
    /// JSON lines.
    Lines,
}

/// The arguments, with everything worked out that does not depend on a request.
#[derive(Debug)]
pub(super) struct Settings {
    args: MockArgs,
    quirks: Quirks,
    failure_status: StatusCode,
    /// The only accepted `authorization` value, if one is demanded.
    bearer: Option<String>,
    any_model: bool,
}

impl Settings {
    /// Prepares the arguments.
    ///
    /// # Errors
    ///
    /// When `failure_status` is no HTTP status; the command line checks that, other callers may not.
    pub(super) fn new(args: MockArgs) -> anyhow::Result<Self> {
        let failure_status =
            StatusCode::from_u16(args.failure_status).context("the status of failures is no HTTP status")?;
        Ok(Self {
            quirks: Quirks::of(&args.quirks),
            failure_status,
            bearer: args.api_key.as_ref().map(|key| format!("Bearer {key}")),
            any_model: args.models.iter().any(|model| model == "*"),
            args,
        })
    }

    /// The models for lists.
    pub(super) fn listed_models(&self) -> impl Iterator<Item = &str> {
        self.args
            .models
            .iter()
            .map(String::as_str)
            .filter(|model| *model != "*")
    }

    /// Whether the model exists: listed, any is accepted, or its name is an order.
    pub(super) fn has_model(&self, model: &str) -> bool {
        self.any_model || Order::is_known_model(model) || self.args.models.iter().any(|listed| listed == model)
    }

    /// Whether the `authorization` header has the demanded key, if one is demanded.
    pub(super) fn admits_bearer(&self, headers: &HeaderMap) -> bool {
        let Some(bearer) = &self.bearer else {
            return true;
        };
        headers
            .get(AUTHORIZATION)
            .is_some_and(|value| value.as_bytes() == bearer.as_bytes())
    }

    /// Whether a header of the vendor's own has the demanded key, if one is demanded.
    pub(super) fn admits_header(&self, headers: &HeaderMap, name: &str) -> bool {
        self.admits_key(headers.get(name).map(|value| value.as_bytes()))
    }

    /// Whether this is the demanded key, if one is demanded.
    pub(super) fn admits_key(&self, given: Option<&[u8]>) -> bool {
        match &self.args.api_key {
            Some(key) => given == Some(key.as_bytes()),
            None => true,
        }
    }

    /// The quirks of an answer: those of the command line and those the model orders.
    pub(super) fn quirks(&self, order: Order) -> Quirks {
        match order {
            Order::Quirks(ordered) => self.quirks.and(ordered),
            _ => self.quirks,
        }
    }

    /// Into how many pieces a text is cut.
    pub(super) fn pieces(&self, order: Order) -> usize {
        pieces_wanted(order, self.args.chunks)
    }

    /// How a stream ends: as the model orders, else as the arguments say.
    pub(super) fn ending(&self, order: Order) -> Ending {
        match (order.ending(), self.args.cut_after, self.args.error_after) {
            (Ending::Done, Some(after), _) => Ending::Cut { after },
            (Ending::Done, None, Some(after)) => Ending::Error { after },
            (ending, _, _) => ending,
        }
    }

    /// What the model's name orders, once it is sure that the model exists and nothing fails.
    ///
    /// # Errors
    ///
    /// The unknown model, the failure that is this request's turn, or the one that is ordered.
    pub(super) fn order(&self, number: u64, model: &str, exists: bool) -> Result<Order, Failure> {
        if !exists {
            return Err(Failure::model_not_found(model));
        }
        if fails(self.args.seed, number, self.args.failure_rate) {
            return Err(Failure::of_status(self.failure_status).with_retry_after(self.args.retry_after));
        }
        let order = Order::of_model(model);
        match order.failure() {
            Some(failure) => Err(failure),
            None => Ok(order),
        }
    }

    /// A complete answer, torn if that is ordered.
    pub(super) fn whole(&self, order: Order, body: Vec<u8>) -> Reply {
        let body = Bytes::from(body);
        let payload = if order == Order::Cut {
            Payload::Torn(body)
        } else {
            Payload::Whole(body)
        };
        Reply {
            status: StatusCode::OK,
            content_type: JSON,
            retry_after: None,
            payload,
        }
    }

    /// A stream in the ordered time.
    pub(super) fn stream(&self, order: Order, content_type: &'static str, tape: Tape) -> Reply {
        let delay = if let Order::Drip(delay) = order {
            delay
        } else {
            self.args.chunk_delay
        };
        Reply {
            status: StatusCode::OK,
            content_type,
            retry_after: None,
            payload: Payload::Stream { tape, delay },
        }
    }
}

/// What happens to a request.
#[derive(Debug)]
pub(super) enum Plan {
    /// It is never answered.
    Hang,
    /// It is answered.
    Answer {
        /// Wait before the head.
        wait: Duration,
        /// The answer.
        reply: Reply,
    },
}

/// An HTTP answer without its connection.
#[derive(Debug)]
pub(super) struct Reply {
    /// Status.
    pub(super) status: StatusCode,
    /// `content-type`.
    pub(super) content_type: &'static str,
    /// `retry-after` or `retry-after-ms`, if any.
    pub(super) retry_after: Option<Duration>,
    /// Body.
    pub(super) payload: Payload,
}

impl Reply {
    /// A complete answer with status 200.
    pub(super) fn ok(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            retry_after: None,
            payload: Payload::Whole(body.into()),
        }
    }

    /// An error answer with this body.
    pub(super) fn error(status: StatusCode, retry_after: Option<Duration>, body: Vec<u8>) -> Self {
        Self {
            status,
            retry_after,
            ..Self::ok(JSON, body)
        }
    }
}

/// Makes one vendor's decision a plan. Nothing is decided if nothing is answered.
pub(super) fn settle(
    settings: &Settings,
    decide: impl FnOnce() -> Result<Plan, Failure>,
    write: impl FnOnce(&Failure) -> Reply,
) -> Plan {
    if settings.args.hang {
        return Plan::Hang;
    }
    decide().unwrap_or_else(|failure| Plan::Answer {
        wait: settings.args.delay,
        reply: write(&failure),
    })
}

/// Carries out an order that is no failure; `answer` writes the answer where the order leaves one.
///
/// # Errors
///
/// Those of `answer`.
pub(super) fn carry_out(
    settings: &Settings,
    order: Order,
    form: Form,
    answer: impl FnOnce() -> Result<Reply, Failure>,
) -> Result<Plan, Failure> {
    let mut wait = settings.args.delay;
    let reply = match order {
        Order::Hang => return Ok(Plan::Hang),
        Order::Garbage => garbage(form),
        Order::Html502 => Reply {
            status: StatusCode::BAD_GATEWAY,
            ..Reply::ok(HTML, HTML_502)
        },
        _ => {
            if let Order::Slow(longer) = order {
                wait = wait.saturating_add(longer);
            }
            answer()?
        }
    };
    Ok(Plan::Answer { wait, reply })
}

/// Status 200 and a body that is no JSON; in a stream, an event whose data is none.
fn garbage(form: Form) -> Reply {
    match form {
        Form::Whole => Reply::ok(JSON, "{\"id\": this is not JSON"),
        Form::Events => Reply::ok(EVENT_STREAM, "data: {\"id\": this is not JSON\n\n"),
        Form::Lines => Reply::ok(NDJSON, "{\"id\": this is not JSON\n"),
    }
}
