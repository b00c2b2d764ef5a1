//! What the models can do: asked of every provider in the background, now and then, sooner where nobody knew, and at once
//! when a model was pulled or deleted. Until then every deployment is tried.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};
use wharf_policy::{KeyPick, Standing};
use wharf_runtime::CallOptions;

use crate::assemble::Adapter;
use crate::seeds::Seeds;
use crate::snapshot::Snapshot;

/// How long a provider may take to say what a model can do.
const TIMEOUT: Duration = Duration::from_secs(10);
/// After this long a provider that did not know is asked again: a vendor that was down may be up by now.
const SOON: Duration = Duration::from_secs(60);
/// After this long all are asked again: models change under their names.
const LATER: Duration = Duration::from_secs(600);

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
            let changed = Arc::clone(&state.models_changed);
            let _: AbortHandle = tasks.spawn(ask(adapters, standing, changed, seeds.rng()));
        }
        Self { _tasks: tasks }
    }
}

/// Asks about one model after the other, for ever.
async fn ask(adapters: Vec<Arc<Adapter>>, standing: Arc<Standing>, changed: Arc<Notify>, mut rng: SmallRng) {
    loop {
        let mut known = true;
        for adapter in &adapters {
            known &= is_known(adapter, &standing).await;
        }
        let pause = if known { LATER } else { SOON };
        let pause = pause.mul_f64(0.9 + 0.2 * rng.random::<f64>());
        // Either way they are asked.
        let _ = timeout(pause, changed.notified()).await;
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
            adapter.capabilities.store(Some(Arc::new(capabilities)));
            true
        }
        Err(error) => {
            tracing::debug!(deployment = %adapter.deployment.name(), model = adapter.model, %error, "does not know");
            false
        }
    }
}
