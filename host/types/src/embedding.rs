//! Texts to embed, and their vectors.

use crate::{Extension, Json, Usage};

/// Texts to embed with one model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EmbedRequest {
    /// The route the client asks for; the vendor's model name once a deployment is picked.
    pub model: String,
    /// The texts, in order; at least one.
    pub input: Vec<String>,
    /// How many numbers a vector should have.
    pub dimensions: Option<u32>,
    /// The dialect of `options`.
    pub dialect: String,
    /// All other fields of the client's request.
    pub options: Vec<(String, Json)>,
}

/// One vector for each text, in the order of the texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbedResponse {
    /// The model that answered, in the vendor's words.
    pub model: Option<String>,
    /// The vectors: all of one length, with finite numbers only.
    pub vectors: Vec<Vec<f32>>,
    /// What it cost.
    pub usage: Usage,
    /// What is left of the vendor's answer, in the vendor's dialect and structure.
    pub extra: Option<Extension>,
}
