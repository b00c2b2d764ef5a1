//! Server-sent events, as the HTML standard defines them ("9.2.6 Interpreting an event stream").
//!
//! The reader does not care where the network splits the bytes, accepts LF, CRLF and CR, `data:` with and
//! without a space, comments and a byte order mark. It is tested against every way to cut a stream. One field is not
//! the standard's: some servers write an error as `error: …` where a message has `data: …`.

use crate::lines::{Lines, utf8};
use crate::{Error, http};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The `event:` field; empty when there is none.
    pub event: String,
    /// The `data:` lines, joined by line feeds.
    pub data: String,
}

/// Reads messages out of a body.
#[derive(Debug)]
pub struct Reader<B = http::Body> {
    body: B,
    decoder: Decoder,
    ended: bool,
}

impl<B: http::Chunks> Reader<B> {
    /// Reads from this body.
    pub fn new(body: B) -> Self {
        Self {
            body,
            decoder: Decoder::default(),
            ended: false,
        }
    }

    /// All messages that are there, at least one: blocks for it. Empty at the end of the body. A message
    /// that the body breaks off in is dropped, as the standard wants; the caller knows whether the vendor's
    /// end mark came.
    ///
    /// # Errors
    /// When the connection fails or the bytes are not UTF-8.
    pub fn next_batch(&mut self) -> Result<Vec<Message>, Error> {
        let mut batch = Vec::new();
        while batch.is_empty() && !self.ended {
            match self.body.next_chunk()? {
                Some(chunk) => self.decoder.push(&chunk, &mut batch)?,
                None => {
                    self.ended = true;
                    self.decoder.finish(&mut batch)?;
                }
            }
        }
        Ok(batch)
    }
}

/// The format without the I/O.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    /// The message being put together; `data` carries a line feed at its end after each data line.
    message: Message,
    has_data: bool,
    past_start: bool,
}

impl Decoder {
    /// Takes what has arrived and adds the messages it completes.
    ///
    /// # Errors
    /// When a line is not UTF-8 or longer than 16 MiB.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Message>) -> Result<(), Error> {
        self.lines.push(bytes)?;
        while let Some(line) = self.lines.next() {
            self.line(line, out)?;
        }
        Ok(())
    }

    /// The stream has ended. Vendors do leave out the last blank line, so a last message whose data is
    /// complete counts; the standard would drop it.
    ///
    /// # Errors
    /// As [`Decoder::push`].
    pub fn finish(&mut self, out: &mut Vec<Message>) -> Result<(), Error> {
        if let Some(line) = self.lines.rest() {
            self.line(line, out)?;
        }
        self.dispatch(out);
        Ok(())
    }

    fn line(&mut self, line: std::ops::Range<usize>, out: &mut Vec<Message>) -> Result<(), Error> {
        let mut line = utf8(self.lines.get(line))?;
        if !self.past_start {
            self.past_start = true;
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(out);
            return Ok(());
        }
        let (field, value) = match line.split_once(':') {
            Some((field, value)) => (field, value.strip_prefix(' ').unwrap_or(value)),
            None => (line, ""),
        };
        match field {
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.message.event),
            // llama.cpp's server reports an error this way, and its end mark follows.
            "error" if !value.is_empty() => {
                let error = Message {
                    event: "error".to_owned(),
                    data: value.to_owned(),
                };
                // What came before it was not ended by a blank line.
                self.dispatch(out);
                out.push(error);
            }
            // `id` and `retry` steer reconnecting, which only the host may do; unknown fields are ignored.
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, out: &mut Vec<Message>) {
        let message = std::mem::take(&mut self.message);
        if std::mem::take(&mut self.has_data) {
            out.push(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<Message> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut out).unwrap();
        }
        decoder.finish(&mut out).unwrap();
        out
    }

    fn data(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|m| m.data.as_str()).collect()
    }

    #[test]
    fn reads_what_the_standard_allows() {
        let cases: [(&str, &[&str]); 10] = [
            ("data: a\n\ndata: b\n\n", &["a", "b"]),
            ("data:a\r\n\r\ndata:  b\r\n\r\n", &["a", " b"]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            (": ping\n\ndata: a\n\n", &["a"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            ("data\n\n", &[""]),
            ("\u{feff}data: a\n\n", &["a"]),
            ("id: 1\nretry: 5\nevent: x\ndata: a\n\n", &["a"]),
            ("event: ping\n\ndata: a\n\n", &["a"]),
            ("data: a", &["a"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(data(&decode(&[stream.as_bytes()])), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_event_name_belongs_to_its_own_message_only() {
        let messages = decode(&[b"event: start\ndata: 1\n\ndata: 2\n\n"]);
        assert_eq!(messages[0].event, "start");
        assert_eq!(messages[1].event, "");
    }

    #[test]
    fn an_error_field_is_an_error_event_of_its_own() {
        for stream in ["data: a\n\nerror: {}\n\ndata: b\n\n", "data: a\nerror: {}\ndata: b\n\n"] {
            let messages = decode(&[stream.as_bytes()]);
            assert_eq!(data(&messages), ["a", "{}", "b"], "{stream:?}");
            let names: Vec<&str> = messages.iter().map(|m| m.event.as_str()).collect();
            assert_eq!(names, ["", "error", ""], "{stream:?}");
        }
        assert!(decode(&[b"error\n\n"]).is_empty(), "without a value it says nothing");
    }

    #[test]
    fn a_line_that_is_not_utf8_is_an_error() {
        let mut out = Vec::new();
        let error = Decoder::default().push(b"data: \xff\n\n", &mut out).unwrap_err();
        assert!(error.message.contains("UTF-8"), "{error:?}");
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_does_not_matter(
            texts in prop::collection::vec("[a-zé🦀:\\- ]{0,12}", 1..6),
            end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            cuts in prop::collection::vec(0usize..200, 0..12),
        ) {
            let stream: String = texts.iter().map(|t| format!("event: e{end}data: {t}{end}{end}: c{end}")).collect();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let whole = decode(&[bytes]);
            prop_assert_eq!(&decode(&pieces), &whole);
            prop_assert_eq!(data(&whole), texts.iter().map(String::as_str).collect::<Vec<_>>());
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(decode(&single), whole);
        }
    }
}
