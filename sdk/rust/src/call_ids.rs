//! Identifiers of tool calls in a form that the vendor takes.
//!
//! A conversation may have begun with another vendor, whose identifiers are longer or of other characters, or with a
//! server that numbers the calls of each answer from the start. [`CallIds`] goes through the conversation in order and
//! leaves what is fine as it is; anything else becomes another identifier, the same for the call and for its results,
//! and always the same for the same conversation. Two calls never get the same one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::{Message, Part};

/// The length of [`Form::Nine`].
const NINE: usize = 9;

/// Of which characters identifiers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Of any.
    Any,
    /// Of ASCII letters and digits, `-` and `_`.
    Plain,
    /// Exactly nine ASCII letters and digits, whatever the rule says of their length.
    Nine,
}

/// What a vendor takes as an identifier. An empty one is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Of which characters it is.
    pub form: Form,
    /// How many characters it has at most; at least 24.
    pub longest: usize,
    /// Whether no two calls of a conversation may have the same.
    pub unique: bool,
}

impl Rule {
    fn allows(self, id: &str) -> bool {
        let length = id.chars().count();
        match self.form {
            Form::Any => (1..=self.longest).contains(&length),
            Form::Plain => (1..=self.longest).contains(&length) && id.chars().all(is_plain),
            Form::Nine => length == NINE && id.chars().all(|c| c.is_ascii_alphanumeric()),
        }
    }

    /// An identifier that resembles this one: the first `attempt` is its own characters as far as they are allowed, the
    /// later ones differ from each other by a hash. Nine characters leave room for the hash alone.
    fn resembling(self, id: &str, attempt: u32) -> String {
        let plain = id.chars().map(|c| if is_plain(c) { c } else { '_' });
        match attempt {
            _ if self.form == Form::Nine => format!("{:016x}", hash(id, attempt)).chars().take(NINE).collect(),
            0 if id.is_empty() => "call".to_owned(),
            0 => plain.take(self.longest).collect(),
            _ => {
                let beginning: String = plain.take(self.longest.saturating_sub(17)).collect();
                format!("{beginning}_{:016x}", hash(id, attempt))
            }
        }
    }
}

/// The calls of one conversation, in order.
#[derive(Debug)]
pub struct CallIds<'a> {
    rule: Rule,
    /// All identifiers of the conversation: none of them may be made up for another call.
    given: BTreeSet<&'a str>,
    used: BTreeSet<Cow<'a, str>>,
    /// By the given identifier, that of the latest call.
    latest: BTreeMap<&'a str, Cow<'a, str>>,
    /// By the given identifier, which attempt to make up another is the next. Those before it are in use: a conversation
    /// in which every call has the same identifier must not cost the square of their number.
    attempts: BTreeMap<&'a str, u32>,
}

impl<'a> CallIds<'a> {
    /// Of these messages.
    #[must_use]
    pub fn of(messages: &'a [Message], rule: Rule) -> Self {
        let id = |part: &'a Part| match part {
            Part::ToolCall(call) => Some(call.id.as_str()),
            Part::ToolResult(result) => Some(result.call_id.as_str()),
            _ => None,
        };
        Self {
            rule,
            given: messages
                .iter()
                .flat_map(|message| &message.parts)
                .filter_map(id)
                .collect(),
            used: BTreeSet::new(),
            latest: BTreeMap::new(),
            attempts: BTreeMap::new(),
        }
    }

    /// The identifier of the next call of the conversation, which has this one.
    pub fn call(&mut self, id: &'a str) -> Cow<'a, str> {
        let taken = self.rule.unique && self.used.contains(id);
        let valid = if self.rule.allows(id) && !taken {
            Cow::Borrowed(id)
        } else {
            let from = self.attempts.get(id).copied().unwrap_or(0);
            let (attempt, made) = self.made(id, from);
            self.attempts.insert(id, attempt.saturating_add(1));
            made
        };
        self.used.insert(valid.clone());
        self.latest.insert(id, valid.clone());
        valid
    }

    /// The identifier that a result refers to its call by: that of the latest call that has it.
    pub fn result(&self, id: &'a str) -> Cow<'a, str> {
        match self.latest.get(id) {
            Some(valid) => valid.clone(),
            // The vendor will say what it thinks of a result without a call.
            None if self.rule.allows(id) => Cow::Borrowed(id),
            None => self.made(id, 0).1,
        }
    }

    /// An identifier that is free, and which attempt it is.
    fn made(&self, id: &str, from: u32) -> (u32, Cow<'a, str>) {
        let free = |made: &str| !self.given.contains(made) && !self.used.contains(made);
        let mut made = (from..).map(|attempt| (attempt, self.rule.resembling(id, attempt)));
        // Some attempt succeeds: there are more hashes than calls.
        let (attempt, found) = made.find(|(_, made)| free(made)).unwrap_or_default();
        (attempt, Cow::Owned(found))
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// FNV-1a. Collisions are looked for anyway, and the standard library's hashes are not promised to stay the same.
fn hash(id: &str, attempt: u32) -> u64 {
    let bytes = id.bytes().chain(attempt.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, ToolCall};

    const STRICT: Rule = Rule {
        form: Form::Plain,
        longest: 40,
        unique: true,
    };

    fn calls(ids: &[&str]) -> Vec<Message> {
        let call = |id: &&str| {
            Part::ToolCall(ToolCall {
                id: (*id).to_owned(),
                name: "f".to_owned(),
                arguments: "{}".to_owned(),
                extra: None,
            })
        };
        vec![Message {
            role: Role::Assistant,
            name: None,
            parts: ids.iter().map(call).collect(),
            extra: None,
        }]
    }

    fn all(given: &[&str], rule: Rule) -> Vec<String> {
        let messages = calls(given);
        let mut ids = CallIds::of(&messages, rule);
        let mut found = Vec::new();
        for id in given {
            // Results come in the messages' own words too.
            let call = messages[0].parts.iter().find_map(|part| match part {
                Part::ToolCall(call) if call.id == *id => Some(call.id.as_str()),
                _ => None,
            });
            let call = call.unwrap();
            found.push(ids.call(call).into_owned());
            assert_eq!(ids.result(call), *found.last().unwrap(), "a result follows its call");
        }
        found
    }

    #[test]
    fn what_is_fine_stays() {
        let given = ["call_a", "toolu_01-B", "0"];
        assert_eq!(all(&given, STRICT), given);
    }

    #[test]
    fn what_is_not_becomes_something_that_is_and_never_twice() {
        let long = ["x".repeat(50), "x".repeat(51), "é.x".repeat(30)];
        let mut given: Vec<&str> = long.iter().map(String::as_str).collect();
        given.extend(["a/b", "a.b", "a_b", "", "call", "a/b"]);
        let found = all(&given, STRICT);
        let different: BTreeSet<&String> = found.iter().collect();
        assert_eq!(different.len(), found.len(), "{found:?}");
        for id in &found {
            assert!(STRICT.allows(id), "{id}");
        }
        assert_eq!(
            found[5], "a_b",
            "an identifier that is fine is not given to another call"
        );
        assert_eq!(
            found,
            all(&given, STRICT),
            "the same conversation has the same identifiers"
        );
    }

    #[test]
    fn nine_letters_and_digits_are_made_of_anything_else() {
        let nine = Rule {
            form: Form::Nine,
            ..STRICT
        };
        let given = ["D681PevKs", "toolu_01", "call_0", "D681PevK-", "", "call_0"];
        let found = all(&given, nine);
        assert_eq!(found[0], given[0]);
        let different: BTreeSet<&String> = found.iter().collect();
        assert_eq!(different.len(), found.len(), "{found:?}");
        assert!(found.iter().all(|id| nine.allows(id)), "{found:?}");
    }

    #[test]
    fn what_comes_again_is_told_apart_where_the_vendor_wants_it() {
        let given = ["call_0", "call_0"];
        assert_eq!(
            all(
                &given,
                Rule {
                    unique: false,
                    ..STRICT
                }
            ),
            given
        );
        let found = all(&given, STRICT);
        assert_eq!(found[0], "call_0");
        assert!(found[1].starts_with("call_0_"), "{found:?}");
    }

    #[test]
    fn a_result_without_its_call_keeps_its_identifier_if_it_can() {
        let messages = calls(&[]);
        let ids = CallIds::of(&messages, STRICT);
        assert_eq!(ids.result("x"), "x");
        assert_eq!(ids.result("x y"), "x_y");
    }
}
