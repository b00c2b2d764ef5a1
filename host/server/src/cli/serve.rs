//! `wharf serve`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use wharf::Host;
use wharf::config::{self, ProcessEnv};

use super::output::print_line;
use crate::admin;
use crate::api::body::Memory;
use crate::api::{self, App};
use crate::serve::{self, Ended, Listener};

pub(super) async fn run(path: &Path) -> anyhow::Result<()> {
    let config = config::load(path, &ProcessEnv)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let (listen, admin, server) = (config.listen, config.admin.clone(), config.server.clone());
    let host = Host::start(config).await?;
    let app = Arc::new(App {
        host,
        max_body: server.max_body,
        body_memory: Memory::new(server.max_body),
        draining: AtomicBool::new(false),
    });
    let public = Listener::bind(listen, api::router(Arc::clone(&app)), server.max_connections)
        .await
        .with_context(|| format!("cannot listen on {listen}; is it in use? `listen:` sets another address"))?;
    let admin_at = admin.listen;
    let router = admin::router(Arc::clone(&app), admin.token);
    let admin = Listener::bind(admin_at, router, admin::MAX_CONNECTIONS)
        .await
        .with_context(|| {
            format!(
                "the admin API cannot listen on {admin_at}; is it in use? `admin.listen:` sets another address, with \
                 port 0 any free one"
            )
        })?;
    let stop = stop_signal()?;
    print_line(&format!("wharf listening on http://{}", public.local_addr()?))?;
    print_line(&format!("wharf admin listening on http://{}", admin.local_addr()?))?;
    let begin_drain = || {
        app.draining.store(true, Ordering::Relaxed);
        app.host.close();
    };
    match serve::run(public, admin, stop, begin_drain, server.drain_timeout).await {
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
