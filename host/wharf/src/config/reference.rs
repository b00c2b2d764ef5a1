//! The configuration reference, written from the schema.
//!
//! Decides only the layout: one table for each mapping, in the order of the keys in `raw`. A test compares the result
//! with the document in the repository, so the document cannot fall behind.

use serde_json::Value;

use super::expectation::{expectation, plain};
use super::explain::description;
use super::raw::ERROR_CLASSES;
use super::schema;

const INTRODUCTION: &str = "\
# Configuration reference

This document is generated from the configuration schema; `wharf config schema` prints the schema itself, for editors.

The configuration is one YAML file. Unknown keys, keys written twice, anchors, aliases and tags are refused. `wharf
check` tells all mistakes of a file at once.

- Durations are a number and a unit: `250ms`, `30s`, `10m`, `1h`.
- Sizes are a whole number and a unit: `100B`, `64KiB`, `32MiB`, `1GiB`.
- Values from outside: `${NAME}`, `${NAME:-default}` and `${file:/path}`; `$$` is a dollar sign. A missing variable is a
  mistake. A value without quotes gets its type after the replacement.
- Secrets (`api_key`, `api_keys`, `admin.token`) may also be `{command: \"pass show x\"}`: the first line that the
  command prints. They are never shown.
- Relative paths start at the directory of the file.
";

/// The configuration reference as Markdown. The same build always gives the same text.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = INTRODUCTION.to_owned();
    section("", schema::shared(), &mut out);
    out.push_str("\n## Error classes\n\nThe keys of `fallbacks`:\n\n");
    for class in ERROR_CLASSES {
        out.push_str(&format!("- `{class}`\n"));
    }
    out
}

/// Writes the table of a mapping, then those of the mappings in it.
fn section(path: &str, schema: &Value, out: &mut String) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let heading = if path.is_empty() {
        "Top level".to_owned()
    } else {
        format!("`{path}`")
    };
    out.push_str(&format!("\n## {heading}\n"));
    let about = description(schema);
    if !about.is_empty() {
        out.push_str(&format!("\n{about}\n"));
    }
    out.push_str("\n| Key | Accepts | Default | Meaning |\n|---|---|---|---|\n");
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (key, setting) in properties {
        let default = match setting.get("default") {
            Some(default) => format!("`{}`", plain(default)),
            None if required.contains(&key.as_str()) => "required".to_owned(),
            None => "none".to_owned(),
        };
        let (accepts, meaning) = (cell(&expectation(setting)), cell(description(setting)));
        out.push_str(&format!("| `{key}` | {accepts} | {default} | {meaning} |\n"));
    }
    for (key, setting) in properties {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        inner(&path, setting, out);
    }
}

/// Writes the sections of what a setting may hold.
fn inner(path: &str, schema: &Value, out: &mut String) {
    // The keys of this mapping are a closed list of their own, printed once at the end.
    if path.ends_with(".fallbacks") {
        return;
    }
    section(path, schema, out);
    if let Some(entry) = schema.get("additionalProperties").filter(|entry| entry.is_object()) {
        section(&format!("{path}.<name>"), entry, out);
    }
    if let Some(item) = schema.get("items") {
        section(&format!("{path}[]"), item, out);
    }
    // Of several forms only mappings of more than one key need a table; `{command: …}` says it all.
    for branch in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        for (key, setting) in branch
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            inner(&format!("{path}.{key}"), setting, out);
        }
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mapping_has_a_table_and_every_default_is_shown() {
        let text = reference_markdown();
        for expected in [
            "## Top level",
            "## `ai_services.providers.<name>`",
            "## `ai_services.providers.<name>.limits`",
            "## `ai_services.providers.<name>.isolation.pooled`",
            "## `ai_services.routes.<name>.targets[]`",
            "## `ai_services.routes.<name>.degraded`",
            "## `ai_services.routes.<name>.degraded.last_answer`",
            "## `ai_services.routes.<name>.hedge`",
            "## `ai_services.retry.budget`",
            "| `degraded` | a mapping with at least one entry | none |",
            "| `hedge` | {} or {after: …} | none |",
            "| `failure_ratio` | 0.01 to 1 | `0.5` |",
            "| `max_attempts` | 1 to 10 | `3` |",
            "| `memory` | a size from 1MiB to 4GiB | `64MiB` |",
            "| `ai_services` | a mapping | required |",
            "- `context_length_exceeded`",
        ] {
            assert!(text.contains(expected), "{expected:?} is missing in:\n{text}");
        }
    }

    #[test]
    fn the_text_is_the_same_every_time() {
        assert_eq!(reference_markdown(), reference_markdown());
    }
}
