//! Names of deployments and routes.
//!
//! Decides which characters they may have: those that survive unchanged in a URL, a log line and a metric label. `/`
//! is kept free, since `deployment/model` pins a deployment.

use super::Context;
use crate::config::pointer::Pointer;

/// The longest name, in bytes. 128: metric labels and log lines stay readable, and no vendor's model name is longer.
const MAX_NAME: usize = 128;

/// Reports a name that cannot be used.
pub(super) fn check(name: &str, what: &str, at: &Pointer, context: &mut Context<'_>) {
    if let Some(reason) = wrong(name) {
        context.problem(
            at,
            format!("a {what} cannot have this name: {reason}"),
            format!("use 1 to {MAX_NAME} of the characters A-Z a-z 0-9 . _ : -"),
        );
    }
}

fn wrong(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > MAX_NAME {
        return Some(format!("it has {} bytes", name.len()));
    }
    name.chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-')))
        .map(|c| format!("it holds {c:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_characters_that_need_no_escaping() {
        for name in ["openai", "gpt-3.5-turbo", "llama3:8b", "A_b", &"x".repeat(128)] {
            assert_eq!(wrong(name), None, "{name:?}");
        }
        for name in ["", "a/b", "a b", "ä", "a\n", "a\"b", &"x".repeat(129)] {
            assert!(wrong(name).is_some(), "{name:?}");
        }
    }
}
