//! Strikes reflected credentials out of what comes back. A vendor that quotes the key in its error, or a
//! server that echoes headers, must not carry the key into the guest; nor one of its other keys, which it may
//! know from another call.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use memchr::memmem::Finder;

use crate::secret::Secret;

/// A credential shorter than this is not looked for: it would strike ordinary words out.
const MIN_LENGTH: usize = 8;

/// Looks for credentials in every form that they may come back in.
pub(super) struct Scrubber {
    /// The longest first: one may be the beginning of another.
    needles: Vec<Needle>,
}

struct Needle {
    text: Secret,
    finder: Finder<'static>,
}

impl Scrubber {
    /// `None` when there is no credential long enough to be looked for.
    pub(super) fn new(secrets: &[Secret]) -> Option<Self> {
        let long = secrets.iter().map(Secret::expose).filter(|key| key.len() >= MIN_LENGTH);
        let mut forms: Vec<String> = long.flat_map(forms).collect();
        if forms.is_empty() {
            return None;
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        let needle = |form: String| Needle {
            finder: Finder::new(form.as_bytes()).into_owned(),
            text: Secret::new(form),
        };
        Some(Self {
            needles: forms.into_iter().map(needle).collect(),
        })
    }

    /// Strikes them out of a text.
    pub(super) fn text(&self, text: &str) -> String {
        self.needles.iter().fold(text.to_owned(), |text, needle| {
            text.replace(needle.text.expose(), &"*".repeat(needle.text.expose().len()))
        })
    }

    /// Strikes them out of headers.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.is_in(value.as_bytes()) {
                *value = HeaderValue::from_static("***");
            }
        }
    }

    /// Strikes them out of a piece of a body. `held` keeps the end of the piece back when a credential may
    /// begin there; it comes out with the next piece, or as the rest. Lengths do not change.
    pub(super) fn chunk(&self, held: &mut BytesMut, chunk: Bytes) -> Bytes {
        if held.is_empty() && !self.is_in(&chunk) && self.overlap(&chunk) == 0 {
            return chunk;
        }
        held.extend_from_slice(&chunk);
        let mut all = std::mem::take(held);
        // Before anything is struck out: a whole credential at the end may be the beginning of a longer one.
        let end = all.len() - self.overlap(&all);
        self.strike(&mut all, end);
        *held = all.split_off(end);
        all.freeze()
    }

    /// What is still held back at the end of a body.
    pub(super) fn rest(&self, held: &mut BytesMut) -> Bytes {
        let mut all = std::mem::take(held);
        let end = all.len();
        self.strike(&mut all, end);
        all.freeze()
    }

    /// Strikes out what begins before `end`.
    fn strike(&self, bytes: &mut [u8], end: usize) {
        for needle in &self.needles {
            let (length, mut from) = (needle.text.expose().len(), 0);
            while let Some(at) = needle.finder.find(&bytes[from..])
                && from + at < end
            {
                bytes[from + at..from + at + length].fill(b'*');
                from += at + length;
            }
        }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| needle.finder.find(bytes).is_some())
    }

    /// How many bytes at the end may be the beginning of a credential.
    fn overlap(&self, bytes: &[u8]) -> usize {
        self.needles
            .iter()
            .map(|needle| overlap(bytes, needle.text.expose().as_bytes()))
            .max()
            .unwrap_or(0)
    }
}

/// As it is, as a form encodes it, as a URL encodes it in both cases of the digits, and as JSON escapes it.
fn forms(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    vec![
        secret.to_owned(),
        lower_digits(&percent),
        lower_digits(&form),
        form,
        percent,
        json,
        slashes,
    ]
}

/// Percent escapes with small digits; everything else stays.
fn lower_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = 0_u8;
    for c in text.chars() {
        let lower = digits > 0;
        digits = if c == '%' { 2 } else { digits.saturating_sub(1) };
        out.push(if lower { c.to_ascii_lowercase() } else { c });
    }
    out
}

/// How many bytes at the end of `text` are a beginning of `needle`, not all of it.
fn overlap(text: &[u8], needle: &[u8]) -> usize {
    let longest = text.len().min(needle.len() - 1);
    (1..=longest)
        .rev()
        .find(|&n| needle.starts_with(&text[text.len() - n..]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sk-aab-aaba";
    /// The first is the beginning of the second, the third has nothing in common with them.
    const KEYS: [&str; 3] = [KEY, "sk-aab-aaba-2", "another key"];

    fn scrubber(keys: &[&str]) -> Scrubber {
        let keys: Vec<Secret> = keys.iter().map(|&key| Secret::new(key.to_owned())).collect();
        Scrubber::new(&keys).unwrap()
    }

    fn body(scrubber: &Scrubber, pieces: &[&[u8]]) -> String {
        let (mut held, mut out) = (BytesMut::new(), Vec::new());
        for piece in pieces {
            out.extend_from_slice(&scrubber.chunk(&mut held, Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&scrubber.rest(&mut held));
        String::from_utf8(out).unwrap()
    }

    fn scrub(pieces: &[&[u8]]) -> String {
        body(&scrubber(&[KEY]), pieces)
    }

    proptest! {
        #[test]
        fn no_split_lets_the_key_through(
            before in "[ska-]{0,12}", after in "[ska-]{0,12}", size in 1usize..16, twice in any::<bool>(),
        ) {
            let text = format!("{before}{KEY}{}{after}", if twice { KEY } else { "" });
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let scrubbed = scrub(&pieces);
            prop_assert!(!scrubbed.contains(KEY), "{scrubbed}");
            prop_assert_eq!(scrubbed.len(), text.len());
            prop_assert_eq!(scrubbed, scrub(&[text.as_bytes()]));
        }

        #[test]
        fn no_split_lets_any_of_several_keys_through(
            order in proptest::collection::vec(0usize..KEYS.len(), 1..5), between in "[ska-]{0,4}", size in 1usize..16,
        ) {
            let text: String = order.iter().map(|&at| format!("{}.{between}.", KEYS[at])).collect();
            let stars: String = order.iter().map(|&at| format!("{}.{between}.", "*".repeat(KEYS[at].len()))).collect();
            let scrubber = scrubber(&KEYS);
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(body(&scrubber, &pieces), stars.as_str());
            prop_assert_eq!(scrubber.text(&text), stars);
        }
    }

    #[test]
    fn the_key_is_struck_out_however_it_was_encoded() {
        let key = "sk +/\"s\u{e9}cret";
        let scrubber = scrubber(&[key]);
        for form in [
            key,
            "sk+%2B%2F%22s%C3%A9cret",
            "sk%20%2b%2f%22s%c3%a9cret",
            "sk +/\\\"s\u{e9}cret",
            "sk +\\/\\\"s\u{e9}cret",
        ] {
            let text = format!("a {form} b");
            assert!(
                scrubber.text(&text).starts_with("a ***") && scrubber.text(&text).ends_with("*** b"),
                "{form}"
            );
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(3).collect();
            assert_eq!(body(&scrubber, &pieces), scrubber.text(&text), "{form}");
        }
    }

    #[test]
    fn what_is_not_the_key_passes_untouched() {
        assert_eq!(scrub(&[b"data: sk-", b"aab\n\n"]), "data: sk-aab\n\n");
    }

    #[test]
    fn keys_too_short_to_be_looked_for_do_not_keep_the_others_from_it() {
        assert!(Scrubber::new(&[Secret::new("short".into())]).is_none());
        assert!(Scrubber::new(&[]).is_none());
        assert_eq!(scrubber(&["short", KEY]).text("short sk-aab-aaba"), "short ***********");
    }
}
