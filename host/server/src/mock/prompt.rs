//! What was asked, in no vendor's words: all that the decision about an answer depends on.
//!
//! Every vendor's reader ends here, so that the same question gets the same answer in all shapes and one expectation
//! holds for a test over all of them. Texts stay borrowed from the body where the vendor's JSON allows it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::failure::Failure;

/// Type named for an image that is not inline, when the request does not say what it is.
pub(super) const BY_URL: &str = "url";

/// One question.
#[derive(Debug, Default)]
pub(super) struct Prompt<'a> {
    /// The conversation.
    pub(super) digest: Digest<'a>,
    /// The functions on offer.
    pub(super) functions: Vec<Function<'a>>,
    /// Which of them may be called.
    pub(super) choice: ToolChoice,
    /// Whether only one may be called at once.
    pub(super) one_call: bool,
    /// The form of the content.
    pub(super) format: Format<'a>,
    /// Whether thoughts are asked for.
    pub(super) thinks: bool,
}

/// A function the model may call.
#[derive(Debug, Clone)]
pub(super) struct Function<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// JSON schema of its arguments.
    pub(super) parameters: Option<&'a RawValue>,
}

/// Which functions may be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum ToolChoice {
    /// None: answer in text.
    Text,
    /// Whatever fits.
    #[default]
    Any,
    /// This function.
    Named(String),
}

/// The form of the content.
#[derive(Debug, Default)]
pub(super) enum Format<'a> {
    /// Plain text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON after a schema; without one, any object will do.
    JsonSchema(Option<&'a RawValue>),
}

/// Who said something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// The user.
    User,
    /// A tool that was called.
    Tool,
    /// Anybody else: the model itself, the operator.
    #[default]
    Other,
}

impl Role {
    /// Reads a role in OpenAI's words, which Ollama shares.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "user" => Self::User,
            "tool" => Self::Tool,
            _ => Self::Other,
        }
    }
}

/// The conversation in numbers and the two texts an answer repeats.
#[derive(Debug, Default)]
pub(super) struct Digest<'a> {
    /// Words in the text of all messages: the prompt tokens.
    pub(super) words: usize,
    /// Text of the last message of the user.
    pub(super) user_text: Cow<'a, str>,
    /// Text of the last message.
    pub(super) last_text: Cow<'a, str>,
    /// Who said the last message.
    pub(super) last: Role,
    /// Images in all messages.
    pub(super) images: Tally,
    /// Documents in all messages.
    pub(super) documents: Tally,
}

impl<'a> Digest<'a> {
    /// Takes in the next message.
    pub(super) fn turn(&mut self, role: Role, content: Content<'a>) {
        self.words += words(&content.text);
        self.images.add(content.images);
        self.documents.add(content.documents);
        if role == Role::User {
            self.user_text.clone_from(&content.text);
        }
        self.last_text = content.text;
        self.last = role;
    }
}

/// The content of one message. Texts are joined with a space.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    /// The text.
    pub(super) text: Cow<'a, str>,
    /// The images.
    pub(super) images: Tally,
    /// The documents.
    pub(super) documents: Tally,
}

impl<'a> Content<'a> {
    /// Appends text.
    pub(super) fn say(&mut self, text: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            let joined = self.text.to_mut();
            joined.push(' ');
            joined.push_str(&text);
        }
    }

    /// Takes in an inline file: an image if its type says so, else a document.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the data is no base64.
    pub(super) fn file(&mut self, media_type: &str, base64: &str) -> Result<(), Failure> {
        let bytes = STANDARD
            .decode(base64)
            .map_err(|_| Failure::invalid("messages", "invalid_base64", "Invalid base64 data in the request."))?;
        self.tally(media_type).count_one(media_type, bytes.len());
        Ok(())
    }

    /// Where files of this type are counted.
    pub(super) fn tally(&mut self, media_type: &str) -> &mut Tally {
        if media_type.starts_with("image/") || media_type == BY_URL {
            &mut self.images
        } else {
            &mut self.documents
        }
    }
}

/// Files of one sort, in numbers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many.
    pub(super) count: usize,
    /// Bytes of the inline ones after decoding.
    pub(super) bytes: usize,
    /// Their types, each once, in order of appearance.
    types: Vec<String>,
}

impl Tally {
    /// Counts one file.
    pub(super) fn count_one(&mut self, media_type: &str, bytes: usize) {
        self.count += 1;
        self.bytes += bytes;
        self.note(media_type);
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
        for media_type in other.types {
            self.note(&media_type);
        }
    }

    fn note(&mut self, media_type: &str) {
        if !self.types.iter().any(|known| known == media_type) {
            self.types.push(media_type.to_owned());
        }
    }

    /// The types, as an answer names them.
    pub(super) fn types(&self) -> String {
        self.types.join(", ")
    }
}

/// Words of a text: what the emulator takes for tokens.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A JSON string as text; borrowed when it has no escapes, which is the common case.
///
/// # Errors
///
/// The 400 answer, when the value is no string.
pub(super) fn read_text(raw: &RawValue) -> Result<Cow<'_, str>, Failure> {
    let json = raw.get();
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner
        && !inner.contains('\\')
    {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(json)
        .map(Cow::Owned)
        .map_err(|error| Failure::unreadable(&error))
}

/// What a content is made of: one string or a list of parts, as most vendors allow both.
pub(super) enum Parts<'a> {
    /// One text.
    Text(Cow<'a, str>),
    /// The JSON of a list.
    List(&'a str),
}

impl<'a> Parts<'a> {
    /// Tells a string from a list.
    ///
    /// # Errors
    ///
    /// The 400 answer, when it is neither.
    pub(super) fn of(raw: &'a RawValue) -> Result<Self, Failure> {
        match raw.get().as_bytes().first() {
            Some(b'"') => read_text(raw).map(Self::Text),
            Some(b'[') => Ok(Self::List(raw.get())),
            _ => {
                let message = "Invalid type for 'messages.content': expected a string or an array of objects.";
                Err(Failure::invalid("messages", "invalid_type", message))
            }
        }
    }
}
