//! The content blocks of a stream, one after the other: each is closed before the next begins.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use crate::api::leftover::{Leftover, append, push_field, push_raw};

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    /// A thought that was sealed and so is complete.
    Sealed,
    Call,
    Redacted,
    /// A block that was told as it came.
    Own,
}

impl Kind {
    /// The fields that the host writes itself; a leftover of such a name would be there twice.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["type", "text"],
            Self::Thinking | Self::Sealed => &["type", "thinking", "signature"],
            Self::Call => &["type", "id", "name", "input"],
            Self::Redacted => &["type", "data"],
            Self::Own => &["type", "source", "title"],
        }
    }
}

/// What a piece of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Text,
    Thinking,
    Signature,
    Input,
}

impl Piece {
    /// By its type.
    pub(super) fn of(kind: &str) -> Option<Self> {
        let all = [Self::Text, Self::Thinking, Self::Signature, Self::Input];
        all.into_iter().find(|piece| piece.words().0 == kind)
    }

    /// Its type, and the name that the type has for its text.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text_delta", "text"),
            Self::Thinking => ("thinking_delta", "thinking"),
            Self::Signature => ("signature_delta", "signature"),
            Self::Input => ("input_json_delta", "partial_json"),
        }
    }

    /// The block that it is a piece of.
    pub(super) fn block(self) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::Thinking | Self::Signature => Kind::Thinking,
            Self::Input => Kind::Call,
        }
    }
}

/// What is left of an event of the vendor's.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Of the object in it.
    pub(super) inner: Leftover,
    /// Beside that.
    pub(super) beside: Leftover,
}

impl Left {
    /// What is left of a part, which has nothing beside it.
    pub(super) fn of(inner: Leftover) -> Self {
        Self {
            inner,
            beside: Leftover::default(),
        }
    }

    /// Lays another over.
    pub(super) fn extend(&mut self, other: Self) {
        self.inner.extend(other.inner);
        self.beside.extend(other.beside);
    }
}

/// Writes the blocks of one stream.
#[derive(Debug, Default)]
pub(super) struct BlockEvents {
    open: Option<Open>,
    /// The index of the next block.
    next: u32,
    /// What is left of the start of the next block.
    block_left: Left,
    /// What is left of the next piece, and of which kind that is, if anybody knows.
    piece_left: Option<(Option<Piece>, Left)>,
    /// The block that was told in the vendor's own events, until it is told whole.
    shown: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    index: u32,
    kind: Kind,
}

impl BlockEvents {
    /// The block that is open.
    pub(super) fn open(&self) -> Option<u32> {
        self.open.map(|open| open.index)
    }

    /// The index of the next block.
    pub(super) fn next_index(&self) -> u32 {
        self.next
    }

    /// Closes the open block, and begins one whose fields `write` writes.
    pub(super) fn begin(&mut self, kind: Kind, left: Left, out: &mut String, write: impl FnOnce(&mut String)) -> u32 {
        self.close(out);
        let index = self.take_index(kind);
        begin("content_block_start", out);
        // Writing into a string cannot fail, here and below.
        let _ = write!(out, ",\"index\":{index},\"content_block\":{{");
        write(out);
        // The same field may be left of the event and of the part.
        let mut all = std::mem::take(&mut self.block_left);
        all.extend(left);
        append(&all.inner, kind.fields(), out);
        out.push('}');
        append(&all.beside, &["type", "index", "content_block"], out);
        finish(out);
        index
    }

    /// Begins a text or a thought that has no text yet.
    pub(super) fn begin_empty(&mut self, kind: Kind, left: Left, out: &mut String) {
        self.begin(kind, left, out, |out| {
            out.push_str(if kind == Kind::Text {
                "\"type\":\"text\",\"text\":\"\""
            } else {
                "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""
            });
        });
    }

    /// A block as it came.
    pub(super) fn own(&mut self, block: &RawValue, beside: &Leftover, out: &mut String) {
        self.close(out);
        let index = self.take_index(Kind::Own);
        begin("content_block_start", out);
        let _ = write!(out, ",\"index\":{index},\"content_block\":");
        push_raw(block, out);
        append(beside, &["type", "index", "content_block"], out);
        finish(out);
    }

    /// The block that began last comes in the vendor's own events.
    pub(super) fn show(&mut self) {
        self.shown = self.next.checked_sub(1);
    }

    /// Whether a whole block is the one that began last, which was told in the vendor's own events; it is once.
    pub(super) fn take_shown(&mut self) -> bool {
        let last = self.next.checked_sub(1);
        self.shown.take().is_some_and(|shown| Some(shown) == last)
    }

    /// A piece of a text or a thought: of the open block if it is one, else of a new one.
    pub(super) fn say(&mut self, piece: Piece, text: &str, out: &mut String) {
        self.go_on_with(piece.block(), out);
        self.piece(piece, text, out);
        if piece == Piece::Signature
            && let Some(open) = &mut self.open
        {
            // A sealed thought is complete; the next is another one.
            open.kind = Kind::Sealed;
        }
    }

    /// A piece of the open block.
    pub(super) fn piece(&mut self, piece: Piece, text: &str, out: &mut String) {
        let Some(open) = self.open else { return };
        let left = match self.piece_left.take() {
            None => Left::default(),
            Some((of, left)) if of.is_none_or(|of| of == piece) => left,
            other => {
                self.piece_left = other;
                self.tell_left(out);
                Left::default()
            }
        };
        write_piece(open.index, piece, text, &left, out);
    }

    /// A piece as it came. One that comes before any block can only begin a text.
    pub(super) fn own_piece(&mut self, delta: &RawValue, beside: &Leftover, out: &mut String) {
        if self.open.is_none() {
            self.begin_empty(Kind::Text, Left::default(), out);
        }
        self.tell_left(out);
        let Some(open) = self.open else { return };
        begin("content_block_delta", out);
        let _ = write!(out, ",\"index\":{},\"delta\":", open.index);
        push_raw(delta, out);
        append(beside, &["type", "index", "delta"], out);
        finish(out);
    }

    /// Keeps what is left of the start of a block. Of a kind that goes on in pieces, it begins now, which between two
    /// texts nothing else says.
    pub(super) fn left_of_block(&mut self, kind: Option<Kind>, left: Left, out: &mut String) {
        self.close(out);
        match kind {
            Some(kind) => self.begin_empty(kind, left, out),
            None => self.block_left = left,
        }
    }

    /// Keeps what is left of the next piece. Its block is open at the vendor, even if the piece says nothing else.
    pub(super) fn left_of_piece(&mut self, piece: Option<Piece>, left: Left, out: &mut String) {
        self.tell_left(out);
        let kind = piece.map(Piece::block);
        if let Some(kind @ (Kind::Text | Kind::Thinking)) = kind {
            self.go_on_with(kind, out);
        }
        self.piece_left = Some((piece, left));
    }

    /// Closes the open block.
    pub(super) fn close(&mut self, out: &mut String) {
        self.close_with(&Leftover::default(), out);
    }

    /// Closes the open block, with what is left of the vendor's event.
    pub(super) fn close_with(&mut self, left: &Leftover, out: &mut String) {
        self.tell_left(out);
        if let Some(open) = self.open.take() {
            begin("content_block_stop", out);
            let _ = write!(out, ",\"index\":{}", open.index);
            append(left, &["type", "index"], out);
            finish(out);
        }
    }

    fn take_index(&mut self, kind: Kind) -> u32 {
        let index = self.next;
        self.next += 1;
        self.open = Some(Open { index, kind });
        index
    }

    fn go_on_with(&mut self, kind: Kind, out: &mut String) {
        if self.open.is_none_or(|open| open.kind != kind) {
            self.begin_empty(kind, Left::default(), out);
        }
    }

    /// Tells what was left of a piece that said nothing else, if its block is still open.
    fn tell_left(&mut self, out: &mut String) {
        if let Some(open) = self.open
            && let Some((piece, left)) = self.piece_left.take_if(|(piece, _)| piece.is_some())
            && let Some(piece) = piece.filter(|piece| piece.block() == open.kind)
        {
            write_piece(open.index, piece, "", &left, out);
        }
    }
}

fn write_piece(index: u32, piece: Piece, text: &str, left: &Left, out: &mut String) {
    let (kind, name) = piece.words();
    begin("content_block_delta", out);
    let _ = write!(out, ",\"index\":{index},\"delta\":{{\"type\":\"{kind}\"");
    push_field(name, text, out);
    append(&left.inner, &["type", name], out);
    out.push('}');
    append(&left.beside, &["type", "index", "delta"], out);
    finish(out);
}

/// Begins an event, which tells its type twice.
pub(super) fn begin(kind: &str, out: &mut String) {
    let _ = write!(out, "event: {kind}\ndata: {{\"type\":\"{kind}\"");
}

/// Ends an event.
pub(super) fn finish(out: &mut String) {
    out.push_str("}\n\n");
}
