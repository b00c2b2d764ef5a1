//! The models of a server: those on its disk (`GET /api/tags`) with which of them are in memory (`GET /api/ps`), and
//! one of them with all that is known about it (`POST /api/show`).

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Capabilities, Error, Model};

use crate::settings::Settings;
use crate::{capabilities, error, residual, time};

/// What `/api/ps` repeats of `/api/tags`.
const REPEATED: [&str; 3] = ["name", "model", "details"];

/// Reads both lists. Without the second nobody knows what is in memory.
///
/// # Errors
/// A protocol error when one of them is no list of models.
pub fn list(tags: &str, running: Option<&str>) -> Result<Vec<Model>, Error> {
    let running = running.map(entries).transpose()?;
    let all = entries(tags)?.into_iter();
    all.map(|one| model(one, running.as_deref())).collect()
}

/// Reads the metadata of a model, and what it can do.
///
/// # Errors
/// A protocol error when the body is no metadata.
pub fn show(id: String, body: &str, settings: &Settings) -> Result<(Model, Capabilities), Error> {
    let capabilities = capabilities::parse(body, settings)?;
    let mut top = Object::parse(body)?;
    let model = Model {
        id,
        created: take_time(&mut top),
        owner: None,
        size: None,
        loaded: None,
        extra: top.rest(),
    };
    Ok((model, capabilities))
}

fn entries(body: &str) -> Result<Vec<Object<'_>>, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = error::carried(&top, body) {
        return Err(error);
    }
    if !top.contains("models") {
        let problem = "the vendor's answer has no `models`; is `base_url` the address of an Ollama server?";
        return Err(Error::protocol(problem));
    }
    Ok(top.take("models")?.unwrap_or_default())
}

fn model(mut one: Object<'_>, running: Option<&[Object<'_>]>) -> Result<Model, Error> {
    let id = name(&one).ok_or_else(|| Error::protocol("the vendor lists a model without a name"))?;
    // Both are the name to ask for it by; where they differ the other one is kept.
    for field in ["model", "name"] {
        if one.peek::<String>(field).as_ref() == Some(&id) {
            one.take_raw(field);
        }
    }
    let found = running.map(|running| running.iter().find(|other| name(other).as_ref() == Some(&id)));
    let mut memory = found.flatten().cloned().unwrap_or_default();
    for field in REPEATED {
        memory.take_raw(field);
    }
    Ok(Model {
        created: take_time(&mut one),
        owner: None,
        size: one.take_if::<Option<u64>>("size").flatten(),
        loaded: found.map(|found| found.is_some()),
        extra: residual::text(&one, "running", &memory),
        id,
    })
}

/// The name to ask for a model by. Older servers have only the second.
fn name(one: &Object<'_>) -> Option<String> {
    let names = ["model", "name"].into_iter();
    names
        .filter_map(|field| one.peek::<String>(field))
        .find(|name| !name.is_empty())
}

/// Takes out when the model was changed last. What is no time stays among the rest.
fn take_time(object: &mut Object<'_>) -> Option<u64> {
    let seconds = time::seconds(&object.peek::<String>("modified_at")?)?;
    object.take_raw("modified_at");
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::ErrorKind;

    use super::*;

    const TAGS: &str = r#"{"models":[{"name":"a:1b","model":"a:1b","size":5},{"name":"b"}]}"#;

    fn loaded(running: Option<&str>) -> Vec<Option<bool>> {
        let models = list(TAGS, running).unwrap();
        models.into_iter().map(|model| model.loaded).collect()
    }

    #[test]
    fn a_model_is_loaded_if_it_is_in_the_other_list() {
        assert_eq!(loaded(None), [None, None], "nobody said so");
        assert_eq!(loaded(Some(r#"{"models":[]}"#)), [Some(false), Some(false)]);
        assert_eq!(loaded(Some(r#"{"models":null}"#)), [Some(false), Some(false)]);
        let one = r#"{"models":[{"name":"b","size_vram":7},{"name":"gone"}]}"#;
        assert_eq!(loaded(Some(one)), [Some(false), Some(true)]);
    }

    #[test]
    fn what_is_known_of_the_running_model_is_kept_apart() {
        let running = r#"{"models":[{"name":"a:1b","model":"a:1b","size":6,"details":{},"digest":"d","size_vram":6}]}"#;
        let found = list(TAGS, Some(running)).unwrap();
        assert_eq!((found[0].id.as_str(), found[0].size), ("a:1b", Some(5)));
        let kept = r#"{"running":{"size":6,"digest":"d","size_vram":6}}"#;
        assert_eq!(found[0].extra.as_deref(), Some(kept));
        assert_eq!((found[1].id.as_str(), found[1].extra.as_deref()), ("b", None));
    }

    #[test]
    fn a_second_name_is_kept() {
        let found = list(r#"{"models":[{"name":"Shown","model":"asked"}]}"#, None).unwrap();
        assert_eq!(found[0].id, "asked");
        assert_eq!(found[0].extra.as_deref(), Some(r#"{"name":"Shown"}"#));
    }

    #[test]
    fn a_time_that_is_none_is_kept() {
        let tags = r#"{"models":[{"name":"a","modified_at":"0001-01-01T00:00:00Z"}]}"#;
        let found = list(tags, None).unwrap();
        assert_eq!(found[0].created, None);
        assert_eq!(
            found[0].extra.as_deref(),
            Some(r#"{"modified_at":"0001-01-01T00:00:00Z"}"#)
        );
    }

    #[test]
    fn what_is_no_list_is_no_answer() {
        for body in [
            "<html>",
            "{}",
            r#"{"data":[]}"#,
            r#"{"models":1}"#,
            r#"{"models":[{}]}"#,
        ] {
            assert_eq!(list(body, None).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
        assert!(list(TAGS, Some("<html>")).is_err());
    }
}
