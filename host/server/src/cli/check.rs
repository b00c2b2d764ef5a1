//! `wharf check`

use clap::Args;
use wharf::config::{self, ProcessEnv};

use super::ConfigArgs;
use super::output::{eprint_line, print_line};

/// What to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the problems as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    match config::load(&args.config.config, &ProcessEnv) {
        Ok(config) if args.json => print_line(&serde_json::to_string_pretty(
            &serde_json::json!({"ok": true, "problems": [], "warnings": config.warnings}),
        )?),
        Ok(config) => {
            for warning in &config.warnings {
                eprint_line(&format!("warning: {warning}"));
            }
            let (deployments, routes) = (config.deployments.len(), config.routes.len());
            print_line(&format!(
                "{}: ok ({deployments} deployments, {routes} routes)",
                args.config.config.display()
            ))
        }
        Err(problems) if args.json => {
            let report = serde_json::json!({"ok": false, "problems": problems.0, "warnings": []});
            print_line(&serde_json::to_string_pretty(&report)?)?;
            Err(anyhow::anyhow!("{} problems", problems.0.len()))
        }
        Err(problems) => Err(problems.into()),
    }
}
