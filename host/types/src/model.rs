//! The models of a vendor, and how far the vendor is in fetching one.

use crate::Json;

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// The name to ask for it by.
    pub id: String,
    /// When it was made or changed, in seconds since 1970 (UTC).
    pub created: Option<u64>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Its size on the vendor's disk in bytes.
    pub size: Option<u64>,
    /// Whether it is in memory now.
    pub loaded: Option<bool>,
    /// Anything else: a JSON object.
    pub extra: Option<Json>,
}

/// One step of a pull.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullProgress {
    /// What is being done, in the vendor's words.
    pub status: String,
    /// What is being fetched.
    pub digest: Option<String>,
    /// How many bytes that has.
    pub total: Option<u64>,
    /// How many of them are there.
    pub completed: Option<u64>,
    /// Anything else: a JSON object.
    pub extra: Option<Json>,
}
