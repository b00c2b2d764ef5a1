//! The client: asks a route and reads what it answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_policy::ask::{generate, stream};
use wharf_policy::{Access, Answered, Call, CallOptions, OpenStream, RequestTimeouts, Route};
use wharf_types::{Error, Event, Message, Request, Response, Role};

use super::rng;

/// A request that says this.
pub(crate) fn request(text: &str) -> Request {
    Request {
        messages: vec![Message::text(Role::User, text)],
        ..Request::default()
    }
}

/// A caller who has so much time for all of it.
pub(crate) fn within(total: Duration) -> CallOptions {
    CallOptions {
        timeouts: RequestTimeouts {
            total: Some(total),
            ..RequestTimeouts::default()
        },
        ..CallOptions::default()
    }
}

/// A caller who may use these routes and no others.
pub(crate) fn only(routes: &[&str]) -> CallOptions {
    let names: HashSet<String> = routes.iter().map(|name| (*name).to_owned()).collect();
    CallOptions {
        access: Access::Only(Arc::new(names)),
        ..CallOptions::default()
    }
}

/// Asks for a whole answer.
pub(crate) async fn ask(route: &Arc<Route>) -> Result<Answered<Response>, Error> {
    ask_as(route, &CallOptions::default()).await
}

/// The same, as this caller.
pub(crate) async fn ask_as(route: &Arc<Route>, caller: &CallOptions) -> Result<Answered<Response>, Error> {
    generate(route, &request("hello"), Call::new(caller, Instant::now(), rng())).await
}

/// The same, with another request.
pub(crate) async fn ask_for(route: &Arc<Route>, text: &str) -> Result<Answered<Response>, Error> {
    let caller = CallOptions::default();
    generate(route, &request(text), Call::new(&caller, Instant::now(), rng())).await
}

/// Asks for a streamed answer.
pub(crate) async fn open(route: &Arc<Route>) -> Result<Answered<OpenStream>, Error> {
    open_as(route, &CallOptions::default()).await
}

/// The same, as this caller.
pub(crate) async fn open_as(route: &Arc<Route>, caller: &CallOptions) -> Result<Answered<OpenStream>, Error> {
    stream(route, &request("hello"), Call::new(caller, Instant::now(), rng())).await
}

/// The same, with another request.
pub(crate) async fn open_for(route: &Arc<Route>, text: &str) -> Result<Answered<OpenStream>, Error> {
    let caller = CallOptions::default();
    stream(route, &request(text), Call::new(&caller, Instant::now(), rng())).await
}

/// Everything that comes until the end, and the error if there is one.
pub(crate) async fn read(stream: &mut OpenStream) -> (Vec<Event>, Option<Error>) {
    let mut all = Vec::new();
    loop {
        match stream.next().await {
            Ok(events) if events.is_empty() => return (all, None),
            Ok(events) => all.extend(events),
            Err(error) => return (all, Some(error)),
        }
    }
}
