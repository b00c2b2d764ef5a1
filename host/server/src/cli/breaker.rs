//! `wharf breaker`: acting on the breakers of a running host.

use clap::{Args, Subcommand};

use super::admin_client::AdminArgs;
use super::output::print_line;
use crate::admin;
use crate::admin::wire::{ResetAnswer, ResetRequest};

#[derive(Debug, Subcommand)]
pub(super) enum BreakerCommand {
    /// Let requests through again, without waiting for probes.
    Reset(ResetArgs),
}

/// Which breakers to reset.
#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    /// The deployment, or one of its models. Default: all breakers.
    #[arg(value_name = "DEPLOYMENT[/MODEL]", value_parser = which)]
    which: Option<Which>,
    /// Also bring back keys that rest or were refused, and forget failed health checks.
    #[arg(long)]
    keys: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

/// A deployment, or one of its models.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Which {
    deployment: String,
    model: Option<String>,
}

/// Only the first slash separates: names of models have some of their own.
fn which(text: &str) -> Result<Which, String> {
    let (deployment, model) = match text.split_once('/') {
        Some((deployment, model)) => (deployment, Some(model.to_owned())),
        None => (text, None),
    };
    if deployment.is_empty() || model.as_deref() == Some("") {
        return Err("write a deployment, or deployment/model".to_owned());
    }
    Ok(Which {
        deployment: deployment.to_owned(),
        model,
    })
}

pub(super) async fn run(command: BreakerCommand) -> anyhow::Result<()> {
    let BreakerCommand::Reset(args) = command;
    let mut asked = ResetRequest {
        keys: args.keys,
        ..ResetRequest::default()
    };
    if let Some(which) = args.which {
        asked.deployment = Some(which.deployment);
        asked.model = which.model;
    }
    let client = args.admin.client()?;
    let answer = client.post(admin::RESET, &asked).await?;
    if args.json {
        return print_line(answer.trim_end());
    }
    print_line(&told(&client.read(&answer)?))
}

fn told(answer: &ResetAnswer) -> String {
    if answer.reset.is_empty() {
        return "there is nothing to reset".to_owned();
    }
    let lines: Vec<String> = answer
        .reset
        .iter()
        .map(|target| format!("reset {}/{}", target.deployment, target.model))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::wire::ResetTarget;

    #[test]
    fn a_models_name_may_have_slashes() {
        for (text, model) in [
            ("a", None),
            ("a/gpt-4", Some("gpt-4")),
            ("a/meta/llama", Some("meta/llama")),
        ] {
            let found = which(text).unwrap();
            assert_eq!(
                (found.deployment.as_str(), found.model.as_deref()),
                ("a", model),
                "{text}"
            );
        }
        for text in ["", "/", "a/", "/m"] {
            assert!(which(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_was_reset_is_listed() {
        let target = |model: &str| ResetTarget {
            deployment: "a".to_owned(),
            model: model.to_owned(),
        };
        let reset = vec![target("m"), target("n")];
        assert_eq!(told(&ResetAnswer { reset }), "reset a/m\nreset a/n");
        assert_eq!(told(&ResetAnswer { reset: Vec::new() }), "there is nothing to reset");
    }
}
