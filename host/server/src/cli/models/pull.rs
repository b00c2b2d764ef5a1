//! `wharf models pull`: has a vendor fetch a model and shows how far it is. The model's name is the result and goes to
//! standard output; progress is not, and goes to standard error, as bars where that is a terminal.

use std::io::IsTerminal as _;

use anyhow::bail;

use super::ModelArgs;
use super::bars::Bars;
use super::plain::Plain;
use super::progress::{Change, Progress};
use crate::admin;
use crate::admin::wire::models::{PullLine, PullRequest};
use crate::cli::admin_client::AdminClient;
use crate::cli::output::{eprint_line, print_line};

pub(super) async fn run(args: ModelArgs) -> anyhow::Result<()> {
    let client = args.admin.client()?;
    let asked = PullRequest {
        deployment: args.deployment,
        model: args.model,
    };
    // Whichever comes first, the other is dropped: the connection closes, and the host lets the vendor stop.
    tokio::select! {
        result = pull(&client, &asked, args.json) => result,
        _ = tokio::signal::ctrl_c() => bail!("cancelled; {} was not pulled", asked.model),
    }
}

async fn pull(client: &AdminClient, asked: &PullRequest, json: bool) -> anyhow::Result<()> {
    let mut lines = client.post_for_lines(admin::PULL, asked).await?;
    let deployment = lines.deployment().map(|name| format!(" at {name}")).unwrap_or_default();
    let mut progress = Progress::default();
    let mut screen = if json {
        Screen::Json
    } else if std::io::stderr().is_terminal() {
        Screen::Bars(Bars::new())
    } else {
        Screen::Plain(Plain::default())
    };
    while let Some(line) = lines.next().await? {
        screen.raw(&line)?;
        match client.read(&line)? {
            PullLine::Failed(failure) => bail!("{}", failure.error.message),
            PullLine::Step(step) => {
                let change = progress.take(&step);
                screen.show(change, &progress);
            }
        }
    }
    let is_json = matches!(screen, Screen::Json);
    // What was drawn is left before anything else is written.
    drop(screen);
    if is_json {
        return Ok(());
    }
    print_line(&format!("pulled {}{deployment}", asked.model))
}

/// How it is shown.
enum Screen {
    /// The lines as they come.
    Json,
    Bars(Bars),
    Plain(Plain),
}

impl Screen {
    fn raw(&self, line: &str) -> anyhow::Result<()> {
        match self {
            Self::Json => print_line(line),
            Self::Bars(_) | Self::Plain(_) => Ok(()),
        }
    }

    fn show(&mut self, change: Change, progress: &Progress) {
        match self {
            Self::Json => {}
            Self::Bars(bars) => bars.show(change, progress),
            Self::Plain(plain) => {
                if let Some(line) = plain.line(change, progress) {
                    eprint_line(&line);
                }
            }
        }
    }
}
