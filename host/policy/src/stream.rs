//! A streamed answer past its commit point, and the way there.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use wharf_types::{Attempt, Error, ErrorKind, Event, Request};

use crate::deadline::Deadline;
use crate::instant::after;
use crate::last_answer::{Fingerprint, Recorder};
use crate::route::{RequestTally, Route};
use crate::target::Answering;
use crate::upstream::{AttemptOptions, EventSource, Upstream};

/// How much may come before the first content and be held back, in bytes. Vendors send less than 4 KiB; a
/// stream that goes on without saying anything is handed out, so that it cannot fill memory.
const MAX_HELD: usize = 1 << 20;

/// A stream past its commit point: nothing of it is asked for again elsewhere.
pub struct OpenStream {
    /// What came before the first content, and the first content itself.
    opening: VecDeque<Event>,
    /// None once the stream has ended, and while somebody waits for it.
    live: Option<Live>,
    ended: bool,
    deadline: Deadline,
}

/// A stream that has not ended. Dropped, it was cancelled.
struct Live {
    /// None: the opening is all there is.
    source: Option<Box<dyn EventSource>>,
    /// Whether it said why it ends. One that has not said so cannot end well.
    finished: bool,
    attempt: Option<Answering>,
    request: Option<RequestTally>,
    /// The attempts that failed before this one.
    history: Vec<Attempt>,
    recording: Option<Recording>,
}

/// Keeps what goes by, for the day on which nothing comes.
struct Recording {
    route: Arc<Route>,
    key: Fingerprint,
    recorder: Recorder,
}

impl std::fmt::Debug for OpenStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenStream")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl OpenStream {
    /// A stream that nobody picked, holds back or counts.
    #[must_use]
    pub fn new(source: Box<dyn EventSource>, deadline: Deadline) -> Self {
        Self::live(VecDeque::new(), Some(source), false, deadline)
    }

    /// A stream that is known already.
    pub(crate) fn replay(events: impl IntoIterator<Item = Event>, deadline: Deadline) -> Self {
        Self::live(events.into_iter().collect(), None, true, deadline)
    }

    fn live(
        opening: VecDeque<Event>,
        source: Option<Box<dyn EventSource>>,
        finished: bool,
        deadline: Deadline,
    ) -> Self {
        Self {
            opening,
            live: Some(Live {
                source,
                finished,
                attempt: None,
                request: None,
                history: Vec::new(),
                recording: None,
            }),
            ended: false,
            deadline,
        }
    }

    /// Opens a stream up to its first content.
    ///
    /// # Errors
    /// Everything that goes wrong until then: there is nothing yet that could not be had elsewhere.
    pub(crate) async fn open(
        upstream: &dyn Upstream,
        request: &Request,
        options: AttemptOptions,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let opening = async {
            let mut source = upstream.stream(request, options).await?;
            let mut opening = VecDeque::new();
            let mut held = 0;
            let mut finished = false;
            loop {
                let events = source.next().await?;
                let ended = events.is_empty();
                if ended && !finished {
                    return Err(unfinished());
                }
                finished |= events.iter().any(Event::is_finish);
                held += events.iter().map(weight).sum::<usize>();
                let committed = held > MAX_HELD || events.iter().any(Event::is_content);
                opening.extend(events);
                if ended {
                    return Ok(Self::live(opening, None, finished, deadline));
                }
                if committed {
                    return Ok(Self::live(opening, Some(source), finished, deadline));
                }
            }
        };
        match timeout_at(deadline.first_token, opening).await {
            Ok(opened) => opened.map_err(|error| deadline.name(error)),
            Err(_) => Err(deadline.no_first_token()),
        }
    }

    pub(crate) fn of_attempt(mut self, attempt: Answering) -> Self {
        if let Some(live) = &mut self.live {
            live.attempt = Some(attempt);
        }
        self
    }

    pub(crate) fn of_request(mut self, request: RequestTally, history: Vec<Attempt>) -> Self {
        if let Some(live) = &mut self.live {
            live.history = history;
            live.request = Some(request);
        }
        self
    }

    pub(crate) fn recorded(mut self, route: Arc<Route>, key: Fingerprint, recorder: Recorder) -> Self {
        if let Some(live) = &mut self.live {
            live.recording = Some(Recording { route, key, recorder });
        }
        self
    }

    /// When it ends at the latest. Whoever holds a stream without asking for more has to let go of it then: it
    /// keeps an instance and a connection to the vendor.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline.at
    }

    /// The next events; empty at the end and ever after. Dropping the future loses the stream.
    ///
    /// # Errors
    /// Whatever ends the stream, its idle timeout included. It is final: nothing is retried after the first
    /// content. `Cancelled` after a future was dropped, so that nobody takes a lost stream for one that ended.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        let Some(mut live) = self.live.take() else {
            let lost = || Error::new(ErrorKind::Cancelled, "the stream was given up while it was read");
            return if self.ended { Ok(Vec::new()) } else { Err(lost()) };
        };
        let next = if self.opening.is_empty() {
            live.next(self.deadline).await
        } else {
            Ok(self.opening.drain(..).collect())
        };
        match next {
            Ok(events) if events.is_empty() => {
                self.ended = true;
                live.ended();
                Ok(events)
            }
            Ok(events) => {
                if let Some(recording) = &mut live.recording {
                    recording.recorder.push(&events);
                }
                self.live = Some(live);
                Ok(events)
            }
            Err(error) => {
                self.ended = true;
                Err(live.broke_off(error))
            }
        }
    }
}

impl Live {
    async fn next(&mut self, deadline: Deadline) -> Result<Vec<Event>, Error> {
        let Some(source) = &mut self.source else {
            return Ok(Vec::new());
        };
        // The gap is the vendor's: it begins when somebody waits, not while a slow client keeps us waiting.
        let silent = after(Instant::now(), deadline.idle);
        let events = match timeout_at(silent.min(deadline.at), source.next()).await {
            Ok(next) => next.map_err(|error| deadline.name(error))?,
            Err(_) if silent < deadline.at => return Err(deadline.silent()),
            Err(_) => return Err(deadline.passed()),
        };
        self.finished |= events.iter().any(Event::is_finish);
        if events.is_empty() && !self.finished {
            return Err(unfinished());
        }
        Ok(events)
    }

    fn ended(self) {
        if let Some(attempt) = self.attempt {
            attempt.ended();
        }
        if let Some(request) = self.request {
            request.succeeded();
        }
        if let Some(recording) = self.recording
            && let (Some(answers), Some(events)) = (&recording.route.degraded.last_answers, recording.recorder.finish())
        {
            answers.put_stream(recording.key, events, Instant::now());
        }
    }

    /// The error with the story of the request; nobody further out retries.
    fn broke_off(self, error: Error) -> Error {
        let mut history = self.history;
        if let Some(attempt) = self.attempt {
            let now = Instant::now();
            history.push(attempt.attempt(error.kind(), now));
            attempt.broke_off(&error, now);
        }
        if let Some(request) = self.request {
            request.failed();
        }
        error.exhausted(history)
    }
}

/// An answer that stops in the middle must not pass for a whole one.
fn unfinished() -> Error {
    Error::new(
        ErrorKind::UpstreamProtocol,
        "the deployment's answer ended without saying that it was complete",
    )
    .with_sent(true)
}

/// Roughly what an event without content takes, in bytes.
fn weight(event: &Event) -> usize {
    let extra = match event {
        Event::Start(start) => start.extra.as_ref(),
        Event::Usage(usage) => usage.extra.as_ref(),
        Event::Extension(extension) => Some(extension),
        Event::Text(_)
        | Event::Reasoning(_)
        | Event::ToolCall(_)
        | Event::Refusal(_)
        | Event::Part(_)
        | Event::Finish(_) => None,
    };
    size_of::<Event>() + extra.map_or(0, |extension| extension.kind.len() + extension.value.0.len())
}
