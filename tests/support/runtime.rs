//! One runtime for all tests of a program, each guest loaded once; and short ways to say what most tests say.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use wharf_runtime::{
    CallOptions, Deployment, DeploymentOptions, EngineConfig, Limits, OutboundOptions, Provider, Runtime,
};
use wharf_types::{DeploymentName, Json, Message, Request, Role};

use crate::guests;

/// The model that tests ask for; no guest looks at it.
pub const MODEL: &str = "test-model";
/// Enough for everything that does not hang, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| start(64));
/// Guests that are loaded. Held while one is loading, so that no two tests compile the same.
static LOADED: LazyLock<Mutex<HashMap<String, Arc<Provider>>>> = LazyLock::new(Mutex::default);

fn start(instances: u32) -> Runtime {
    // Compiling is most of the time these tests take.
    let cache_dir = Some(crate::root().join("target/tmp/compiled-guests"));
    let config = EngineConfig {
        instances,
        cache_dir,
        ..EngineConfig::default()
    };
    Runtime::new(&config).expect("the engine must start")
}

/// The runtime that all tests of this program share.
#[must_use]
pub fn shared() -> &'static Runtime {
    &RUNTIME
}

/// A runtime of one's own that can run this many calls at once.
#[must_use]
pub fn with_instances(instances: u32) -> Runtime {
    start(instances)
}

/// A guest in the shared runtime.
///
/// # Panics
/// When it cannot be loaded.
pub async fn provider(guest: &str) -> Arc<Provider> {
    let mut loaded = LOADED.lock().await;
    if let Some(provider) = loaded.get(guest) {
        return Arc::clone(provider);
    }
    let provider = load(shared(), guest).await;
    loaded.insert(guest.to_owned(), Arc::clone(&provider));
    provider
}

async fn load(runtime: &Runtime, guest: &str) -> Arc<Provider> {
    match runtime.load(&guests::path(guest)).await {
        Ok(provider) => provider,
        Err(error) => panic!("the guest must load: {error}; {}", error.problem.remedy()),
    }
}

/// A deployment of a guest in the shared runtime, with what `adjust` makes of the default options.
///
/// # Panics
/// When there can be no such deployment.
pub async fn deploy(guest: &str, adjust: impl FnOnce(&mut DeploymentOptions)) -> Deployment {
    let provider = provider(guest).await;
    let mut options = options(guest);
    adjust(&mut options);
    shared()
        .deploy(&provider, options)
        .expect("the deployment must be possible")
}

/// A deployment of a guest in another runtime.
///
/// # Panics
/// When there can be no such deployment.
pub async fn deploy_in(runtime: &Runtime, guest: &str) -> Deployment {
    let provider = load(runtime, guest).await;
    runtime
        .deploy(&provider, options(guest))
        .expect("the deployment must be possible")
}

/// Default options, except that no proxy of the environment gets between a test and its upstream.
#[must_use]
pub fn options(name: &str) -> DeploymentOptions {
    DeploymentOptions {
        name: DeploymentName::new(name).expect("the names of guests are names of deployments"),
        settings: Map::new(),
        limits: Limits::default(),
        outbound: OutboundOptions {
            proxy: false,
            ..OutboundOptions::default()
        },
        scheme: None,
    }
}

/// A request with these options.
#[must_use]
pub fn asking(options: &[(&str, Value)]) -> Request {
    let options = options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Json(value.to_string())))
        .collect();
    Request {
        options,
        ..saying("hello")
    }
}

/// A request of one message.
#[must_use]
pub fn saying(text: &str) -> Request {
    Request {
        messages: vec![Message::text(Role::User, text)],
        dialect: "wharf".to_owned(),
        ..Request::default()
    }
}

/// A call with a deadline this far away.
#[must_use]
pub fn within(time: Duration) -> CallOptions {
    CallOptions::until(Instant::now() + time)
}

/// A call with a deadline that only a hang reaches.
#[must_use]
pub fn patiently() -> CallOptions {
    within(PATIENCE)
}
