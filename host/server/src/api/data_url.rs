//! `data:…;base64,` addresses, by which clients send the bytes of a medium.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wharf::MediaData;

/// The type and the bytes of such an address; `None` for any other. Further parameters could not be given back to the
/// vendor, and other spellings of base64 are the vendor's to judge: such an address is sent on as it is.
pub(super) fn parse(url: &str) -> Option<(String, MediaData)> {
    let (mime, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    if mime.is_empty() || mime.contains(';') {
        return None;
    }
    let bytes = STANDARD.decode(data).ok()?;
    Some((mime.to_owned(), MediaData::Inline(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_given_back_is_taken_apart() {
        let found = parse("data:image/png;base64,AQID");
        assert_eq!(found, Some(("image/png".to_owned(), MediaData::Inline(vec![1, 2, 3]))));
        for other in [
            "https://e.com/a.png",
            "data:image/png,AQID",
            "data:;base64,AQID",
            "data:text/plain;charset=utf-8;base64,AQID",
            "data:image/png;base64,A_-",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
