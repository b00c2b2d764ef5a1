//! Where a setting is: by its keys, and from there by line and column.
//!
//! Decides how a place is written for a person (`ai_services.routes.chat.targets[0].model`) and which line stands for
//! it: the line of the key, because a value may start lines below its key and a missing value has no line at all.

use std::collections::BTreeSet;

use super::document::{Kind, Mark, Node};

/// The keys and list positions that lead from the top of the file to a setting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    pub(crate) fn of(segments: &[&str]) -> Self {
        Self(segments.iter().map(|segment| (*segment).to_owned()).collect())
    }

    /// Reads a JSON pointer (RFC 6901), the form in which the schema validator names a place.
    pub(crate) fn from_json(text: &str) -> Self {
        Self(
            text.split('/')
                .skip(1)
                .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
                .collect(),
        )
    }

    pub(crate) fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.0
    }

    fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// A pointer resolved in a document.
#[derive(Debug)]
pub(crate) struct Place<'n> {
    /// The setting as a person writes it.
    pub(crate) path: String,
    /// The key of the setting, or the nearest key above it when the setting is missing.
    pub(crate) mark: Mark,
    /// What is written there; `None` when the setting is missing.
    pub(crate) node: Option<&'n Node>,
}

/// Finds a setting in the document.
pub(crate) fn locate<'n>(root: &'n Node, pointer: &Pointer) -> Place<'n> {
    let mut place = Place {
        path: String::new(),
        mark: Mark { line: 1, column: 1 },
        node: Some(root),
    };
    for segment in pointer.segments() {
        let parent = place.node.take();
        match parent.map(|node| &node.kind) {
            Some(Kind::Seq(items)) => {
                push_index(&mut place.path, segment);
                if let Some(item) = segment.parse::<usize>().ok().and_then(|index| items.get(index)) {
                    place.mark = item.mark;
                    place.node = Some(item);
                }
            }
            Some(Kind::Map(entries)) => {
                push_key(&mut place.path, segment);
                if let Some((key, node)) = entries.iter().find(|(key, _)| key.text == *segment) {
                    place.mark = key.mark;
                    place.node = Some(node);
                }
            }
            Some(Kind::Scalar(_)) | None => push_key(&mut place.path, segment),
        }
    }
    place
}

/// Appends a key to a written path. A key that a path could not be split at again is put in quotes, which also keeps
/// control characters of a hostile file off the terminal.
pub(crate) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let simple = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':'));
    if simple {
        path.push_str(key);
    } else {
        path.push_str(&format!("{key:?}"));
    }
}

/// Appends a list position to a written path.
pub(crate) fn push_index(path: &mut String, index: &str) {
    path.push('[');
    path.push_str(index);
    path.push(']');
}

/// Settings that already have a problem. Later stages do not judge what depends on them, so that one mistake is told
/// once.
#[derive(Debug, Default)]
pub(crate) struct Tainted(BTreeSet<Pointer>);

impl Tainted {
    pub(crate) fn insert(&mut self, pointer: Pointer) {
        self.0.insert(pointer);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pointer> {
        self.0.iter()
    }

    /// Whether the setting, anything in it or anything it is in has a problem.
    pub(crate) fn covers(&self, pointer: &Pointer) -> bool {
        self.0
            .iter()
            .any(|tainted| tainted.starts_with(pointer) || pointer.starts_with(tainted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_pointer_keeps_slashes_tildes_and_leading_zeros_of_keys() {
        assert_eq!(
            Pointer::from_json("/a~1b/c~0d/007"),
            Pointer::of(&["a/b", "c~d", "007"])
        );
        assert_eq!(Pointer::from_json(""), Pointer::default());
    }

    #[test]
    fn a_key_with_a_dot_is_quoted_in_a_path() {
        let mut path = String::from("ai_services.routes");
        push_key(&mut path, "gpt-3.5-turbo");
        push_key(&mut path, "targets");
        push_index(&mut path, "0");
        assert_eq!(path, "ai_services.routes.\"gpt-3.5-turbo\".targets[0]");
    }

    #[test]
    fn a_taint_covers_what_is_above_and_below_it_but_not_beside_it() {
        let mut tainted = Tainted::default();
        tainted.insert(Pointer::of(&["a", "b"]));
        assert!(tainted.covers(&Pointer::of(&["a"])));
        assert!(tainted.covers(&Pointer::of(&["a", "b", "c"])));
        assert!(!tainted.covers(&Pointer::of(&["a", "c"])));
    }
}
