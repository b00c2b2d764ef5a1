//! Logs go to standard error, as text or JSON.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How to log.
#[derive(Debug, Args)]
pub(super) struct LoggingArgs {
    /// What to log: a level, or `target=level` pairs. Default: info for `serve`, warn elsewhere.
    #[arg(long, global = true, value_name = "FILTER", env = "WHARF_LOG")]
    log: Option<String>,
    /// The format of the log.
    #[arg(long, global = true, value_enum, default_value = "text", env = "WHARF_LOG_FORMAT")]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// One JSON object for each event.
    Json,
}

/// Starts logging for the whole process.
pub(super) fn init(args: &LoggingArgs, serving: bool) {
    let level = args.log.as_deref().unwrap_or(if serving { "info" } else { "warn" });
    let filter = EnvFilter::builder().parse_lossy(level);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match args.log_format {
        Format::Text => registry
            .with(layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())))
            .init(),
        Format::Json => registry.with(layer.json()).init(),
    }
}
