//! A pull on a terminal: a bar for each layer, and below them what the vendor does.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::progress::{Change, Layer, Progress};

/// A layer whose size is known.
const BAR: &str =
    "{prefix:12} [{bar:30}] {decimal_bytes:>10} of {decimal_total_bytes:10} {decimal_bytes_per_sec:>12} {eta}";
/// A layer whose size is not.
const UNSIZED: &str = "{prefix:12} {decimal_bytes:>10}";
/// A layer that is there.
const DONE: &str = "{prefix:12} [{bar:30}] {decimal_total_bytes:>10}";
/// What the vendor does.
const SAID: &str = "{spinner} {msg}";
/// What fills a bar: done, at work, to do. In ASCII, for every terminal's font.
const FILL: &str = "=> ";
/// How often the spinner turns while nothing comes: a pull that waits must not look like one that hangs.
const TURN: Duration = Duration::from_millis(200);

/// What is drawn, on standard error.
pub(super) struct Bars {
    screen: MultiProgress,
    layers: Vec<ProgressBar>,
    said: ProgressBar,
}

impl Bars {
    pub(super) fn new() -> Self {
        let screen = MultiProgress::new();
        let said = screen.add(ProgressBar::new_spinner().with_style(style(SAID)));
        said.enable_steady_tick(TURN);
        Self {
            screen,
            layers: Vec::new(),
            said,
        }
    }

    /// Draws what has changed.
    pub(super) fn show(&mut self, change: Change, progress: &Progress) {
        match change {
            Change::Nothing => {}
            Change::Said => self.said.set_message(progress.said.clone()),
            Change::Layer(at) => {
                let Some(layer) = progress.layers.get(at) else { return };
                // Layers are numbered in the order in which they appear.
                if at == self.layers.len() {
                    let bar = ProgressBar::new_spinner().with_prefix(layer.name.clone());
                    self.layers.push(self.screen.insert_before(&self.said, bar));
                }
                if let Some(bar) = self.layers.get(at) {
                    draw(bar, layer);
                }
            }
        }
    }
}

fn draw(bar: &ProgressBar, layer: &Layer) {
    bar.set_style(style(template(layer)));
    if let Some(total) = layer.total {
        bar.set_length(total);
    }
    bar.set_position(layer.completed);
}

fn template(layer: &Layer) -> &'static str {
    match layer.total {
        None => UNSIZED,
        Some(_) if layer.is_complete() => DONE,
        Some(_) => BAR,
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates of this file are well formed");
    style.progress_chars(FILL)
}

impl Drop for Bars {
    /// Leaves what was drawn where it is, also when the pull was ended: it says how far it came.
    fn drop(&mut self) {
        for bar in &self.layers {
            bar.abandon();
        }
        self.said.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        for template in [BAR, UNSIZED, DONE, SAID] {
            let _: ProgressStyle = style(template);
        }
    }
}
