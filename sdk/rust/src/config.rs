//! The deployment's configuration. A credential is never part of it.

use serde::de::DeserializeOwned;

use crate::bindings::wharf::provider::config as host;
use crate::{Error, ErrorKind};

/// The value of a setting, or `None` when the operator has not set it.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] naming the setting, when its value has another type than `T`.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    let Some(value) = host::get(key) else { return Ok(None) };
    serde_json::from_str(&value).map(Some).map_err(|e| {
        Error::new(
            ErrorKind::InvalidRequest,
            format!("setting `{key}` of the deployment: {e}"),
        )
    })
}

/// All settings at once. `T` mirrors the manifest's `config_schema` plus `base_url`; one call is cheaper
/// than several of [`get`].
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] saying which setting does not fit `T`.
pub fn load<T: DeserializeOwned>() -> Result<T, Error> {
    serde_json::from_str(&host::all())
        .map_err(|e| Error::new(ErrorKind::InvalidRequest, format!("the deployment's settings: {e}")))
}

/// The vendor's address, without a slash at its end.
///
/// # Errors
/// When neither the operator nor the manifest gives one.
pub fn base_url() -> Result<String, Error> {
    let url: Option<String> = get("base_url")?;
    let url = url.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidRequest,
            "the deployment has no `base_url`; set one in its configuration",
        )
    })?;
    Ok(url.trim_end_matches('/').to_owned())
}
