//! A vendor that plays a script, one turn for each attempt, and remembers what it saw of them.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use wharf_policy::{AttemptOptions, EventSource, Upstream};
use wharf_types::{
    Capabilities, DeploymentName, Error, ErrorKind, Event, Features, FinishReason, Part, Request, Response, Start,
    TokenCount, Usage,
};

/// What the vendor does with one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    wait: Duration,
    deed: Deed,
}

#[derive(Debug, Clone)]
enum Deed {
    /// Both whole and in pieces: head, text, end.
    Answer(String),
    /// In pieces only.
    Play(Vec<Step>),
    Fail(Error),
    Hang,
}

/// A step of a streamed answer. After the last one the stream ends well.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// These events come together.
    Say(Vec<Event>),
    /// Nothing comes for so long.
    Pause(Duration),
    /// The stream breaks off.
    Break(Error),
    /// Nothing comes any more.
    Hang,
}

impl Turn {
    /// The same, after so long.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    async fn wait(&self) {
        if !self.wait.is_zero() {
            sleep(self.wait).await;
        }
    }
}

fn at_once(deed: Deed) -> Turn {
    Turn {
        wait: Duration::ZERO,
        deed,
    }
}

/// This text is the answer.
pub(crate) fn answer(text: &str) -> Turn {
    at_once(Deed::Answer(text.to_owned()))
}

/// The answer comes in these pieces.
pub(crate) fn play(steps: impl IntoIterator<Item = Step>) -> Turn {
    at_once(Deed::Play(steps.into_iter().collect()))
}

/// There is no answer but an error of this kind.
pub(crate) fn fail(kind: ErrorKind) -> Turn {
    fail_with(failure(kind))
}

/// There is no answer but this error.
pub(crate) fn fail_with(error: Error) -> Turn {
    at_once(Deed::Fail(error))
}

/// There is no answer, ever.
pub(crate) fn hang() -> Turn {
    at_once(Deed::Hang)
}

/// An error of a vendor that had the request, without a status.
pub(crate) fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "as the script says").with_sent(true)
}

/// 503, come back later.
pub(crate) fn busy(retry_after: Duration) -> Error {
    failure(ErrorKind::Overloaded)
        .with_upstream(Some(503), None, None)
        .with_retry_after(Some(retry_after))
}

/// 429, come back later.
pub(crate) fn limited(retry_after: Duration) -> Error {
    failure(ErrorKind::RateLimited)
        .with_upstream(Some(429), None, None)
        .with_retry_after(Some(retry_after))
}

/// 401, 402 or 403: this key is no good.
pub(crate) fn refused(status: u16) -> Error {
    let kind = match status {
        401 => ErrorKind::Unauthenticated,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        other => panic!("{other} is not the refusal of a key"),
    };
    failure(kind).with_upstream(Some(status), None, None)
}

/// These events come together.
pub(crate) fn say(events: impl Into<Vec<Event>>) -> Step {
    Step::Say(events.into())
}

/// The head of a stream.
pub(crate) fn start() -> Event {
    Event::Start(Start::default())
}

/// Content.
pub(crate) fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

/// The regular end.
pub(crate) fn stop() -> Event {
    Event::Finish(FinishReason::Stop)
}

/// What the vendor saw of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// When it came.
    pub(crate) at: Instant,
    /// With which key.
    pub(crate) key: usize,
    /// When it was to end.
    pub(crate) deadline: Instant,
    /// How long the connection may take.
    pub(crate) connect: Option<Duration>,
    /// Whether it may do without what it cannot do.
    pub(crate) drop_unsupported: bool,
}

/// A scripted vendor: a deployment of the same name.
pub(crate) struct Vendor {
    name: DeploymentName,
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    calls: Arc<Calls>,
    places: Option<Arc<Semaphore>>,
    capabilities: Option<Arc<Capabilities>>,
}

struct Script {
    turns: VecDeque<Turn>,
    otherwise: Turn,
}

#[derive(Default)]
struct Calls {
    running: AtomicUsize,
    peak: AtomicUsize,
    dropped: AtomicUsize,
}

impl Vendor {
    /// One that answers with its own name.
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: DeploymentName::new(name).expect("a test names its vendors well"),
            script: Mutex::new(Script {
                turns: VecDeque::new(),
                otherwise: answer(name),
            }),
            seen: Mutex::default(),
            calls: Arc::default(),
            places: None,
            capabilities: None,
        })
    }

    /// One that is known to be able to do this.
    pub(crate) fn that_can(self: Arc<Self>, capabilities: Capabilities) -> Arc<Self> {
        let mut vendor = Arc::into_inner(self).expect("nobody else knows it yet");
        vendor.capabilities = Some(Arc::new(capabilities));
        Arc::new(vendor)
    }

    /// On a host that can run only so many attempts at once.
    pub(crate) fn with_places(self: Arc<Self>, places: &Arc<Semaphore>) -> Arc<Self> {
        let mut vendor = Arc::into_inner(self).expect("nobody else knows it yet");
        vendor.places = Some(Arc::clone(places));
        Arc::new(vendor)
    }

    /// The next turn of the script.
    pub(crate) fn then(self: Arc<Self>, turn: Turn) -> Arc<Self> {
        held(&self.script).turns.push_back(turn);
        self
    }

    /// Every turn after the script's last.
    pub(crate) fn otherwise(self: Arc<Self>, turn: Turn) -> Arc<Self> {
        held(&self.script).otherwise = turn;
        self
    }

    /// Every turn from now on.
    pub(crate) fn change(&self, turn: Turn) {
        let mut script = held(&self.script);
        script.turns.clear();
        script.otherwise = turn;
    }

    /// Attempts so far.
    pub(crate) fn calls(&self) -> usize {
        held(&self.seen).len()
    }

    /// Everything it saw of them, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        held(&self.seen).clone()
    }

    /// The keys they came with, in their order.
    pub(crate) fn keys(&self) -> Vec<usize> {
        self.seen().iter().map(|seen| seen.key).collect()
    }

    /// When they came, counted from `start`.
    pub(crate) fn times(&self, start: Instant) -> Vec<Duration> {
        self.seen().iter().map(|seen| seen.at - start).collect()
    }

    /// Attempts that it is busy with.
    pub(crate) fn running(&self) -> usize {
        self.calls.running.load(Ordering::Relaxed)
    }

    /// The most attempts that it was busy with at a time.
    pub(crate) fn peak(&self) -> usize {
        self.calls.peak.load(Ordering::Relaxed)
    }

    /// Attempts that were dropped before it was done with them.
    pub(crate) fn dropped(&self) -> usize {
        self.calls.dropped.load(Ordering::Relaxed)
    }

    fn begin(&self, options: AttemptOptions) -> (Turn, Busy) {
        held(&self.seen).push(Seen {
            at: Instant::now(),
            key: options.key,
            deadline: options.deadline,
            connect: options.connect,
            drop_unsupported: options.drop_unsupported,
        });
        let running = self.calls.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.calls.peak.fetch_max(running, Ordering::Relaxed);
        let mut script = held(&self.script);
        let turn = script.turns.pop_front();
        let busy = Busy {
            calls: Arc::clone(&self.calls),
            done: false,
            _place: options.place,
        };
        (turn.unwrap_or_else(|| script.otherwise.clone()), busy)
    }
}

/// Held for a look or a change.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The vendor is busy with an attempt. Dropped before it was done, somebody cancelled it.
struct Busy {
    calls: Arc<Calls>,
    done: bool,
    _place: Option<OwnedSemaphorePermit>,
}

impl Busy {
    fn is_done(&mut self) {
        self.done = true;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.calls.running.fetch_sub(1, Ordering::Relaxed);
        if !self.done {
            self.calls.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Upstream for Vendor {
    fn deployment(&self) -> &DeploymentName {
        &self.name
    }

    fn places(&self) -> Option<&Arc<Semaphore>> {
        self.places.as_ref()
    }

    fn capabilities(&self) -> Option<Arc<Capabilities>> {
        self.capabilities.clone()
    }

    fn features(&self) -> Features {
        Features {
            tokens: true,
            ..Features::default()
        }
    }

    fn count_tokens<'a>(&'a self, _: &'a Request, options: AttemptOptions) -> BoxFuture<'a, Result<TokenCount, Error>> {
        let (turn, mut busy) = self.begin(options);
        async move {
            turn.wait().await;
            let result = match turn.deed {
                Deed::Answer(text) => Ok(TokenCount {
                    input_tokens: text.len() as u64,
                    extra: None,
                }),
                Deed::Fail(error) => Err(error),
                Deed::Hang | Deed::Play(_) => pending().await,
            };
            busy.is_done();
            result
        }
        .boxed()
    }

    fn generate<'a>(&'a self, _: &'a Request, options: AttemptOptions) -> BoxFuture<'a, Result<Response, Error>> {
        let (turn, mut busy) = self.begin(options);
        async move {
            turn.wait().await;
            let result: Result<Response, Error> = match turn.deed {
                Deed::Answer(text) => Ok(response(&text)),
                Deed::Fail(error) => Err(error),
                Deed::Hang => pending().await,
                Deed::Play(_) => panic!("{}: this turn is for a stream", self.name),
            };
            busy.is_done();
            result
        }
        .boxed()
    }

    fn stream<'a>(
        &'a self,
        _: &'a Request,
        options: AttemptOptions,
    ) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        let (turn, mut busy) = self.begin(options);
        async move {
            turn.wait().await;
            let steps: VecDeque<Step> = match turn.deed {
                Deed::Answer(said) => [start(), text(&said), stop()].map(|event| say([event])).into(),
                Deed::Play(steps) => steps.into(),
                Deed::Fail(error) => {
                    busy.is_done();
                    return Err(error);
                }
                Deed::Hang => pending().await,
            };
            let source: Box<dyn EventSource> = Box::new(Playing { steps, busy });
            Ok(source)
        }
        .boxed()
    }
}

/// A stream on its way.
struct Playing {
    steps: VecDeque<Step>,
    busy: Busy,
}

impl EventSource for Playing {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        async move {
            loop {
                match self.steps.pop_front() {
                    Some(Step::Say(events)) => return Ok(events),
                    Some(Step::Pause(wait)) => sleep(wait).await,
                    Some(Step::Break(error)) => {
                        self.busy.is_done();
                        return Err(error);
                    }
                    Some(Step::Hang) => pending().await,
                    None => {
                        self.busy.is_done();
                        return Ok(Vec::new());
                    }
                }
            }
        }
        .boxed()
    }
}

fn response(text: &str) -> Response {
    Response {
        id: None,
        model: None,
        parts: vec![Part::text(text)],
        finish: FinishReason::Stop,
        usage: Usage::default(),
        extra: None,
    }
}
