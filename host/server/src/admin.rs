//! The admin API: what routes and deployments do, the reset of breakers, and the models that vendors have. On an
//! address of its own, so that it can stay closed to those who may only ask models.

mod access;
mod asked;
mod models;
mod pull;
mod reset;
mod state;
pub(crate) mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::{Method, StatusCode, Uri};
use serde::Serialize;
use wharf::Secret;

use crate::api::body::Memory;
use crate::api::{App, headers};
pub(crate) use access::guarded;

/// Where the state is.
pub(crate) const STATE: &str = "/admin/v1/state";
/// Where breakers are reset.
pub(crate) const RESET: &str = "/admin/v1/breakers/reset";
/// Where the models of deployments are listed, and deleted.
pub(crate) const MODELS: &str = "/admin/v1/models";
/// Where one model is shown.
pub(crate) const SHOW: &str = "/admin/v1/models/show";
/// Where a vendor is told to fetch a model.
pub(crate) const PULL: &str = "/admin/v1/models/pull";
/// Connections served at once. Operators and their tools are few.
pub(crate) const MAX_CONNECTIONS: usize = 64;
/// The largest body of a request, in bytes.
const MAX_BODY: u64 = 64 << 10;

/// What every handler needs.
struct Admin {
    app: Arc<App>,
    /// Apart from that of the public API, which may be full just when an operator looks after it.
    memory: Arc<Memory>,
}

/// All routes of the admin address. With a token, every request has to present it.
pub(crate) fn router(app: Arc<App>, token: Option<Secret>) -> Router {
    let admin = Admin {
        app,
        memory: Memory::new(MAX_BODY),
    };
    let routes = Router::new()
        .route(STATE, get(show_state))
        .route(RESET, post(reset::handle))
        .route(MODELS, get(models::list).delete(models::delete))
        .route(SHOW, get(models::show))
        .route(PULL, post(pull::handle))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(admin));
    guarded(routes, token)
}

/// `GET /admin/v1/state`
async fn show_state(State(admin): State<Arc<Admin>>) -> Response {
    json(StatusCode::OK, &state::render(&admin.app.host.state(), wall_time()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a date for people and for comparing with logs; nothing is decided by it"
)]
fn wall_time() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

async fn no_such_path(method: Method, uri: Uri) -> Response {
    let message = format!(
        "There is no {method} {}. There is GET {STATE}, POST {RESET}, GET and DELETE {MODELS}, GET {SHOW} and \
         POST {PULL}.",
        uri.path()
    );
    Refusal::new(StatusCode::NOT_FOUND, message).response()
}

async fn no_such_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} cannot be asked with {method}.", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).response()
}

/// A JSON answer.
fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Plain structures of strings and numbers always serialize.
    headers::json(status, serde_json::to_string(body).unwrap_or_default())
}

/// A request that was not granted.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    fn response(self) -> Response {
        let error = wire::FailureText { message: self.message };
        json(self.status, &wire::Failure { error })
    }
}
