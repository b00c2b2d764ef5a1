//! The runtime: one engine, one linker, and loading.
//!
//! Order of loading, each step with its own error: size → format → contract version → imports → compile →
//! link and look for exports → trial instance, types of the exports, and `describe` under limits. A file that fails is left out; everything else goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wharf::provider::{config, log};
use crate::call::CallOptions;
use crate::deployment::{Deployment, DeploymentError, DeploymentOptions};
use crate::engine::{Engine, EngineConfig, EngineError};
use crate::exports::Exports;
use crate::inspect;
use crate::instance::Instance;
use crate::outbound::{Outbound, OutboundOptions, TrustedRoots};
use crate::provider::{Candidate, LoadError, LoadProblem, Provider, compile};
use crate::settings::Settings;
use crate::state::State;
use crate::{Limits, convert};

/// The largest component file, in bytes. Python components have 20 MiB; three times that leaves room.
const MAX_FILE: u64 = 64 << 20;
/// How long a trial run may take. `describe` returns constants.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Loads providers and runs their calls.
pub struct Runtime {
    engine: Arc<Engine>,
    linker: Linker<State>,
    roots: TrustedRoots,
    /// One compilation at a time: each uses all cores and much memory. Held across the compilation, which
    /// nothing on the path of a request waits for.
    compiling: Mutex<()>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("free_slots", &self.engine.free_slots())
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts the engine.
    ///
    /// # Errors
    /// When the machine has no room for the pool, or the cache directory cannot be used.
    pub fn new(config: &EngineConfig) -> Result<Self, EngineError> {
        let engine = Arc::new(Engine::new(config)?);
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(EngineError::new)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(EngineError::new)?;
        config::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(EngineError::new)?;
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(EngineError::new)?;
        Ok(Self {
            engine,
            linker,
            roots: TrustedRoots::default(),
            compiling: Mutex::new(()),
        })
    }

    /// Loads a file.
    ///
    /// # Errors
    /// The first step of loading that failed, with the file, its digest, and what to do.
    pub async fn load(&self, path: &Path) -> Result<Arc<Provider>, LoadError> {
        let mut digest = None;
        let loaded = self.load_steps(path, &mut digest).await;
        loaded.map_err(|problem| LoadError {
            path: path.to_owned(),
            digest,
            problem,
        })
    }

    async fn load_steps(&self, path: &Path, found: &mut Option<String>) -> Result<Arc<Provider>, LoadProblem> {
        let size = tokio::fs::metadata(path).await?.len();
        if size > MAX_FILE {
            return Err(LoadProblem::TooLarge { size, limit: MAX_FILE });
        }
        let bytes = tokio::fs::read(path).await?;
        let digest = hex(&Sha256::digest(&bytes));
        *found = Some(digest.clone());
        let outline = inspect::outline(&bytes)?;
        outline.check()?;

        let component = {
            let _alone = self.compiling.lock().await;
            let engine = self.engine.wasmtime().clone();
            let compiling = tokio::task::spawn_blocking(move || compile(&engine, &bytes));
            compiling.await.map_err(|e| LoadProblem::Compile(e.to_string()))??
        };
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|e| LoadProblem::Link(format!("{e:#}")))?;
        let exports = Exports::find(pre, outline.features())?;
        let manifest = self.trial(&exports).await?;
        Ok(Provider::new(
            Candidate {
                path,
                digest,
                size,
                outline,
            },
            exports,
            manifest,
        ))
    }

    /// Checks what only an instance shows, and runs `describe` with no network and default limits.
    async fn trial(&self, exports: &Exports) -> Result<wharf_types::Manifest, LoadProblem> {
        let failed = |e: &dyn std::fmt::Display| LoadProblem::Trial(e.to_string());
        let outbound = Outbound::new(&OutboundOptions::default(), &self.roots).map_err(|e| failed(&e))?;
        let limits = Limits::default();
        let deadline = Instant::now() + TRIAL_TIMEOUT;
        let settings = Arc::new(Settings::default());
        let parts = crate::instance::Parts {
            limits: &limits,
            settings: &settings,
            outbound: &Arc::new(outbound),
        };
        let mut instance = Instance::start(&self.engine, exports, "trial", parts, 0, CallOptions::until(deadline))
            .await
            .map_err(|e| trial_error(&e))?;
        instance.check(exports)?;
        let manifest = instance.describe(deadline).await.map_err(|e| trial_error(&e))?;
        convert::manifest(manifest).map_err(LoadProblem::Manifest)
    }

    /// Makes a deployment of a provider.
    ///
    /// # Errors
    /// When the options do not fit together or do not fit the provider.
    pub fn deploy(&self, provider: &Arc<Provider>, options: DeploymentOptions) -> Result<Deployment, DeploymentError> {
        Deployment::new(Arc::clone(&self.engine), Arc::clone(provider), options, &self.roots)
    }

    /// Calls that could get an instance now.
    #[must_use]
    pub fn free_instances(&self) -> usize {
        self.engine.free_slots()
    }
}

/// A trial's failure with its innermost reason, which is what the author needs.
fn trial_error(error: &wharf_types::Error) -> LoadProblem {
    let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
    LoadProblem::Trial(format!("{}{detail}", error.message()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
