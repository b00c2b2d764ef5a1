//! Where a JSON object ends that arrives in pieces.
//!
//! It only counts brackets: whether what is between them is JSON is for those who read it.

/// How far an object has come.
#[derive(Debug, Default)]
pub(super) struct JsonEnd {
    depth: u32,
    in_text: bool,
    escaped: bool,
    reached: bool,
}

impl JsonEnd {
    /// Reads the next piece.
    pub(super) fn read(&mut self, piece: &str) {
        // All signs that matter are one byte, and no other character has such a byte in it.
        for byte in piece.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.reached |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    /// Whether the object is complete.
    pub(super) fn is_reached(&self) -> bool {
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_with_its_own_bracket_in_whatever_pieces_it_comes() {
        for (text, ends) in [
            ("", false),
            ("{\"a\"", false),
            ("{}", true),
            ("{\"a\":{\"b\":[1]}", false),
            ("{\"a\":{\"b\":[1]}}", true),
            (r#"{"a":"}"#, false),
            (r#"{"a":"\"}"#, false),
            (r#"{"a":"\\"}"#, true),
            (r#"{"ä":"€}"}"#, true),
        ] {
            let mut whole = JsonEnd::default();
            whole.read(text);
            let mut pieces = JsonEnd::default();
            for char in text.chars() {
                pieces.read(char.encode_utf8(&mut [0; 4]));
            }
            assert_eq!((whole.is_reached(), pieces.is_reached()), (ends, ends), "{text}");
        }
    }
}
