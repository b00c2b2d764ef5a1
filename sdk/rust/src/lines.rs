//! Cuts a byte stream into lines, wherever the network happened to split it. Shared by the SSE and NDJSON
//! readers, which differ only in what a line means.

use crate::Error;

/// Longest line a reader accepts, in bytes. A vendor's largest single event is a tool call or an image in
/// one piece; 16 MiB leaves room for both and keeps a hostile upstream from filling the instance's memory.
const MAX_LINE: usize = 16 << 20;

/// Bytes that have arrived and are not yet taken as lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// Up to here no line end was found; a later search begins here, so that a long line that comes in
    /// many pieces is scanned once.
    scanned: usize,
    /// The line before ended with CR at the very end of what had arrived: a LF that follows belongs to it.
    after_cr: bool,
}

impl Lines {
    /// Adds what has arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        if self.buffer.len() + bytes.len() > MAX_LINE + (1 << 20) {
            return Err(Error::protocol(format!(
                "the vendor sent a line of more than {} MiB",
                MAX_LINE >> 20
            )));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole line without its end (LF, CRLF or CR), as a range for [`Lines::get`].
    pub(crate) fn next(&mut self) -> Option<std::ops::Range<usize>> {
        if self.after_cr && self.start < self.buffer.len() {
            self.after_cr = false;
            if self.buffer[self.start] == b'\n' {
                self.start += 1;
                self.scanned = self.scanned.max(self.start);
            }
        }
        let found = self.buffer[self.scanned..]
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'));
        let Some(offset) = found else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = self.scanned + offset;
        let line = self.start..end;
        self.after_cr = self.buffer[end] == b'\r';
        self.start = end + 1;
        self.scanned = self.start;
        Some(line)
    }

    /// What is left when the stream has ended without a last line end.
    pub(crate) fn rest(&mut self) -> Option<std::ops::Range<usize>> {
        let line = self.start..self.buffer.len();
        self.start = self.buffer.len();
        self.scanned = self.start;
        (!line.is_empty()).then_some(line)
    }

    /// The bytes of a line.
    pub(crate) fn get(&self, line: std::ops::Range<usize>) -> &[u8] {
        &self.buffer[line]
    }
}

/// A line as text.
pub(crate) fn utf8(line: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(line).map_err(|_| Error::protocol("the vendor sent a line that is not UTF-8"))
}
