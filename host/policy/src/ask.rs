//! The questions a route answers: for an answer, whole or in pieces, for vectors, for a number of tokens. When
//! everything has failed, an answer may be a degraded one, and says so.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_types::{
    DeploymentName, EmbedRequest, EmbedResponse, Error, Event, FinishReason, Part, Request, Response, Start,
    TokenCount, Usage,
};

use crate::attempt::{Journey, Success, chain};
use crate::call::Call;
use crate::classify::is_outage;
use crate::deadline::Deadline;
use crate::exchange::{Counted, Embedded, Streamed, Whole};
use crate::last_answer::LastAnswers;
use crate::route::{Route, count};
use crate::stream::OpenStream;

/// A successful outcome and how it came about.
#[derive(Debug)]
pub struct Answered<T> {
    /// The outcome.
    pub value: T,
    /// Who answered; none where nobody did and the answer is a degraded one of the host's own.
    pub deployment: Option<DeploymentName>,
    /// How many attempts were made, on all routes together.
    pub attempts: u32,
    /// Set where it is not the answer that was asked for.
    pub degraded: Option<Degraded>,
}

/// What was answered in place of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Degraded {
    /// The answer of another route.
    Route(String),
    /// The last good answer to the same request.
    LastAnswer {
        /// How old it is.
        age: Duration,
    },
    /// A text of the operator's.
    Text,
}

impl Degraded {
    /// Its name in headers, metadata and labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::LastAnswer { .. } => "last_answer",
            Self::Text => "text",
        }
    }
}

/// How long a client may take for a degraded stream, which needs no vendor and no instance.
const REPLAY: Duration = Duration::from_secs(60);

/// Answers a request whole. Dropping the future cancels it in whatever it is doing.
///
/// # Errors
/// The last attempt's error with the history of all attempts; `NoDeployment` and its like when nobody could be
/// asked.
pub async fn generate(route: &Arc<Route>, request: &Request, mut call: Call<'_>) -> Result<Answered<Response>, Error> {
    let mut journey = Journey::new(&mut call);
    let answers = last_answers(route, journey.call);
    let key = answers.map(|answers| (answers, answers.fingerprint(request, false)));
    let error = match chain::<Whole>(route, request, &mut journey).await {
        Ok(success) => {
            if let Some((answers, key)) = key {
                answers.put_whole(key, &success.answer, Instant::now());
            }
            return Ok(success.whole(&journey, None));
        }
        Err(error) => error,
    };
    if !is_outage(&error) {
        return Err(error.exhausted(journey.history));
    }
    if let Some(cheaper) = permitted(route, &journey)
        && let Ok(success) = chain::<Whole>(cheaper, request, &mut journey).await
    {
        count(&route.counts.degraded);
        let degraded = Degraded::Route(cheaper.name().to_owned());
        return Ok(success.whole(&journey, Some(degraded)));
    }
    let (value, degraded) =
        if let Some((answer, age)) = key.and_then(|(answers, key)| answers.whole(key, Instant::now())) {
            (Response::clone(&answer), Degraded::LastAnswer { age })
        } else if let Some(text) = &route.degraded.text {
            (text_response(text), Degraded::Text)
        } else {
            return Err(error.exhausted(journey.history));
        };
    count(&route.counts.degraded);
    Ok(journey.own(value, degraded))
}

/// Opens a streamed answer, up to its first content. Dropping the future cancels it.
///
/// # Errors
/// As [`generate`], also for an error that comes after the vendor's 200 but before any content.
pub async fn stream(route: &Arc<Route>, request: &Request, mut call: Call<'_>) -> Result<Answered<OpenStream>, Error> {
    let mut journey = Journey::new(&mut call);
    let answers = last_answers(route, journey.call);
    let key = answers.map(|answers| (answers, answers.fingerprint(request, true)));
    let error = match chain::<Streamed>(route, request, &mut journey).await {
        Ok(mut success) => {
            if let Some((answers, key)) = key {
                success.answer = success.answer.recorded(Arc::clone(route), key, answers.recorder());
            }
            return Ok(success.streamed(&mut journey, None));
        }
        Err(error) => error,
    };
    if !is_outage(&error) {
        return Err(error.exhausted(journey.history));
    }
    if let Some(cheaper) = permitted(route, &journey)
        && let Ok(success) = chain::<Streamed>(cheaper, request, &mut journey).await
    {
        count(&route.counts.degraded);
        let degraded = Degraded::Route(cheaper.name().to_owned());
        return Ok(success.streamed(&mut journey, Some(degraded)));
    }
    let now = Instant::now();
    let (events, degraded) = if let Some((events, age)) = key.and_then(|(answers, key)| answers.stream(key, now)) {
        (events.to_vec(), Degraded::LastAnswer { age })
    } else if let Some(text) = &route.degraded.text {
        (text_events(text), Degraded::Text)
    } else {
        return Err(error.exhausted(journey.history));
    };
    count(&route.counts.degraded);
    let deadline = Deadline::within(REPLAY, now);
    Ok(journey.own(OpenStream::replay(events, deadline), degraded))
}

/// Embeds texts. There are no degraded answers: vectors of another model would mean something else.
///
/// # Errors
/// As [`generate`].
pub async fn embed(
    route: &Arc<Route>,
    request: &EmbedRequest,
    mut call: Call<'_>,
) -> Result<Answered<EmbedResponse>, Error> {
    let mut journey = Journey::new(&mut call);
    match chain::<Embedded>(route, request, &mut journey).await {
        Ok(success) => Ok(success.whole(&journey, None)),
        Err(error) => Err(error.exhausted(journey.history)),
    }
}

/// Counts the input tokens that a request would cost.
///
/// # Errors
/// As [`generate`].
pub async fn count_tokens(
    route: &Arc<Route>,
    request: &Request,
    mut call: Call<'_>,
) -> Result<Answered<TokenCount>, Error> {
    let mut journey = Journey::new(&mut call);
    match chain::<Counted>(route, request, &mut journey).await {
        Ok(success) => Ok(success.whole(&journey, None)),
        Err(error) => Err(error.exhausted(journey.history)),
    }
}

/// The last answers, for a caller to whom an answer without something is none: what others did without they may not get.
fn last_answers<'r>(route: &'r Route, call: &Call<'_>) -> Option<&'r LastAnswers> {
    let answers = route.degraded.last_answers.as_ref();
    answers.filter(|_| !call.options.drop_unsupported)
}

/// The route for degraded answers, if the caller may use it and has time left.
fn permitted<'r>(route: &'r Route, journey: &Journey<'_, '_>) -> Option<&'r Arc<Route>> {
    let cheaper = route.degraded.route.as_ref()?;
    let permitted = journey.call.options.access.permits(cheaper.name());
    let late = journey.call.deadline.is_some_and(|deadline| Instant::now() >= deadline);
    (permitted && !late).then_some(cheaper)
}

impl<'a, 'c> Journey<'a, 'c> {
    fn new(call: &'a mut Call<'c>) -> Self {
        Self {
            call,
            history: Vec::new(),
            made: 0,
        }
    }

    /// An answer that no deployment gave.
    fn own<T>(self, value: T, degraded: Degraded) -> Answered<T> {
        Answered {
            value,
            deployment: None,
            attempts: self.made,
            degraded: Some(degraded),
        }
    }
}

impl<T> Success<T> {
    fn whole(self, journey: &Journey<'_, '_>, degraded: Option<Degraded>) -> Answered<T> {
        self.request.succeeded();
        Answered {
            value: self.answer,
            deployment: Some(self.deployment),
            attempts: journey.made,
            degraded,
        }
    }
}

impl Success<OpenStream> {
    fn streamed(self, journey: &mut Journey<'_, '_>, degraded: Option<Degraded>) -> Answered<OpenStream> {
        Answered {
            value: self
                .answer
                .of_request(self.request, std::mem::take(&mut journey.history)),
            deployment: Some(self.deployment),
            attempts: journey.made,
            degraded,
        }
    }
}

fn text_response(text: &str) -> Response {
    Response {
        id: None,
        model: None,
        parts: vec![Part::text(text)],
        finish: FinishReason::Stop,
        usage: Usage::default(),
        extra: None,
    }
}

fn text_events(text: &str) -> Vec<Event> {
    vec![
        Event::Start(Start::default()),
        Event::Text(text.to_owned()),
        Event::Finish(FinishReason::Stop),
    ]
}
