//! The list of models, which comes in pages.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Model};

use crate::error;

/// The first page, as large as the vendor makes them.
pub(crate) const FIRST_PAGE: &str = "/models?pageSize=1000";
/// The most pages that are read. The vendor has less than a hundred models; tuned ones are an account's own.
pub(crate) const MAX_PAGES: usize = 20;

/// The page that a token of the vendor's leads to.
pub(crate) fn next_page(token: &str) -> String {
    let mut path = format!("{FIRST_PAGE}&pageToken=");
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// Reads a page, and the token of the next one.
///
/// # Errors
/// A protocol error when it is not a list of models, and the vendor's own error when it carries one.
pub fn page(body: &str) -> Result<(Vec<Model>, Option<String>), Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = top.take_raw("error").filter(|error| error.get() != "null") {
        return Err(error::in_answer(&format!(r#"{{"error":{error}}}"#)));
    }
    // A page can be empty, and the vendor leaves out what is empty.
    let models: Vec<&RawValue> = top.take("models")?.unwrap_or_default();
    let models: Result<Vec<Model>, Error> = models.into_iter().map(|raw| one(raw.get())).collect();
    let token: Option<String> = top.take("nextPageToken")?;
    Ok((models?, token.filter(|token| !token.is_empty())))
}

/// Reads one model. Its name is the one to ask for it by, which needs no `models/`.
///
/// # Errors
/// A protocol error when it is none.
pub fn one(json: &str) -> Result<Model, Error> {
    let mut fields = Object::parse(json)?;
    let name: String = fields
        .take("name")?
        .ok_or_else(|| Error::protocol("the vendor lists a model without a `name`"))?;
    Ok(Model {
        id: name.strip_prefix("models/").unwrap_or(&name).to_owned(),
        created: None,
        owner: None,
        size: None,
        loaded: None,
        extra: fields.rest(),
    })
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::ErrorKind;

    use super::*;

    #[test]
    fn a_token_cannot_lead_anywhere_else() {
        assert_eq!(next_page("Ab-1._~"), "/models?pageSize=1000&pageToken=Ab-1._~");
        assert_eq!(
            next_page("a/b&key=x ü="),
            "/models?pageSize=1000&pageToken=a%2Fb%26key%3Dx%20%C3%BC%3D"
        );
    }

    #[test]
    fn the_last_page_has_no_token() {
        assert_eq!(page("{}").unwrap(), (Vec::new(), None));
        assert_eq!(page(r#"{"models":[],"nextPageToken":""}"#).unwrap().1, None);
        assert_eq!(page(r#"{"nextPageToken":"t"}"#).unwrap().1.as_deref(), Some("t"));
    }

    #[test]
    fn a_tuned_model_keeps_its_path() {
        assert_eq!(one(r#"{"name":"tunedModels/mine"}"#).unwrap().id, "tunedModels/mine");
        assert_eq!(one("{}").unwrap_err().kind, ErrorKind::Protocol);
    }
}
