//! Where servers tell what a model thinks, and where they want it back.
//!
//! OpenAI's API has no place for thoughts, so every server has its own, and many refuse another's. Some models cannot go
//! on without their thoughts once they have called a tool. So a thought says where it was found: for clients of this API
//! by the field they get it in, for all others by a mark, as vendors' seals have them.

use serde::Deserialize;
use wharf_provider_sdk::{Reasoning, seal};

use crate::chat::DIALECT;

/// A field of the message; most servers'.
const REASONING_CONTENT: &str = "reasoning_content";
/// Another one.
const REASONING: &str = "reasoning";
/// Among the parts of the content.
const CONTENT: &str = "content";

/// Where a server wants what a model thought earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thoughts {
    /// Where the server that answered had it.
    #[default]
    AsReceived,
    /// In the field `reasoning_content`.
    ReasoningContent,
    /// In the field `reasoning`.
    Reasoning,
    /// Among the parts of the content, as Mistral's models.
    Content,
    /// Nowhere: it refuses all of them.
    None,
}

/// A place in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A field of this name.
    Field(&'static str),
    /// Among the parts of the content.
    Content,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Field(name) => name,
            Self::Content => CONTENT,
        }
    }

    /// The mark of a thought that was found here.
    pub(crate) fn mark(self) -> String {
        seal::mark(DIALECT, self.name())
    }

    fn of(name: &str) -> Option<Self> {
        match name {
            REASONING_CONTENT => Some(Self::Field(REASONING_CONTENT)),
            REASONING => Some(Self::Field(REASONING)),
            CONTENT => Some(Self::Content),
            _ => None,
        }
    }

    /// Where a thought was found in an answer.
    pub(crate) fn found(thought: &Reasoning) -> Option<Self> {
        thought
            .signature
            .as_deref()
            .and_then(|mark| seal::own(mark, DIALECT, DIALECT))
            .and_then(Self::of)
    }
}

/// A thought of an answer, found in this field of the message.
pub(crate) fn in_field(name: &str, text: String) -> Reasoning {
    let place = if name == REASONING {
        Place::Field(REASONING)
    } else {
        Place::Field(REASONING_CONTENT)
    };
    // The host's API of this dialect writes it under that name.
    let extra = (name == REASONING).then(|| r#"{"field":"reasoning"}"#.to_owned());
    Reasoning {
        text: Some(text),
        signature: Some(place.mark()),
        redacted: None,
        extra,
    }
}

/// A thought of an answer, found among the parts of the content.
pub(crate) fn in_content(text: String) -> Reasoning {
    Reasoning {
        text: Some(text),
        signature: Some(Place::Content.mark()),
        redacted: None,
        extra: None,
    }
}

impl Thoughts {
    /// Where a thought of an earlier answer is sent; `None` for one that is not sent. `spoken` is the dialect of the
    /// request. A thought without a mark is of this dialect if the client speaks it, and otherwise another vendor's.
    pub(crate) fn place(self, thought: &Reasoning, spoken: &str) -> Option<Place> {
        let sealed = thought.signature.is_some() || thought.redacted.is_some();
        let own = thought.signature.as_deref();
        let own = own
            .and_then(|mark| seal::own(mark, DIALECT, spoken))
            .and_then(Place::of);
        let received = match own {
            None if sealed || spoken != DIALECT => return None,
            None if thought.extra.as_deref() == Some(r#"{"field":"reasoning"}"#) => Place::Field(REASONING),
            None => Place::Field(REASONING_CONTENT),
            Some(place) => place,
        };
        match self {
            Self::AsReceived => Some(received),
            Self::ReasoningContent => Some(Place::Field(REASONING_CONTENT)),
            Self::Reasoning => Some(Place::Field(REASONING)),
            Self::Content => Some(Place::Content),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thought(signature: Option<&str>) -> Reasoning {
        Reasoning {
            text: Some("Hm.".to_owned()),
            signature: signature.map(str::to_owned),
            redacted: None,
            extra: None,
        }
    }

    #[test]
    fn a_thought_goes_back_to_where_it_was_found_whatever_the_client_speaks() {
        for spoken in ["openai.chat", "anthropic.messages", "openai.responses"] {
            let place = |thought: &Reasoning| Thoughts::AsReceived.place(thought, spoken);
            for found in ["reasoning_content", "reasoning"] {
                let expected = Place::of(found);
                assert_eq!(place(&in_field(found, "Hm.".to_owned())), expected, "{spoken} {found}");
            }
            assert_eq!(place(&in_content("Hm.".to_owned())), Some(Place::Content), "{spoken}");
            let foreign = thought(Some("wharf:anthropic.messages:c2VhbA=="));
            assert_eq!(place(&foreign), None, "{spoken}");
        }
    }

    #[test]
    fn without_a_mark_it_is_the_clients_own_or_another_vendors() {
        let plain = thought(None);
        let place = |spoken| Thoughts::AsReceived.place(&plain, spoken);
        assert_eq!(place("openai.chat"), Some(Place::Field("reasoning_content")));
        assert_eq!(place("anthropic.messages"), None);
    }

    #[test]
    fn a_server_gets_it_where_its_operator_says() {
        let found = in_field("reasoning_content", "Hm.".to_owned());
        for (wanted, place) in [
            (Thoughts::Reasoning, Some(Place::Field("reasoning"))),
            (Thoughts::Content, Some(Place::Content)),
            (Thoughts::None, None),
        ] {
            assert_eq!(wanted.place(&found, "anthropic.messages"), place, "{wanted:?}");
        }
    }
}
