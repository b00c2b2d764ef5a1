//! One JSON value on each line, as Ollama streams them.

use crate::lines::{Lines, utf8};
use crate::{Error, http};

/// Reads lines out of a body.
#[derive(Debug)]
pub struct Reader<B = http::Body> {
    body: B,
    lines: Lines,
    ended: bool,
}

impl<B: http::Chunks> Reader<B> {
    /// Reads from this body.
    pub fn new(body: B) -> Self {
        Self {
            body,
            lines: Lines::default(),
            ended: false,
        }
    }

    /// All lines that are there, at least one: blocks for it. Empty at the end of the body. Blank lines do
    /// not count.
    ///
    /// # Errors
    /// When the connection fails, a line is not UTF-8, or longer than 16 MiB.
    pub fn next_batch(&mut self) -> Result<Vec<String>, Error> {
        let mut batch = Vec::new();
        while batch.is_empty() && !self.ended {
            let chunk = self.body.next_chunk()?;
            match &chunk {
                Some(chunk) => self.lines.push(chunk)?,
                None => self.ended = true,
            }
            while let Some(line) = self
                .lines
                .next()
                .or_else(|| self.ended.then(|| self.lines.rest()).flatten())
            {
                let line = utf8(self.lines.get(line))?.trim();
                if !line.is_empty() {
                    batch.push(line.to_owned());
                }
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: Vec<Vec<u8>>) -> Vec<String> {
        let mut reader = Reader::new(pieces.into_iter());
        let mut all = Vec::new();
        loop {
            let batch = reader.next_batch().unwrap();
            if batch.is_empty() {
                return all;
            }
            all.extend(batch);
        }
    }

    #[test]
    fn a_last_line_without_its_end_counts() {
        assert_eq!(
            read(vec![b"{\"a\":1}\n\n{\"b\"".to_vec(), b":2}".to_vec()]),
            ["{\"a\":1}", "{\"b\":2}"]
        );
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_does_not_matter(
            lines in prop::collection::vec("[a-zé🦀]{1,9}", 0..6),
            size in 1usize..9,
        ) {
            let bytes = lines.join("\r\n").into_bytes();
            prop_assert_eq!(read(bytes.chunks(size).map(<[u8]>::to_vec).collect()), lines);
        }
    }
}
