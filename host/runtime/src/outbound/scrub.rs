//! Strikes a reflected credential out of what comes back. A vendor that quotes the key in its error, or a
//! server that echoes headers, must not carry the key into the guest.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use memchr::memmem::Finder;

use crate::secret::Secret;

/// A credential shorter than this is not looked for: it would strike ordinary words out.
const MIN_LENGTH: usize = 8;

/// Looks for one credential.
pub(super) struct Scrubber {
    secret: Secret,
    finder: Finder<'static>,
}

impl Scrubber {
    /// `None` when the credential is too short to be looked for.
    pub(super) fn new(secret: &Secret) -> Option<Self> {
        let needle = secret.expose().as_bytes();
        (needle.len() >= MIN_LENGTH).then(|| Self {
            secret: secret.clone(),
            finder: Finder::new(needle).into_owned(),
        })
    }

    /// Strikes it out of a text.
    pub(super) fn text(&self, text: &str) -> String {
        text.replace(self.secret.expose(), &"*".repeat(self.secret.expose().len()))
    }

    /// Strikes it out of headers.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.finder.find(value.as_bytes()).is_some() {
                *value = HeaderValue::from_static("***");
            }
        }
    }

    /// Strikes it out of a piece of a body. `held` keeps the end of the piece back when the credential may
    /// begin there; it comes out with the next piece. Lengths do not change.
    pub(super) fn chunk(&self, held: &mut BytesMut, chunk: Bytes) -> Bytes {
        let needle = self.secret.expose().as_bytes();
        if held.is_empty() && self.finder.find(&chunk).is_none() && overlap(&chunk, needle) == 0 {
            return chunk;
        }
        held.extend_from_slice(&chunk);
        let mut all = std::mem::take(held);
        let mut from = 0;
        while let Some(at) = self.finder.find(&all[from..]) {
            all[from + at..from + at + needle.len()].fill(b'*');
            from += at + needle.len();
        }
        let keep = overlap(&all, needle);
        *held = all.split_off(all.len() - keep);
        all.freeze()
    }
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

    fn scrub(pieces: &[&[u8]]) -> String {
        let scrubber = Scrubber::new(&Secret::new(KEY.into())).unwrap();
        let (mut held, mut out) = (BytesMut::new(), Vec::new());
        for piece in pieces {
            out.extend_from_slice(&scrubber.chunk(&mut held, Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&held);
        String::from_utf8(out).unwrap()
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
    }

    #[test]
    fn what_is_not_the_key_passes_untouched() {
        assert_eq!(scrub(&[b"data: sk-", b"aab\n\n"]), "data: sk-aab\n\n");
    }
}
