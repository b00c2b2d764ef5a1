//! An answer that comes in pieces: server-sent events, or lines.
//!
//! What the pieces mean is the vendor's matter ([`Pieces`]). That something is told as soon as it is there, that what
//! came before an error is told before it, and that nothing follows the end is the same for all of them.

use crate::{Error, Event, EventStream, http, ndjson, sse};

/// Where the pieces come from.
pub trait Source {
    /// A piece.
    type Piece;

    /// All pieces that are there, at least one: blocks for it. Empty at the end of the body.
    ///
    /// # Errors
    /// When the connection fails or the bytes are no pieces.
    fn next_batch(&mut self) -> Result<Vec<Self::Piece>, Error>;
}

impl<B: http::Chunks> Source for sse::Reader<B> {
    type Piece = sse::Message;

    fn next_batch(&mut self) -> Result<Vec<sse::Message>, Error> {
        Self::next_batch(self)
    }
}

impl<B: http::Chunks> Source for ndjson::Reader<B> {
    type Piece = String;

    fn next_batch(&mut self) -> Result<Vec<String>, Error> {
        Self::next_batch(self)
    }
}

/// What the pieces of an answer mean, with what has to be remembered from one to the next.
pub trait Pieces {
    /// A piece.
    type Piece;
    /// What is told of it: [`Event`], for an answer.
    type Said;

    /// Reads a piece, and adds what it says.
    ///
    /// # Errors
    /// The vendor's own error when the piece carries one, and a protocol error when it is none of this answer's.
    fn piece(&mut self, piece: &Self::Piece, said: &mut Vec<Self::Said>) -> Result<(), Error>;

    /// Whether the end has been read. Nothing follows it.
    fn ended(&self) -> bool;

    /// The connection has ended, and the end was not read.
    ///
    /// # Errors
    /// [`Error::broke_off`], unless that is regular for what has been read.
    fn broke_off(&mut self, said: &mut Vec<Self::Said>) -> Result<(), Error>;
}

/// An answer that is being read.
#[derive(Debug)]
pub struct Reading<S, P> {
    source: S,
    pieces: P,
    /// Whether the connection has ended.
    over: bool,
    /// What went wrong after something that is not told yet.
    failed: Option<Error>,
}

impl<S: Source, P: Pieces<Piece = S::Piece>> Reading<S, P> {
    /// Reads the answer from this source.
    pub fn new(source: S, pieces: P) -> Self {
        Self {
            source,
            pieces,
            over: false,
            failed: None,
        }
    }

    /// The next things said, at least one: blocks for it. Empty at the end.
    ///
    /// # Errors
    /// When the connection fails, the vendor reports an error, or the answer breaks off.
    pub fn next_batch(&mut self) -> Result<Vec<P::Said>, Error> {
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
    fn read(&mut self, said: &mut Vec<P::Said>) -> Result<(), Error> {
        while said.is_empty() && !self.over && !self.pieces.ended() {
            let batch = self.source.next_batch()?;
            if batch.is_empty() {
                self.over = true;
                self.pieces.broke_off(said)?;
            }
            for piece in batch {
                if !self.pieces.ended() {
                    self.pieces.piece(&piece, said)?;
                }
            }
        }
        Ok(())
    }
}

impl<S, P> EventStream for Reading<S, P>
where
    S: Source + 'static,
    P: Pieces<Piece = S::Piece, Said = Event> + 'static,
{
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        self.next_batch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    /// Lines that say themselves, `end` and `fail` excepted, and are regular without the former if they are `lax`.
    struct Words {
        ended: bool,
        lax: bool,
    }

    impl Pieces for Words {
        type Piece = String;
        type Said = String;

        fn piece(&mut self, piece: &String, said: &mut Vec<String>) -> Result<(), Error> {
            match piece.as_str() {
                "end" => self.ended = true,
                "fail" => return Err(Error::protocol("failed")),
                word => said.push(word.to_owned()),
            }
            Ok(())
        }

        fn ended(&self) -> bool {
            self.ended
        }

        fn broke_off(&mut self, _: &mut Vec<String>) -> Result<(), Error> {
            if self.lax { Ok(()) } else { Err(Error::broke_off()) }
        }
    }

    /// What is told of these chunks, one after the other; an error as its kind.
    fn told(chunks: &[&str], lax: bool) -> Vec<Result<Vec<String>, ErrorKind>> {
        let chunks: Vec<Vec<u8>> = chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect();
        let words = Words { ended: false, lax };
        let mut reading = Reading::new(ndjson::Reader::new(chunks.into_iter()), words);
        let mut told = Vec::new();
        loop {
            let next = reading.next_batch().map_err(|error| error.kind);
            let last = !matches!(&next, Ok(said) if !said.is_empty());
            told.push(next);
            if last {
                return told;
            }
        }
    }

    fn said(words: &[&str]) -> Result<Vec<String>, ErrorKind> {
        Ok(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[test]
    fn what_is_there_is_told_and_nothing_after_the_end() {
        assert_eq!(
            told(&["a\nb\n", "c\n", "end\nd\nfail\n"], false),
            [said(&["a", "b"]), said(&["c"]), said(&[])]
        );
    }

    #[test]
    fn what_came_before_an_error_is_told_before_it() {
        assert_eq!(told(&["a\nfail\nb\n"], false), [said(&["a"]), Err(ErrorKind::Protocol)]);
    }

    #[test]
    fn a_broken_connection_is_no_end_unless_that_is_regular() {
        assert_eq!(told(&["a\n"], false), [said(&["a"]), Err(ErrorKind::Unavailable)]);
        assert_eq!(told(&["a\n"], true), [said(&["a"]), said(&[])]);
    }
}
