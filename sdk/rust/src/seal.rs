//! Seals: signatures over thoughts, and thoughts that are encrypted.
//!
//! A vendor refuses a seal that is not its own, and a conversation may go on with another vendor than it began with. So
//! a seal says whose it is: a provider marks what it hands out with its dialect, and takes back only what it marked
//! itself. The mark is a part of the text, so it survives whatever client the conversation passes through. The host's
//! API of the same dialect takes it off on the way to the client; a seal without a mark is one of the dialect that the
//! request is in.

/// What every mark begins with. No vendor's seal does: they are base64.
const MARK: &str = "wharf:";

/// A seal on its way out, marked as one of this dialect. An empty one is none and stays empty.
#[must_use]
pub fn mark(dialect: &str, seal: &str) -> String {
    if seal.is_empty() {
        return String::new();
    }
    format!("{MARK}{dialect}:{seal}")
}

/// Whether a text is a seal with the mark of any dialect.
#[must_use]
pub fn is_marked(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The seal as its vendor made it, if the vendor speaks this dialect. `spoken` is the dialect of the request.
#[must_use]
pub fn own<'a>(seal: &'a str, dialect: &str, spoken: &str) -> Option<&'a str> {
    let bare = match seal.strip_prefix(MARK) {
        Some(marked) => marked.strip_prefix(dialect)?.strip_prefix(':')?,
        None if spoken == dialect => seal,
        None => return None,
    };
    (!bare.is_empty()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_goes_back_to_its_own_vendor_only() {
        let sealed = mark("a.chat", "c2VhbA==");
        assert!(is_marked(&sealed));
        for spoken in ["a.chat", "b.chat", "wharf"] {
            assert_eq!(own(&sealed, "a.chat", spoken), Some("c2VhbA=="), "{spoken}");
            assert_eq!(own(&sealed, "b.chat", spoken), None, "{spoken}");
        }
        assert_eq!(
            own(&sealed, "a.ch", "a.ch"),
            None,
            "a beginning of the name is another name"
        );
    }

    #[test]
    fn a_seal_without_a_mark_is_of_the_dialect_that_is_spoken() {
        assert!(!is_marked("c2VhbA=="));
        assert_eq!(own("c2VhbA==", "a.chat", "a.chat"), Some("c2VhbA=="));
        assert_eq!(own("c2VhbA==", "a.chat", "b.chat"), None);
    }

    #[test]
    fn nothing_is_no_seal() {
        assert_eq!(own("", "a.chat", "a.chat"), None);
        assert_eq!(mark("a.chat", ""), "");
    }
}
