//! How far a pull is, put together from its steps. Pure: how it looks is for `bars` and `plain`.

use crate::admin::wire::models::PullStep;
use crate::cli::table::printable;

/// Layers that are followed one by one. Models have about ten; what comes beyond is not drawn.
const MAX_LAYERS: usize = 100;
/// Characters of a digest that tell layers apart.
const NAME: usize = 12;

/// One part of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    digest: String,
    /// A short name of it.
    pub(super) name: String,
    /// Bytes it has, if known.
    pub(super) total: Option<u64>,
    /// Bytes that are there; never more than `total`.
    pub(super) completed: u64,
}

impl Layer {
    /// Whether all of it is there.
    pub(super) fn is_complete(&self) -> bool {
        self.total == Some(self.completed)
    }

    /// How many tenths of it are there, if that can be said.
    pub(super) fn tenths(&self) -> Option<u64> {
        let total = self.total.filter(|&total| total > 0)?;
        // At most ten, since `completed` is at most `total`.
        u64::try_from(u128::from(self.completed) * 10 / u128::from(total)).ok()
    }
}

/// What a step has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The vendor does something else now: `Progress::said`.
    Said,
    /// The layer of this number is new, or has grown.
    Layer(usize),
    /// Nothing that shows.
    Nothing,
}

/// A running pull.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Its layers, in the order in which they appeared.
    pub(super) layers: Vec<Layer>,
    /// What the vendor said last that is not about a layer.
    pub(super) said: String,
}

impl Progress {
    /// Takes the next step.
    pub(super) fn take(&mut self, step: &PullStep) -> Change {
        match &step.digest {
            Some(digest) => self.grow(digest, step),
            None => self.say(&step.status),
        }
    }

    fn say(&mut self, status: &str) -> Change {
        let said = printable(status);
        if said == self.said {
            return Change::Nothing;
        }
        self.said = said;
        Change::Said
    }

    fn grow(&mut self, digest: &str, step: &PullStep) -> Change {
        let completed = step.completed.unwrap_or_default();
        let Some(at) = self.layers.iter().position(|layer| layer.digest == digest) else {
            if self.layers.len() == MAX_LAYERS {
                return Change::Nothing;
            }
            self.layers.push(Layer {
                digest: digest.to_owned(),
                name: name(digest),
                total: step.total,
                completed: within(completed, step.total),
            });
            return Change::Layer(self.layers.len() - 1);
        };
        let layer = &mut self.layers[at];
        let before = (layer.total, layer.completed);
        layer.total = step.total.or(layer.total);
        // A step that does not say how much is there has nothing new about it.
        layer.completed = within(step.completed.unwrap_or(layer.completed), layer.total);
        if before == (layer.total, layer.completed) {
            Change::Nothing
        } else {
            Change::Layer(at)
        }
    }
}

fn within(completed: u64, total: Option<u64>) -> u64 {
    total.map_or(completed, |total| completed.min(total))
}

/// The start of a digest, without the name of its algorithm.
fn name(digest: &str) -> String {
    let bare = digest.split_once(':').map_or(digest, |(_, bare)| bare);
    printable(bare).chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(status: &str, digest: Option<&str>, total: Option<u64>, completed: Option<u64>) -> PullStep {
        PullStep {
            status: status.to_owned(),
            digest: digest.map(str::to_owned),
            total,
            completed,
            extra: None,
        }
    }

    #[test]
    fn layers_grow_and_words_change() {
        let mut progress = Progress::default();
        let a = Some("sha256:6a0746a1ec1aef3e7ec53868f220ff6e389f6f8ef87a01d77c96807de94ca2aa");
        let said = |status| step(status, None, None, None);
        for (step, expected) in [
            (said("pulling manifest"), Change::Said),
            (said("pulling manifest"), Change::Nothing),
            (step("pulling 6a07", a, Some(100), None), Change::Layer(0)),
            (step("pulling 6a07", a, Some(100), Some(0)), Change::Nothing),
            (step("pulling 6a07", a, Some(100), Some(60)), Change::Layer(0)),
            (step("pulling 6a07", a, Some(100), None), Change::Nothing),
            (step("pulling x", Some("x"), None, Some(7)), Change::Layer(1)),
            (step("pulling 6a07", a, Some(100), Some(130)), Change::Layer(0)),
            (said("success"), Change::Said),
        ] {
            assert_eq!(progress.take(&step), expected, "{step:?}");
        }
        let shown: Vec<(&str, Option<u64>, u64)> = progress
            .layers
            .iter()
            .map(|layer| (layer.name.as_str(), layer.total, layer.completed))
            .collect();
        assert_eq!(
            shown,
            [("6a0746a1ec1a", Some(100), 100), ("x", None, 7)],
            "never more than all of it"
        );
        assert_eq!(progress.said, "success");
        assert!(progress.layers[0].is_complete() && !progress.layers[1].is_complete());
    }

    #[test]
    fn tenths_are_whole_and_at_most_ten() {
        let tenths = |total, completed| {
            let mut progress = Progress::default();
            progress.take(&step("s", Some("d"), total, Some(completed)));
            progress.layers[0].tenths()
        };
        assert_eq!(tenths(Some(100), 19), Some(1));
        assert_eq!(tenths(Some(u64::MAX), u64::MAX), Some(10));
        assert_eq!(tenths(Some(3), 9), Some(10));
        assert_eq!(tenths(Some(0), 0), None);
        assert_eq!(tenths(None, 5), None);
    }

    #[test]
    fn a_vendor_can_neither_fill_the_screen_nor_write_elsewhere_on_it() {
        let mut progress = Progress::default();
        for number in 0..=MAX_LAYERS {
            progress.take(&step("s", Some(&number.to_string()), Some(1), None));
        }
        assert_eq!(progress.layers.len(), MAX_LAYERS);
        assert_eq!(progress.take(&step("a\u{1b}[2J\nb", None, None, None)), Change::Said);
        assert_eq!(progress.said, "a [2J b");
        assert_eq!(name("sha256:\u{1b}[2Jabc"), "[2Jabc");
    }
}
