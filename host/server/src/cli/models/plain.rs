//! A pull as lines of text, for logs and pipes: one for each thing the vendor does, and a few for each layer.

use super::progress::{Change, Progress};
use super::quantity::size;

/// What has been written.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// For each layer the tenths that were told last.
    told: Vec<Option<u64>>,
}

impl Plain {
    /// The line that this change is worth, if it is worth one.
    pub(super) fn line(&mut self, change: Change, progress: &Progress) -> Option<String> {
        let at = match change {
            Change::Nothing => return None,
            Change::Said => return Some(progress.said.clone()),
            Change::Layer(at) => at,
        };
        let layer = progress.layers.get(at)?;
        let tenths = layer.tenths();
        match self.told.get_mut(at) {
            Some(told) if *told == tenths => return None,
            Some(told) => *told = tenths,
            // Layers are numbered in the order in which they appear.
            None => self.told.push(tenths),
        }
        let name = &layer.name;
        Some(match (tenths, layer.total) {
            (Some(tenths), Some(total)) => format!("{name}: {}% of {}", tenths * 10, size(total)),
            _ => name.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::wire::models::PullStep;

    #[test]
    fn each_tenth_of_a_layer_is_told_once() {
        let step = |status: &str, digest: Option<&str>, total, completed| PullStep {
            status: status.to_owned(),
            digest: digest.map(str::to_owned),
            total,
            completed,
            extra: None,
        };
        let (mut progress, mut plain) = (Progress::default(), Plain::default());
        let (a, b) = (Some("sha256:aaa"), Some("sha256:bbb"));
        let steps = [
            step("pulling manifest", None, None, None),
            step("pulling aaa", a, Some(4_000_000), None),
            step("pulling aaa", a, Some(4_000_000), Some(100)),
            step("pulling aaa", a, Some(4_000_000), Some(400_000)),
            step("pulling bbb", b, None, Some(3)),
            step("pulling bbb", b, None, Some(4)),
            step("pulling aaa", a, Some(4_000_000), Some(799_999)),
            step("pulling aaa", a, Some(4_000_000), Some(4_000_000)),
            step("success", None, None, None),
        ];
        let mut lines = Vec::new();
        for step in &steps {
            let change = progress.take(step);
            lines.extend(plain.line(change, &progress));
        }
        let expected = [
            "pulling manifest",
            "aaa: 0% of 4.0 MB",
            "aaa: 10% of 4.0 MB",
            "bbb",
            "aaa: 100% of 4.0 MB",
            "success",
        ];
        assert_eq!(lines, expected);
    }
}
