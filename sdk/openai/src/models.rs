//! The list of models.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Model};

/// Reads the body of a 200 answer to `GET /models`. Some servers leave the object out and answer with its `data`.
///
/// # Errors
/// A protocol error when it is not a list of models, and the vendor's own error when it carries one.
pub fn list(body: &str) -> Result<Vec<Model>, Error> {
    let data: Vec<&RawValue> = if body.trim_start().starts_with('[') {
        serde_json::from_str(body).map_err(|e| Error::protocol(format!("the vendor's JSON: {e}")))?
    } else {
        let mut top = Object::parse(body)?;
        if let Some(error) = top.take_raw("error").filter(|e| e.get() != "null") {
            return Err(Error::from_event(&format!(r#"{{"error":{error}}}"#)));
        }
        // Some servers write null where there is nothing.
        if !top.contains("data") {
            return Err(Error::protocol(
                "the vendor's answer has no `data`; is `base_url` the right address?",
            ));
        }
        top.take("data")?.unwrap_or_default()
    };
    data.into_iter().map(|raw| model(raw.get())).collect()
}

/// The one of this name. Compatible servers seldom have an address for one model, so it is looked for in the list.
///
/// # Errors
/// [`ErrorKind::NotFound`] when it is not there, and those of [`list`].
pub fn find(body: &str, id: &str) -> Result<Model, Error> {
    let missing = || Error {
        sent: true,
        ..Error::new(ErrorKind::NotFound, format!("the vendor has no model `{id}`"))
    };
    list(body)?.into_iter().find(|model| model.id == id).ok_or_else(missing)
}

/// One model. Azure calls the time of its making by another name.
fn model(json: &str) -> Result<Model, Error> {
    let mut fields = Object::parse(json)?;
    let id = fields
        .take("id")?
        .ok_or_else(|| Error::protocol("the vendor lists a model without an `id`"))?;
    if fields.peek::<String>("object").is_some_and(|word| word == "model") {
        fields.take_raw("object");
    }
    // Bookkeeping of a wrong type does not cost the list; it stays among the rest.
    let created = fields.take_if::<Option<u64>>("created").flatten();
    let created = created.or_else(|| fields.take_if::<Option<u64>>("created_at").flatten());
    Ok(Model {
        id,
        created,
        owner: fields.take_if::<Option<String>>("owned_by").flatten(),
        size: None,
        loaded: None,
        extra: fields.rest(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(body: &str) -> Vec<String> {
        list(body).unwrap().into_iter().map(|model| model.id).collect()
    }

    #[test]
    fn a_model_keeps_what_nobody_mapped() {
        let body = r#"{"object":"list","data":[
            {"id":"m","object":"model","created":7,"owned_by":"openai","max_model_len":4096}]}"#;
        let found = list(body).unwrap();
        assert_eq!(
            found,
            [Model {
                id: "m".into(),
                created: Some(7),
                owner: Some("openai".into()),
                size: None,
                loaded: None,
                extra: Some(r#"{"max_model_len":4096}"#.into()),
            }]
        );
    }

    #[test]
    fn azure_tells_the_time_by_another_name() {
        let found = find(r#"{"data":[{"id":"m","created_at":7,"status":"succeeded"}]}"#, "m").unwrap();
        assert_eq!(found.created, Some(7));
        assert_eq!(found.extra.as_deref(), Some(r#"{"status":"succeeded"}"#));
    }

    #[test]
    fn servers_that_leave_things_out_are_understood() {
        assert_eq!(ids(r#"[{"id":"a"},{"id":"b","created":null}]"#), ["a", "b"]);
        assert_eq!(ids(r#"{"object":"list","data":null}"#), [""; 0]);
        let odd = find(r#"{"data":[{"id":"a","created":"2024","owned_by":7}]}"#, "a").unwrap();
        assert_eq!(odd.extra.as_deref(), Some(r#"{"created":"2024","owned_by":7}"#));
    }

    #[test]
    fn a_model_that_is_not_listed_is_not_found() {
        let error = find(r#"{"data":[{"id":"a"}]}"#, "b").unwrap_err();
        assert_eq!((error.kind, error.sent), (ErrorKind::NotFound, true));
        assert!(error.message.contains("`b`"), "{}", error.message);
    }

    #[test]
    fn what_is_not_a_list_says_where_to_look() {
        for body in ["<html>", "{}", r#"{"data":"x"}"#, r#"{"data":[{}]}"#, "[1]", ""] {
            assert_eq!(list(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
        let error = list(r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#).unwrap_err();
        assert_eq!(error.kind, ErrorKind::RateLimited);
    }
}
