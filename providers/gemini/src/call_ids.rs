//! Identifiers of calls, for those that come without one.
//!
//! The older models tell calls apart by name and order. A client answers by identifier, and so do the other vendors a
//! conversation may move to: there it has to be unique in the whole conversation, of letters, digits, `-` and `_`, and
//! no longer than 40 characters. The vendor's identifier of the answer gives that; without it a hash of the call does,
//! so that the same answer always has the same identifiers.

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct CallIds {
    answer: Option<String>,
    calls: u32,
}

impl CallIds {
    /// Takes note of the vendor's identifier of the answer.
    pub(crate) fn of_answer(&mut self, id: Option<&str>) {
        if self.answer.is_none() {
            let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let id: String = id.unwrap_or_default().chars().filter(plain).take(28).collect();
            self.answer = Some(id).filter(|id| !id.is_empty());
        }
    }

    /// The identifier of the next call: the vendor's, if there is one.
    pub(crate) fn next(&mut self, given: Option<String>, name: &str, arguments: &str) -> String {
        let index = self.calls;
        self.calls += 1;
        match (given, &self.answer) {
            (Some(given), _) if !given.is_empty() => given,
            (_, Some(answer)) => format!("call_{answer}_{index}"),
            (_, None) => format!("call_{:016x}_{index}", hash(name, arguments)),
        }
    }
}

/// FNV-1a. Nobody gains from a collision here, and the standard library's hashes are not promised to stay the same.
fn hash(name: &str, arguments: &str) -> u64 {
    let bytes = name.bytes().chain([0]).chain(arguments.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_identifiers_are_stable_and_different_from_each_other() {
        let of = |answer: Option<&str>| {
            let mut ids = CallIds::default();
            ids.of_answer(answer);
            [
                ids.next(None, "f", "{}"),
                ids.next(Some("theirs".into()), "f", "{}"),
                ids.next(Some(String::new()), "f", "{}"),
            ]
        };
        assert_eq!(of(Some("a/b-1")), ["call_ab-1_0", "theirs", "call_ab-1_2"]);
        let [first, _, last] = of(None);
        assert_ne!(first, last);
        assert_eq!(of(None)[0], first);
    }

    #[test]
    fn every_vendor_takes_them() {
        let mut ids = CallIds::default();
        ids.of_answer(Some(&"é=x".repeat(40)));
        let id = ids.next(None, "f", "{}");
        assert!(id.len() <= 40 && id.is_ascii() && !id.contains('='), "{id}");
    }
}
