//! From one chat request to a plan: what to answer, after which wait, or not at all.
//!
//! `plan` is pure: it reads neither clock nor socket and has the request's number as an argument, so every behaviour
//! of the emulator is tested without a connection. The order of the checks is OpenAI's: key, body, model, then the
//! faults, then the answer.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::MockArgs;
use super::answer::{Answer, pieces_wanted};
use super::body::Payload;
use super::failure::Failure;
use super::order::{Ending, Order, fails};
use super::render::{self, Quirks, Shape};
use super::request::ChatRequest;
use super::stream;

/// Content type of whole answers and of errors.
pub(super) const JSON: &str = "application/json";

/// Content type of streams.
pub(super) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// Content type of `mock-html-502`.
const HTML: &str = "text/html";

/// What a proxy sends when the upstream behind it is gone.
const HTML_502: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
     <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// Header that asks for the request to be echoed.
const ECHO_HEADER: &str = "x-mock-echo";

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

    /// The models for `GET /models`.
    pub(super) fn listed_models(&self) -> impl Iterator<Item = &str> {
        self.args
            .models
            .iter()
            .map(String::as_str)
            .filter(|model| *model != "*")
    }

    fn has_model(&self, model: &str) -> bool {
        self.any_model || Order::is_known_model(model) || self.args.models.iter().any(|listed| listed == model)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(bearer) = &self.bearer else {
            return true;
        };
        headers
            .get(AUTHORIZATION)
            .is_some_and(|value| value.as_bytes() == bearer.as_bytes())
    }

    /// How a stream ends: as the model orders, else as the arguments say.
    fn ending(&self, order: Order) -> Ending {
        match (order.ending(), self.args.cut_after, self.args.error_after) {
            (Ending::Done, Some(after), _) => Ending::Cut { after },
            (Ending::Done, None, Some(after)) => Ending::Error { after },
            (ending, _, _) => ending,
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

    /// An error answer.
    pub(super) fn failure(failure: &Failure) -> Self {
        let mut body = Vec::with_capacity(512);
        failure.write(&mut body);
        Self {
            status: failure.status,
            content_type: JSON,
            retry_after: failure.retry_after,
            payload: Payload::Whole(Bytes::from(body)),
        }
    }
}

/// Decides about a chat request. `number` counts requests from 1.
pub(super) fn plan(settings: &Settings, number: u64, headers: &HeaderMap, body: &[u8]) -> Plan {
    if settings.args.hang {
        return Plan::Hang;
    }
    decide(settings, number, headers, body).unwrap_or_else(|failure| Plan::Answer {
        wait: settings.args.delay,
        reply: Reply::failure(&failure),
    })
}

fn decide(settings: &Settings, number: u64, headers: &HeaderMap, body: &[u8]) -> Result<Plan, Failure> {
    let args = &settings.args;
    if !settings.admits(headers) {
        return Err(Failure::invalid_api_key());
    }
    let request = ChatRequest::parse(body)?;
    if !settings.has_model(&request.model) {
        return Err(Failure::model_not_found(&request.model));
    }
    if fails(args.seed, number, args.failure_rate) {
        return Err(Failure::of_status(settings.failure_status).with_retry_after(args.retry_after));
    }
    let order = Order::of_model(&request.model);
    if let Some(failure) = order.failure() {
        return Err(failure);
    }
    let mut wait = args.delay;
    let reply = match order {
        Order::Hang => return Ok(Plan::Hang),
        Order::Garbage => garbage(request.is_stream()),
        Order::Html502 => Reply {
            status: StatusCode::BAD_GATEWAY,
            ..Reply::ok(HTML, HTML_502)
        },
        _ => {
            if let Order::Slow(longer) = order {
                wait = wait.saturating_add(longer);
            }
            let echo = request.echo() || headers.get(ECHO_HEADER).is_some_and(|value| value == "1");
            let echo = echo.then(|| render::echo(headers, body));
            answer(settings, number, &request, order, echo)?
        }
    };
    Ok(Plan::Answer { wait, reply })
}

fn answer(
    settings: &Settings,
    number: u64,
    request: &ChatRequest<'_>,
    order: Order,
    echo: Option<String>,
) -> Result<Reply, Failure> {
    let digest = request.digest()?;
    let answer = Answer::choose(request, &digest, order, number)?;
    let shape = Shape {
        number,
        model: &request.model,
        choices: request.choices(),
        pieces: pieces_wanted(order, settings.args.chunks),
        logprobs: request.logprobs(),
        usage: answer.usage(&digest, request.choices()),
        quirks: settings.quirks,
        echo,
    };
    if !request.is_stream() {
        let body = Bytes::from(render::whole(&shape, &answer));
        let payload = if order == Order::Cut {
            Payload::Torn(body)
        } else {
            Payload::Whole(body)
        };
        return Ok(Reply {
            status: StatusCode::OK,
            content_type: JSON,
            retry_after: None,
            payload,
        });
    }
    let tape = stream::record(&shape, &answer, request.include_usage(), settings.ending(order));
    let delay = if let Order::Drip(delay) = order {
        delay
    } else {
        settings.args.chunk_delay
    };
    Ok(Reply {
        status: StatusCode::OK,
        content_type: EVENT_STREAM,
        retry_after: None,
        payload: Payload::Stream { tape, delay },
    })
}

/// Status 200 and a body that is no JSON; in a stream, an event whose data is none.
fn garbage(is_stream: bool) -> Reply {
    if is_stream {
        Reply::ok(EVENT_STREAM, "data: {\"id\": this is not JSON\n\n")
    } else {
        Reply::ok(JSON, "{\"id\": this is not JSON")
    }
}
