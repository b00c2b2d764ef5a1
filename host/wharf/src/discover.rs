//! The plugin directory: every `*.wasm` in it is a provider, by the name of its file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_runtime::{LoadError, Provider, Runtime};

/// What a directory held.
#[derive(Debug, Default)]
pub struct Plugins {
    /// The providers by file stem.
    pub providers: BTreeMap<String, Arc<Provider>>,
    /// The files that are none, with the reason, by file stem.
    pub failures: BTreeMap<String, LoadError>,
}

/// The plugin files of a directory, sorted by name.
///
/// # Errors
/// When the directory cannot be read.
pub fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name a file is known by.
#[must_use]
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Loads all providers of a directory. A file that cannot be loaded never stops the others.
///
/// # Errors
/// When the directory cannot be read.
pub async fn load(runtime: &Runtime, directory: &Path) -> io::Result<Plugins> {
    let mut plugins = Plugins::default();
    for path in files(directory)? {
        match runtime.load(&path).await {
            Ok(provider) => {
                tracing::info!(file = %path.display(), name = provider.manifest.name, version = provider.manifest.version, "plugin loaded");
                plugins.providers.insert(stem(&path), provider);
            }
            Err(error) => {
                tracing::error!("plugin left out: {error}; {}", error.problem.remedy());
                plugins.failures.insert(stem(&path), error);
            }
        }
    }
    Ok(plugins)
}
