//! Telling apart calls that a vendor gives the same index.

use wharf::CallDelta;

/// Whether a piece begins another call than the one with this identifier. Only one with a tool's name can: some vendors
/// make up a new identifier for every piece.
pub(super) fn is_another_call(id: Option<&String>, piece: &CallDelta) -> bool {
    let names_a_tool = piece.name.as_ref().is_some_and(|name| !name.is_empty());
    names_a_tool && id.is_some() && piece.id.is_some() && id != piece.id.as_ref()
}
