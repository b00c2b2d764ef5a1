//! Vendors' seals over thoughts, as clients see them.
//!
//! A vendor takes back no seals but its own, and a client hands back every one, whoever answers next. So providers mark
//! them with the dialect of their vendor (`wit/types.wit`, `reasoning`) and take back only those with their own mark. A
//! client of the vendor's own dialect sees its seals as the vendor made them, as without this host in between; all
//! others pass through the client with their mark.

use serde_json::value::RawValue;
use wharf::Json;

use super::leftover::{self, Leftover};

/// What every mark begins with; the dialect and a colon follow.
const MARK: &str = "wharf:";

/// A seal for a client of this dialect.
pub(super) fn shown<'a>(seal: &'a str, dialect: &str) -> &'a str {
    let own = |seal: &'a str| seal.strip_prefix(MARK)?.strip_prefix(dialect)?.strip_prefix(':');
    own(seal).unwrap_or(seal)
}

/// Whether a seal is marked as that of another dialect.
pub(super) fn is_foreign(seal: &str, dialect: &str) -> bool {
    seal.starts_with(MARK) && shown(seal, dialect) == seal
}

/// The vendor fields of a part: all of them where the vendor speaks the client's dialect, else the seals among them,
/// which mean nothing to the client and have to come back.
pub(super) fn fields(extra: Option<&Json>, ours: bool) -> Leftover {
    let mut fields = leftover::of(extra);
    if !ours {
        fields.retain(|_, value| is_marked(value));
    }
    fields
}

fn is_marked(value: &RawValue) -> bool {
    serde_json::from_str::<String>(value.get()).is_ok_and(|text| text.starts_with(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_has_its_mark_for_clients_of_other_dialects_only() {
        assert_eq!(shown("wharf:a.chat:eA==", "a.chat"), "eA==");
        assert_eq!(shown("wharf:a.chat:eA==", "b.chat"), "wharf:a.chat:eA==");
        assert_eq!(shown("wharf:a.chat:eA==", "a.ch"), "wharf:a.chat:eA==");
        assert_eq!(shown("eA==", "a.chat"), "eA==");
    }

    #[test]
    fn of_another_vendors_fields_only_seals_reach_the_client() {
        let extra = Json(r#"{"caller":{"type":"direct"},"thoughtSignature":"wharf:a.chat:eA==","n":1}"#.to_owned());
        let names = |ours| fields(Some(&extra), ours).into_keys().collect::<Vec<String>>();
        assert_eq!(names(true), ["caller", "thoughtSignature", "n"]);
        assert_eq!(names(false), ["thoughtSignature"]);
    }
}
