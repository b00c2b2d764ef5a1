//! Where the messages of the host's request are among the client's items, for errors.

/// A place in `input`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    item: u32,
    /// Which part of the item's content; none for an item that is a part as a whole.
    part: Option<u32>,
}

/// The places of all messages.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// How many messages come before the first item: the instructions.
    before: usize,
    /// By message and part.
    parts: Vec<Vec<Place>>,
}

impl Places {
    /// Of items behind so many messages.
    pub(super) fn behind(before: usize) -> Self {
        Self {
            before,
            parts: Vec::new(),
        }
    }

    /// Another message begins.
    pub(super) fn begin(&mut self) {
        self.parts.push(Vec::new());
    }

    /// So many parts of the message are the content of this item.
    pub(super) fn content(&mut self, item: usize, parts: usize) {
        self.add((0..parts).map(|part| Place::new(item, Some(part))));
    }

    /// The next part of the message is this item, or something that belongs to it.
    pub(super) fn item(&mut self, item: usize) {
        self.add([Place::new(item, None)]);
    }

    fn add(&mut self, places: impl IntoIterator<Item = Place>) {
        if let Some(message) = self.parts.last_mut() {
            message.extend(places);
        }
    }

    /// Where a message is in the request, or a part of it.
    pub(super) fn of(&self, message: usize, part: Option<usize>) -> Option<String> {
        let Some(message) = message.checked_sub(self.before) else {
            return Some("instructions".to_owned());
        };
        let Some(places) = self.parts.get(message) else {
            // The input is a text.
            return Some("input".to_owned());
        };
        let place = places.get(part.unwrap_or_default()).or(places.first())?;
        let item = format!("input[{}]", place.item);
        Some(match (part, place.part) {
            (Some(_), Some(part)) => format!("{item}.content[{part}]"),
            _ => item,
        })
    }
}

impl Place {
    fn new(item: usize, part: Option<usize>) -> Self {
        // A request has fewer.
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            item: number(item),
            part: part.map(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_again_in_the_items() {
        let mut places = Places::behind(1);
        places.begin();
        places.content(0, 2);
        places.begin();
        places.item(1);
        places.content(3, 1);
        let of = |message, part| places.of(message, part).unwrap();
        assert_eq!(of(0, Some(0)), "instructions");
        assert_eq!(of(1, Some(1)), "input[0].content[1]");
        assert_eq!(of(1, None), "input[0]");
        assert_eq!(of(2, Some(0)), "input[1]");
        assert_eq!(of(2, Some(1)), "input[3].content[0]");
        assert_eq!(of(3, Some(0)), "input");
    }
}
