//! What a provider says about itself.

use wharf_types as host;

use super::json;
use crate::bindings::wharf::provider::types as wit;

/// # Errors
/// What is wrong with the manifest, for the operator and the provider's author.
pub(crate) fn manifest(manifest: wit::Manifest) -> Result<host::Manifest, String> {
    let name = &manifest.name;
    let lower = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if name.is_empty() || name.len() > 64 || !lower {
        return Err(format!("its name `{name}` is not 1 to 64 of the characters a-z 0-9 -"));
    }
    let credential = match manifest.credential {
        wit::Credential::None => host::CredentialScheme::None,
        wit::Credential::Bearer => host::CredentialScheme::Bearer,
        wit::Credential::Header(name) => host::CredentialScheme::Header(name),
        wit::Credential::Query(name) => host::CredentialScheme::Query(name),
        wit::Credential::Other(scheme) => {
            return Err(format!(
                "it wants the credential attached as `{scheme}`, which this host does not know"
            ));
        }
    };
    Ok(host::Manifest {
        name: manifest.name,
        version: manifest.version,
        vendor: manifest.vendor,
        description: manifest.description,
        base_url: manifest.base_url,
        credential,
        credential_required: manifest.credential_required,
        config_schema: host::Json(manifest.config_schema),
        homepage: manifest.homepage,
    })
}

pub(crate) fn capabilities(value: wit::ModelCapabilities) -> host::Capabilities {
    host::Capabilities {
        streaming: support(value.streaming),
        tools: support(value.tools),
        parallel_tools: support(value.parallel_tools),
        images: support(value.images),
        json_schema: support(value.json_schema),
        thinking: support(value.thinking),
        context_tokens: value.context_tokens,
        max_output_tokens: value.max_output_tokens,
        extra: json(value.extra),
    }
}

pub(crate) fn health(value: wit::HealthStatus) -> host::HealthStatus {
    host::HealthStatus { message: value.message }
}

fn support(value: wit::Support) -> host::Support {
    match value {
        wit::Support::Yes => host::Support::Yes,
        wit::Support::No => host::Support::No,
        wit::Support::Unknown => host::Support::Unknown,
    }
}
