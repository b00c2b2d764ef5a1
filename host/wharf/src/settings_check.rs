//! Checks a deployment's `settings` against the schema in its provider's manifest.

use serde_json::{Map, Value};

/// Every mistake, one line each, with the path of the setting.
pub(crate) fn mistakes(settings: &Map<String, Value>, schema: &str) -> Vec<String> {
    let Ok(schema) = serde_json::from_str::<Value>(schema) else {
        return vec!["the provider's own settings schema is not JSON; tell its author".to_owned()];
    };
    let validator = match jsonschema::validator_for(&schema) {
        Ok(validator) => validator,
        Err(error) => {
            return vec![format!(
                "the provider's own settings schema is not valid: {error}; tell its author"
            )];
        }
    };
    let settings = Value::Object(settings.clone());
    let errors = validator.iter_errors(&settings);
    errors
        .map(|error| {
            format!(
                "settings{}: {error}",
                error.instance_path().to_string().replace('/', ".")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_held_against_the_manifest() {
        let schema = r#"{"type":"object","additionalProperties":false,"properties":{"delay":{"type":"string"}}}"#;
        let settings = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        assert!(mistakes(&settings(r#"{"delay":"1s"}"#), schema).is_empty());
        let wrong = mistakes(&settings(r#"{"delay":1,"dealy":"1s"}"#), schema);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong.iter().any(|m| m.starts_with("settings.delay:")), "{wrong:?}");
    }
}
