//! Standard output and standard error, the one place that writes to them.

use std::io::{self, Write};

/// Writes a line to standard output. A reader that has gone away (`| head`) ends the program quietly.
pub(super) fn print_line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}

/// Writes to standard output and flushes, so that a stream appears as it comes.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes a line to standard error. If even that fails there is nowhere left to say so.
pub(super) fn eprint_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
