//! What the loop promises.

use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use wharf_types::{Extension, FinishReason, Json, Retryability, Start};

use super::*;

type Batch = Result<Vec<Event>, Error>;

/// An upstream that plays a script.
struct Scripted {
    name: DeploymentName,
    batches: Mutex<Vec<Batch>>,
}

struct Playing(VecDeque<Batch>);

impl EventSource for Playing {
    fn next(&mut self) -> BoxFuture<'_, Batch> {
        let next = self.0.pop_front().unwrap_or_else(|| Ok(Vec::new()));
        async move { next }.boxed()
    }

    fn deadline(&self) -> Instant {
        Instant::now()
    }
}

impl Upstream for Scripted {
    fn deployment(&self) -> &DeploymentName {
        &self.name
    }

    fn generate<'a>(&'a self, _: &'a Request, _: Option<Instant>) -> BoxFuture<'a, Result<Response, Error>> {
        async { Err(Error::new(ErrorKind::Overloaded, "busy")) }.boxed()
    }

    fn stream<'a>(&'a self, _: &'a Request, _: Option<Instant>) -> BoxFuture<'a, Result<Box<dyn EventSource>, Error>> {
        let batches = std::mem::take(&mut *self.batches.lock().unwrap());
        async move { Ok(Box::new(Playing(batches.into())) as Box<dyn EventSource>) }.boxed()
    }
}

fn upstreams(batches: Vec<Batch>) -> Vec<Arc<dyn Upstream>> {
    let name = DeploymentName::new("a").unwrap();
    vec![Arc::new(Scripted {
        name,
        batches: Mutex::new(batches),
    })]
}

async fn run(batches: Vec<Batch>) -> Result<Vec<Batch>, Error> {
    let mut open = stream(&upstreams(batches), &RoundRobin::default(), &Request::default(), None)
        .await?
        .value;
    let mut all = Vec::new();
    loop {
        let next = open.next().await;
        let last = next.as_ref().map_or(true, Vec::is_empty);
        all.push(next);
        if last {
            return Ok(all);
        }
    }
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

#[tokio::test]
async fn an_error_before_the_first_content_is_an_error_and_not_a_broken_stream() {
    let failed = Error::new(ErrorKind::Overloaded, "busy");
    let error = run(vec![Ok(vec![Event::Start(Start::default())]), Err(failed)])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.attempts().len(), 1);
    assert_eq!(
        error.retryability(),
        Retryability::Exhausted,
        "nobody further out may retry"
    );
}

#[tokio::test]
async fn an_error_after_the_first_content_ends_the_stream() {
    let failed = Error::new(ErrorKind::Overloaded, "busy");
    let batches = run(vec![Ok(vec![text("a")]), Err(failed)]).await.unwrap();
    assert_eq!(batches[0].as_ref().unwrap(), &[text("a")]);
    assert_eq!(batches[1].as_ref().unwrap_err().kind(), ErrorKind::Overloaded);
}

#[tokio::test]
async fn nothing_is_lost_or_reordered_on_the_way() {
    let start = Event::Start(Start::default());
    let end = Event::Finish(FinishReason::Stop);
    let script = vec![
        Ok(vec![start.clone()]),
        Ok(vec![text("a"), text("b")]),
        Ok(vec![text("c"), end.clone()]),
    ];
    let all: Vec<Event> = run(script).await.unwrap().into_iter().flatten().flatten().collect();
    assert_eq!(all, [start, text("a"), text("b"), text("c"), end]);
}

#[tokio::test]
async fn an_answer_without_content_is_an_answer() {
    let end = Event::Finish(FinishReason::Stop);
    let batches = run(vec![Ok(vec![end.clone()])]).await.unwrap();
    assert_eq!(batches[0].as_ref().unwrap(), &[end]);
}

#[tokio::test]
async fn a_failed_request_tells_who_said_no() {
    let error = generate(&upstreams(vec![]), &RoundRobin::default(), &Request::default(), None)
        .await
        .unwrap_err();
    assert_eq!(error.attempts()[0].deployment.as_str(), "a");
    let none = generate(&[], &RoundRobin::default(), &Request::default(), None)
        .await
        .unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NoDeployment);
}

#[tokio::test]
async fn a_stream_that_never_says_anything_is_not_held_back_for_ever() {
    let silent = || {
        Event::Extension(Extension {
            kind: "x".into(),
            value: Json("0".repeat(64 << 10)),
        })
    };
    let mut batches = run((0..100).map(|_| Ok(vec![silent()])).collect()).await.unwrap();
    let opening = batches.remove(0).unwrap();
    assert!(opening.len() < 20, "{} events of 64 KiB were held back", opening.len());
    assert_eq!(
        opening.len() + batches.into_iter().flatten().flatten().count(),
        100,
        "none is lost"
    );
}
