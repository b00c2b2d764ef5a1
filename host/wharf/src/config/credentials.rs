//! The settings that hold secrets, taken out of the document before anything else looks at it.
//!
//! Decides which settings those are, how their text is found (written in place, `${NAME}`, `${file:…}` or the first
//! line a command prints) and that it goes nowhere else: the document keeps a placeholder, so no later stage can print
//! a secret, not even in a message about a wrong one. A secret of the wrong shape (a number, a list) is refused here
//! for the same reason: the schema check would show the value.

use std::collections::HashMap;

use wharf_runtime::Secret;

use super::document::{Kind, Node};
use super::interpolate::Expander;
use super::pointer::{Pointer, locate};
use super::problem::Report;
use super::scalar::Scalar;

/// What stands in the document in the place of a secret. Any text that the schema accepts would do.
const PLACEHOLDER: &str = "(secret)";

/// How to give a secret, for every message that refuses one.
const FORMS: &str = "write \"${NAME}\", \"${file:/path}\" or {command: \"…\"}";

/// The secrets of one file by their place.
#[derive(Debug, Default)]
pub(crate) struct Credentials(HashMap<Pointer, Secret>);

impl Credentials {
    pub(crate) fn get(&self, pointer: &Pointer) -> Option<Secret> {
        self.0.get(pointer).cloned()
    }
}

/// Whether the setting at this place, or one that it is part of, holds a secret.
pub(crate) fn is_position(pointer: &Pointer) -> bool {
    let mut segments = pointer.segments().iter().map(String::as_str);
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some("admin"), Some("token"), _, _) => true,
        (Some("ai_services"), Some("providers"), Some(_), Some(key)) => matches!(key, "api_key" | "api_keys"),
        _ => false,
    }
}

/// Takes all secrets out of the document.
pub(crate) fn take(root: &mut Node, expander: &mut Expander<'_>, report: &mut Report) -> Credentials {
    let mut taker = Taker {
        expander,
        found: HashMap::new(),
        notes: Vec::new(),
    };
    if let Some(token) = root.child_mut("admin").and_then(|admin| admin.child_mut("token")) {
        taker.one(token, Pointer::of(&["admin", "token"]));
    }
    let providers = root
        .child_mut("ai_services")
        .and_then(|services| services.child_mut("providers"));
    if let Some(Kind::Map(entries)) = providers.map(|providers| &mut providers.kind) {
        for (name, provider) in entries.iter_mut() {
            let at = Pointer::of(&["ai_services", "providers", &name.text]);
            if let Some(key) = provider.child_mut("api_key") {
                taker.one(key, at.child("api_key"));
            }
            if let Some(keys) = provider.child_mut("api_keys") {
                taker.many(keys, &at.child("api_keys"));
            }
        }
    }
    let Taker { found, notes, .. } = taker;
    for (pointer, note) in notes {
        let place = locate(root, &pointer);
        match note {
            Note::Problem(problem, help) => report.problem(&place, None, problem, help),
            Note::Warning(problem, help) => report.warning(&place, problem, help),
        }
    }
    Credentials(found)
}

enum Note {
    Problem(String, String),
    Warning(String, String),
}

struct Taker<'t, 'e> {
    expander: &'t mut Expander<'e>,
    found: HashMap<Pointer, Secret>,
    notes: Vec<(Pointer, Note)>,
}

impl Taker<'_, '_> {
    fn many(&mut self, node: &mut Node, at: &Pointer) {
        match &mut node.kind {
            Kind::Seq(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.one(item, at.child(index.to_string()));
                }
            }
            Kind::Scalar(_) | Kind::Map(_) => {
                self.refuse(
                    at,
                    "a list of keys is expected",
                    "write [\"${FIRST}\", \"${SECOND}\"], or use api_key",
                );
                let mark = node.mark;
                node.kind = Kind::Seq(vec![Node {
                    kind: placeholder(),
                    mark,
                }]);
            }
        }
    }

    fn one(&mut self, node: &mut Node, at: Pointer) {
        let text = match &node.kind {
            Kind::Scalar(scalar) => self.written(scalar, &at),
            Kind::Map(entries) => match entries.as_slice() {
                [
                    (
                        key,
                        Node {
                            kind: Kind::Scalar(command),
                            ..
                        },
                    ),
                ] if key.text == "command" => {
                    // The mapping stays in the document: the command is not secret, only what it prints.
                    if let Some(text) = self.printed(command, &at) {
                        self.keep(text, at);
                    }
                    return;
                }
                // The schema check says what is wrong; of a mapping it shows key names only.
                _ => return,
            },
            Kind::Seq(_) => {
                self.refuse(
                    &at,
                    "one key is expected, not a list",
                    "for several keys of a provider use api_keys",
                );
                None
            }
        };
        node.kind = placeholder();
        if let Some(text) = text {
            self.keep(text, at);
        }
    }

    /// The secret of a scalar, after replacement.
    fn written(&mut self, scalar: &Scalar, at: &Pointer) -> Option<String> {
        let value = scalar.resolve();
        if !value.is_string() {
            let problem = if value.is_null() {
                "nothing is written here"
            } else {
                "a secret must be text"
            };
            self.refuse(at, problem, &format!("put it in quotes, or {FORMS}"));
            return None;
        }
        match self.expander.expand(&scalar.text) {
            Ok(expanded) => {
                if !expanded.substituted && !expanded.text.trim().is_empty() {
                    let problem = "a secret is written in the file, where every copy of the file gives it away";
                    self.notes
                        .push((at.clone(), Note::Warning(problem.to_owned(), FORMS.to_owned())));
                }
                Some(expanded.text)
            }
            Err(failures) => {
                for failure in failures {
                    let help = match failure.variable {
                        Some(name) => format!("set {name} where the host is started, or {FORMS}"),
                        None => failure.help,
                    };
                    self.refuse(at, &failure.problem, &help);
                }
                None
            }
        }
    }

    /// The first line a command prints: password stores put the secret there and notes below it.
    fn printed(&mut self, command: &Scalar, at: &Pointer) -> Option<String> {
        if !command.resolve().is_string() || command.text.trim().is_empty() {
            // Wrong by the schema too (type or length), which is where it is reported.
            return None;
        }
        match self.expander.env().run_command(&command.text) {
            Ok(output) => match String::from_utf8(output) {
                Ok(output) => Some(output.lines().next().unwrap_or_default().to_owned()),
                Err(_) => {
                    self.refuse(
                        at,
                        "the command did not print text",
                        "let it print the secret as its first line",
                    );
                    None
                }
            },
            Err(reason) => {
                self.refuse(
                    at,
                    &format!("the command failed: {reason}"),
                    "run it by hand to see what it needs",
                );
                None
            }
        }
    }

    fn keep(&mut self, text: String, at: Pointer) {
        if text.trim().is_empty() {
            self.refuse(&at, "the secret is empty", FORMS);
        } else if text.chars().any(char::is_control) {
            let help = "a secret is one line of text; check what the variable, file or command holds";
            self.refuse(&at, "the secret holds a line break or another control character", help);
        } else {
            self.found.insert(at, Secret::new(text));
        }
    }

    fn refuse(&mut self, at: &Pointer, problem: &str, help: &str) {
        self.notes
            .push((at.clone(), Note::Problem(problem.to_owned(), help.to_owned())));
    }
}

fn placeholder() -> Kind {
    Kind::Scalar(Scalar {
        text: PLACEHOLDER.to_owned(),
        plain: false,
        origin: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_settings_that_hold_secrets_are_positions() {
        let secret = [
            &["admin", "token"][..],
            &["admin", "token", "command"],
            &["ai_services", "providers", "openai", "api_key"],
            &["ai_services", "providers", "openai", "api_keys", "0"],
        ];
        let open = [
            &[][..],
            &["admin"],
            &["admin", "listen"],
            &["ai_services", "providers", "api_key"],
            &["ai_services", "providers", "openai", "settings", "api_key"],
        ];
        assert!(secret.iter().all(|segments| is_position(&Pointer::of(segments))));
        assert!(open.iter().all(|segments| !is_position(&Pointer::of(segments))));
    }
}
