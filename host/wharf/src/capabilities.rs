//! What the models can do: asked of every provider once, in the background, and again later where nobody knew. Until
//! then every deployment is tried.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep};
use wharf_policy::{KeyPick, Standing};
use wharf_runtime::CallOptions;

use crate::assemble::Adapter;
use crate::seeds::Seeds;
use crate::snapshot::Snapshot;

/// How long a provider may take to say what a model can do.
const TIMEOUT: Duration = Duration::from_secs(10);
/// After this long a provider that did not know is asked again; a vendor that is down then is up by now, or a model that
/// was missing has been pulled.
const AGAIN: Duration = Duration::from_secs(60);

/// The running questions. Dropped, they end.
#[derive(Debug)]
pub(crate) struct Questions {
    _tasks: JoinSet<()>,
}

impl Questions {
    /// Begins to ask every deployment of the snapshot about its models.
    pub(crate) fn begin(snapshot: &Snapshot, seeds: &Seeds) -> Self {
        let mut tasks = JoinSet::new();
        for state in snapshot.deployments.iter().filter(|state| !state.adapters.is_empty()) {
            let (adapters, standing) = (state.adapters.clone(), Arc::clone(&state.standing));
            let _: AbortHandle = tasks.spawn(ask(adapters, standing, seeds.rng()));
        }
        Self { _tasks: tasks }
    }
}

/// Asks about one model after the other, until all are known.
async fn ask(mut adapters: Vec<Arc<Adapter>>, standing: Arc<Standing>, mut rng: SmallRng) {
    loop {
        let mut unknown = Vec::new();
        for adapter in adapters {
            if !is_known(&adapter, &standing).await {
                unknown.push(adapter);
            }
        }
        if unknown.is_empty() {
            return;
        }
        adapters = unknown;
        sleep(AGAIN.mul_f64(0.9 + 0.2 * rng.random::<f64>())).await;
    }
}

async fn is_known(adapter: &Adapter, standing: &Standing) -> bool {
    let now = Instant::now();
    let KeyPick::Use(key) = standing.peek_key(now) else {
        return false;
    };
    let options = CallOptions {
        key,
        ..CallOptions::until(now + TIMEOUT)
    };
    match adapter.deployment.capabilities(Some(&adapter.model), options).await {
        Ok(capabilities) => {
            tracing::debug!(deployment = %adapter.deployment.name(), model = adapter.model, ?capabilities, "knows");
            // Somebody else may have been told the same.
            let _ = adapter.capabilities.set(capabilities);
            true
        }
        Err(error) => {
            tracing::debug!(deployment = %adapter.deployment.name(), model = adapter.model, %error, "does not know");
            false
        }
    }
}
