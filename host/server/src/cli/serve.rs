//! `wharf serve`

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use wharf::Host;
use wharf::config::{self, ProcessEnv};

use super::output::print_line;
use crate::api::App;
use crate::api::body::Memory;
use crate::serve::{Ended, Server};

pub(super) async fn run(path: &Path) -> anyhow::Result<()> {
    let config = config::load(path, &ProcessEnv)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let (listen, server) = (config.listen, config.server.clone());
    let host = Host::start(config).await?;
    let app = App {
        host,
        max_body: server.max_body,
        body_memory: Memory::new(server.max_body),
        draining: AtomicBool::new(false),
    };
    let server = Server::bind(listen, app, server.max_connections, server.drain_timeout)
        .await
        .with_context(|| format!("cannot listen on {listen}; is it in use? `listen:` sets another address"))?;
    print_line(&format!("wharf listening on http://{}", server.local_addr()?))?;
    match server.run(stop_signal()?).await {
        Ended::Drained => tracing::info!("drained"),
        Ended::CutOff(connections) => tracing::warn!(connections, "the drain timeout ended running connections"),
    }
    Ok(())
}

/// Resolves when the process is asked to end.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
