//! Models as text: many in columns, one with all that is known of it. Pure.

use super::quantity::{minute, size};
use crate::admin::wire::models::{Model, ModelCapabilities, ModelList, ModelLists, ModelShown};
use crate::cli::table::{Table, printable};

/// A cell that has nothing to say.
const NOTHING: &str = "-";

/// The models of deployments.
pub(super) fn list(lists: &ModelLists) -> String {
    if lists.deployments.is_empty() {
        return "no deployment can tell which models it has\n".to_owned();
    }
    let mut table = Table::new(&["DEPLOYMENT", "MODEL", "SIZE", "LOADED", "MODIFIED (UTC)"]);
    for list in &lists.deployments {
        rows(&mut table, list);
    }
    table.render()
}

fn rows(table: &mut Table, list: &ModelList) {
    let first = || [list.deployment.clone(), nothing()];
    if let Some(error) = &list.error {
        table.note(first(), &format!("not known: {}", error.message));
    } else if list.models.is_empty() {
        table.note(first(), "has no models");
    }
    for model in &list.models {
        table.row([
            list.deployment.clone(),
            model.id.clone(),
            model.size.map_or_else(nothing, size),
            loaded(model),
            modified(model),
        ]);
    }
}

fn nothing() -> String {
    NOTHING.to_owned()
}

fn loaded(model: &Model) -> String {
    match model.loaded {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => nothing(),
    }
}

fn modified(model: &Model) -> String {
    model.created.and_then(minute).unwrap_or_else(nothing)
}

/// One model.
pub(super) fn one(shown: &ModelShown) -> String {
    let model = &shown.model;
    let can = &shown.capabilities;
    let tokens = |count: Option<u64>| count.map(|count| format!("{count} tokens"));
    let known = |text: String| Some(text).filter(|text| text != NOTHING);
    let facts = [
        ("model", Some(model.id.clone())),
        ("deployment", Some(shown.deployment.clone())),
        ("owner", model.owner.clone()),
        ("size", model.size.map(size)),
        ("loaded", known(loaded(model))),
        ("modified", known(modified(model)).map(|at| format!("{at} UTC"))),
        ("context", tokens(can.context_tokens)),
        (
            "output",
            tokens(can.max_output_tokens).map(|count| format!("at most {count}")),
        ),
        ("can", those(can, Some(true))),
        ("cannot", those(can, Some(false))),
        ("unknown", those(can, None)),
    ];
    let line = |(name, fact): (&str, Option<String>)| Some(format!("{name:10}  {}\n", printable(&fact?)));
    facts.into_iter().filter_map(line).collect()
}

/// What the model can do, or cannot, or nobody knows.
fn those(can: &ModelCapabilities, wanted: Option<bool>) -> Option<String> {
    let all = [
        ("streaming", can.streaming),
        ("tools", can.tools),
        ("parallel tools", can.parallel_tools),
        ("images", can.images),
        ("JSON Schema", can.json_schema),
        ("thinking", can.thinking),
    ];
    let found = all.iter().filter(|(_, known)| *known == wanted);
    let names: Vec<&str> = found.map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn listed(deployments: Value) -> String {
        list(&serde_json::from_value(json!({ "deployments": deployments })).unwrap())
    }

    #[test]
    fn models_are_listed_with_size_load_and_date() {
        let nothing = json!({"id": "gpt-4", "created": null, "owner": "openai", "size": null, "loaded": null});
        let small = json!({
            "id": "llama3.2:1b", "created": 1_727_273_039, "owner": null, "size": 1_321_098_329, "loaded": true,
            "extra": {"details": {}},
        });
        let large = json!({
            "id": "hf.co/x/y:Q4_K_M", "created": 0, "owner": null, "size": 4_661_224_676_u64, "loaded": false,
        });
        let told = listed(json!([
            {"deployment": "local", "models": [small, large]},
            {"deployment": "openai", "models": [nothing]},
            {"deployment": "new", "models": []},
            {"deployment": "gone", "models": [], "error": {"message": "nobody\nthere"}},
        ]));
        let expected = "\
DEPLOYMENT  MODEL             SIZE    LOADED  MODIFIED (UTC)
local       llama3.2:1b       1.3 GB  yes     2024-09-25 14:03
local       hf.co/x/y:Q4_K_M  4.7 GB  no      1970-01-01 00:00
openai      gpt-4             -       -       -
new         -                 has no models
gone        -                 not known: nobody there
";
        assert_eq!(told, expected);
        assert_eq!(listed(json!([])), "no deployment can tell which models it has\n");
    }

    #[test]
    fn of_one_model_only_what_is_known_is_shown() {
        let shown = json!({
            "deployment": "local",
            "model": {"id": "m\u{1b}[2J", "created": 1_727_273_039, "owner": null, "size": 5, "loaded": null},
            "capabilities": {
                "streaming": true, "tools": true, "parallel_tools": null, "images": false, "json_schema": true,
                "thinking": null, "context_tokens": 131_072, "max_output_tokens": null,
            },
        });
        let expected = "\
model       m [2J
deployment  local
size        5 B
modified    2024-09-25 14:03 UTC
context     131072 tokens
can         streaming, tools, JSON Schema
cannot      images
unknown     parallel tools, thinking
";
        assert_eq!(one(&serde_json::from_value(shown).unwrap()), expected);
    }
}
