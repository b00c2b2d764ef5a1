//! `wharf status`: what the routes and deployments of a running host do.

mod screen;

use clap::Args;

use super::admin_client::AdminArgs;
use super::output::{print, print_line};
use crate::admin;

/// Which host to look at.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Print the state as JSON, as GET /admin/v1/state gives it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: StatusArgs) -> anyhow::Result<()> {
    let client = args.admin.client()?;
    let answer = client.get(admin::STATE).await?;
    if args.json {
        return print_line(answer.trim_end());
    }
    print(&screen::render(&client.read(&answer)?))
}
