//! Deployments out of configuration entries and loaded providers.

use std::sync::Arc;

use wharf_runtime::{
    AllowEntry, Deployment, DeploymentOptions, Limits, OutboundOptions, OutboundTimeouts, Provider, Runtime,
};
use wharf_types::{CredentialScheme, DeploymentName};

use super::usize_of;
use crate::config::{CredentialOverride, DeploymentConfig};
use crate::discover::Plugins;
use crate::settings_check;

pub(super) fn provider_of(entry: &DeploymentConfig, plugins: &Plugins) -> Result<Arc<Provider>, String> {
    if let Some(provider) = plugins.providers.get(&entry.component) {
        return Ok(Arc::clone(provider));
    }
    if let Some(failure) = plugins.failures.get(&entry.component) {
        return Err(format!(
            "its component `{}` could not be loaded: {}",
            entry.component, failure.problem
        ));
    }
    let known: Vec<&str> = plugins.providers.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "it holds none".to_owned()
    } else {
        format!("it holds {}", known.join(", "))
    };
    Err(format!(
        "the plugin directory has no component `{}` ({known}); set `component:`, or add {}.wasm",
        entry.component, entry.component
    ))
}

/// Makes one deployment.
pub(crate) fn deploy(
    runtime: &Runtime,
    entry: &DeploymentConfig,
    provider: &Arc<Provider>,
) -> Result<Deployment, String> {
    let mistakes = settings_check::mistakes(&entry.settings, &provider.manifest.config_schema.0);
    if !mistakes.is_empty() {
        return Err(mistakes.join("; "));
    }
    let name = DeploymentName::new(&entry.name).map_err(|e| e.to_string())?;
    let allow: Result<Vec<AllowEntry>, String> = entry.allow_hosts.iter().map(|host| AllowEntry::parse(host)).collect();
    let ca_pem = match &entry.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|e| format!("ca_file {}: {e}", path.display()))?),
        None => None,
    };
    let timeouts = &entry.timeouts;
    let outbound = OutboundOptions {
        base_url: entry.base_url.clone(),
        allow: allow?,
        private: entry.private,
        scheme: CredentialScheme::None,
        secrets: entry.api_keys.clone(),
        timeouts: OutboundTimeouts {
            connect: timeouts.connect.min(timeouts.total),
            // Of a whole answer nothing comes before all of it. A stream's first token is the attempt loop's affair.
            first_byte: timeouts.total,
            idle: timeouts.idle,
        },
        ca_pem,
        proxy: entry.proxy,
    };
    let limits = &entry.limits;
    let options = DeploymentOptions {
        name,
        settings: entry.settings.clone(),
        limits: Limits {
            memory: usize_of(limits.memory),
            cpu: limits.cpu,
            table_elements: limits.tables as usize,
            handles: limits.handles as usize,
            headers: usize_of(limits.headers),
            transfer: usize_of(limits.request),
            response: limits.response,
            stream: limits.stream,
        },
        outbound,
        scheme: entry.credential.as_ref().map(scheme),
    };
    runtime.deploy(provider, options).map_err(|e| e.to_string())
}

fn scheme(credential: &CredentialOverride) -> CredentialScheme {
    match credential {
        CredentialOverride::None => CredentialScheme::None,
        CredentialOverride::Bearer => CredentialScheme::Bearer,
        CredentialOverride::Header(name) => CredentialScheme::Header(name.clone()),
        CredentialOverride::Query(name) => CredentialScheme::Query(name.clone()),
    }
}
