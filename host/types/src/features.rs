//! What a provider offers beyond answers.

/// Which of the contract's optional interfaces a provider has. Read off its exports when it is loaded; nothing that
/// it says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// It embeds texts.
    pub embeddings: bool,
    /// It counts tokens before sending.
    pub tokens: bool,
    /// It lists and manages models.
    pub models: bool,
}
