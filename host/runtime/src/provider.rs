//! A loaded provider: compiled, linked, and asked what it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::Component;
use wharf_types::{Features, Manifest};

use crate::exports::Exports;
use crate::inspect::{NotAProvider, Outline};

/// A provider that calls can be made to. Immutable; shared by all deployments that use it.
pub struct Provider {
    pub(crate) exports: Exports,
    /// What it says about itself.
    pub manifest: Manifest,
    /// Where it was loaded from.
    pub path: PathBuf,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// What it imports and exports.
    pub outline: Outline,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("manifest", &self.manifest)
            .field("digest", &self.digest)
            .finish()
    }
}

/// Why a file could not be loaded: which file, what is wrong, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file in hex, if it could be read.
    pub digest: Option<String>,
    /// What is wrong.
    #[source]
    pub problem: LoadProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadProblem {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is too large.
    #[error("it has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It is no provider for this host.
    #[error(transparent)]
    NotAProvider(#[from] NotAProvider),
    /// It does not compile.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// Something it imports is offered, but not like that.
    #[error("it does not fit this host: {0}")]
    Link(String),
    /// Its first instance failed, or it could not say what it is.
    #[error("it failed its trial run: {0}")]
    Trial(String),
    /// What it says about itself makes no sense.
    #[error("its manifest is not valid: {0}")]
    Manifest(String),
}

impl LoadProblem {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Read(_) => "check that the file exists and that the host may read it",
            Self::TooLarge { .. } => "build it for size (opt-level \"s\", lto, strip), or raise the limit",
            Self::NotAProvider(problem) => problem.remedy(),
            Self::Compile(_) => "build the component again; if it stays, report it to the provider's author",
            Self::Link(_) => "rebuild the provider with the SDK of this host's version",
            Self::Trial(_) => {
                "the provider's `describe` must work without network and settings; `--log info` shows what it wrote"
            }
            Self::Manifest(_) => "tell the provider's author",
        }
    }
}

/// What loading has found out so far.
pub(crate) struct Candidate<'a> {
    pub(crate) path: &'a Path,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) outline: Outline,
}

impl Provider {
    pub(crate) fn new(candidate: Candidate<'_>, exports: Exports, manifest: Manifest) -> Arc<Self> {
        let Candidate {
            path,
            digest,
            size,
            outline,
        } = candidate;
        Arc::new(Self {
            exports,
            manifest,
            path: path.to_owned(),
            digest,
            size,
            outline,
        })
    }

    /// Which optional interfaces it has.
    #[must_use]
    pub fn features(&self) -> Features {
        self.exports.features()
    }
}

/// Compiles. Takes seconds for large files: never on an async thread.
pub(crate) fn compile(engine: &wasmtime::Engine, bytes: &[u8]) -> Result<Component, LoadProblem> {
    Component::from_binary(engine, bytes).map_err(|e| LoadProblem::Compile(format!("{e:#}")))
}
