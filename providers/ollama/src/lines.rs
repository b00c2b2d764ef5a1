//! Answers that come line by line: each line says something, and one of them is the end.

use wharf_provider_sdk::{Error, http, ndjson};

/// What the lines of an answer mean.
pub(crate) trait Lines {
    /// What a line says.
    type Said;

    /// Reads one line.
    ///
    /// # Errors
    /// The vendor's own error when the line carries one, and a protocol error when it is none of this answer's.
    fn line(&mut self, line: &str, said: &mut Vec<Self::Said>) -> Result<(), Error>;

    /// Whether the last line was the end. Nothing follows it.
    fn ended(&self) -> bool;

    /// What it means that there are no more lines, and none was the end.
    fn broke_off() -> Error;
}

/// An answer that is being read.
#[derive(Debug)]
pub(crate) struct Reading<B, L> {
    reader: ndjson::Reader<B>,
    lines: L,
    /// What went wrong after something that is not told yet.
    failed: Option<Error>,
}

impl<B: http::Chunks, L: Lines> Reading<B, L> {
    /// Reads the answer from this body.
    pub(crate) fn new(body: B, lines: L) -> Self {
        Self {
            reader: ndjson::Reader::new(body),
            lines,
            failed: None,
        }
    }

    /// The next things said, at least one: blocks for it. Empty at the end.
    ///
    /// # Errors
    /// When the connection fails, the vendor reports an error, or the lines stop before the end.
    pub(crate) fn next_batch(&mut self) -> Result<Vec<L::Said>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut said = Vec::new();
        match self.read(&mut said) {
            Ok(()) => Ok(said),
            Err(error) if said.is_empty() => Err(error),
            // What came before an error is told before it, however much of both arrived at once.
            Err(error) => {
                self.failed = Some(error);
                Ok(said)
            }
        }
    }

    /// Reads on until there is something to tell.
    fn read(&mut self, said: &mut Vec<L::Said>) -> Result<(), Error> {
        while said.is_empty() && !self.lines.ended() {
            let batch = self.reader.next_batch()?;
            if batch.is_empty() {
                return Err(L::broke_off());
            }
            for line in batch {
                // Nothing follows the end.
                if !self.lines.ended() {
                    self.lines.line(&line, said)?;
                }
            }
        }
        Ok(())
    }
}
