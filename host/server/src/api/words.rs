//! Errors about a request in the words of the client's API.
//!
//! The host and its providers speak of their own request: its fields have the host's names, and its messages are
//! counted as the host has them. The client may call a field otherwise and have written several items where the host
//! has one message; it should hear of what it wrote.

use wharf::{Error, Part, Request};

/// What an API calls the host's request.
pub(super) struct Words<P> {
    /// Names of the host's, each with the client's. The first that fits counts, so the longer come first.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// The field of a message or an item that has what a tool answered; `None` where it is a part with its own content.
    pub(super) answer: Option<&'static str>,
    /// Where a message of the host's is in the client's request, or one of its parts; `None` where it is called the same.
    pub(super) place: P,
}

impl<P: Fn(usize, Option<usize>) -> Option<String>> Words<P> {
    /// The error as the client should hear it.
    pub(super) fn of(&self, error: Error) -> Error {
        let Some(ours) = error.param() else {
            return error;
        };
        let Some(theirs) = self.name(ours) else {
            return error;
        };
        // The message begins with the name as well.
        let begins = format!("`{ours}`");
        let message = error.message().strip_prefix(&begins);
        let message = message.map(|rest| format!("`{theirs}`{rest}"));
        let error = error.with_param(theirs);
        match message {
            Some(message) => error.with_message(message),
            None => error,
        }
    }

    /// What the client calls it; `None` for the same.
    fn name(&self, ours: &str) -> Option<String> {
        if let Some((message, rest)) = indexed(ours, "messages") {
            return match indexed(rest, ".content") {
                Some((part, rest)) => {
                    let place = (self.place)(message, Some(part))?;
                    let within = rest.strip_prefix(".content").filter(|rest| rest.starts_with('['));
                    Some(match (self.answer, within) {
                        (Some(answer), Some(within)) => {
                            let outside = place.split(".content[").next().unwrap_or_default();
                            format!("{outside}.{answer}{within}")
                        }
                        _ => place + rest,
                    })
                }
                None => (self.place)(message, None).map(|place| place + rest),
            };
        }
        self.fields.iter().find_map(|(name, theirs)| {
            let rest = ours.strip_prefix(name)?;
            let is_it = rest.is_empty() || rest.starts_with(['.', '[']);
            is_it.then(|| format!("{theirs}{rest}"))
        })
    }
}

/// The number in `name[3]`, and what comes after it.
fn indexed<'a>(text: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = text.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// How many parts of a message before this one are content: thoughts and calls stand elsewhere in some APIs.
pub(super) fn content_before(request: &Request, message: usize, part: usize) -> usize {
    let parts = request.messages.get(message).map_or(&[][..], |message| &message.parts);
    let is_content = |part: &&Part| matches!(part, Part::Text(_) | Part::Media(_) | Part::Extension(_));
    parts.iter().take(part).filter(is_content).count()
}

#[cfg(test)]
mod tests {
    use wharf::ErrorKind;

    use super::*;

    fn told(param: &str) -> (String, String) {
        let words = Words {
            fields: &[
                ("thinking.effort", "reasoning.effort"),
                ("thinking", "reasoning"),
                ("output", "text.format"),
            ],
            answer: Some("output"),
            place: |message: usize, part: Option<usize>| {
                (message > 0).then(|| match part {
                    Some(part) => format!("input[{}].content[{part}]", message * 2),
                    None => format!("input[{}]", message * 2),
                })
            },
        };
        let error = Error::new(ErrorKind::Unsupported, format!("`{param}`: no")).with_param(param);
        let told = words.of(error);
        (told.param().unwrap_or_default().to_owned(), told.message().to_owned())
    }

    #[test]
    fn a_field_is_named_as_the_client_named_it() {
        for (ours, theirs) in [
            ("thinking.effort", "reasoning.effort"),
            ("thinking.context", "reasoning.context"),
            ("output", "text.format"),
            ("output.schema", "text.format.schema"),
            ("outputs", "outputs"),
            ("temperature", "temperature"),
            ("messages[3].content[1]", "input[6].content[1]"),
            ("messages[3].content[1].context", "input[6].content[1].context"),
            ("messages[3].content[0].content[1]", "input[6].output[1]"),
            ("messages[3].name", "input[6].name"),
            ("messages[0].content[1]", "messages[0].content[1]"),
            ("messages[x]", "messages[x]"),
            ("messages", "messages"),
        ] {
            assert_eq!(told(ours), (theirs.to_owned(), format!("`{theirs}`: no")));
        }
    }

    #[test]
    fn an_error_about_nothing_stays_as_it_is() {
        let words = Words {
            fields: &[],
            answer: None,
            place: |_, _| None,
        };
        let error = words.of(Error::new(ErrorKind::Overloaded, "busy"));
        assert_eq!((error.param(), error.message()), (None, "busy"));
    }
}
