//! `wharf models`: the models that the vendors behind a running host have.

mod bars;
mod plain;
mod progress;
mod pull;
mod quantity;
mod screen;

use anyhow::ensure;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use url::form_urlencoded::Serializer;

use super::admin_client::AdminArgs;
use super::output::{print, print_line};
use crate::admin;
use crate::admin::wire::models::{DeleteAnswer, ModelLists};

#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// List the models that deployments can use.
    List(ListArgs),
    /// Show one model and what it can do.
    Show(ModelArgs),
    /// Have the vendor fetch a model; Ctrl-C ends it.
    Pull(ModelArgs),
    /// Have the vendor delete a model.
    Rm(ModelArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The deployment. Default: all that can tell which models they have.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    deployment: Option<String>,
    /// Print JSON, as GET /admin/v1/models gives it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// The vendor's name of the model.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    model: String,
    /// The deployment. Default: the one that can manage models, if there is only one.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    deployment: Option<String>,
    /// Print JSON, as the admin API gives it. A pull prints a line for each step.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(command: ModelsCommand) -> anyhow::Result<()> {
    match command {
        ModelsCommand::List(args) => list(args).await,
        ModelsCommand::Show(args) => show(args).await,
        ModelsCommand::Pull(args) => pull::run(args).await,
        ModelsCommand::Rm(args) => remove(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let client = args.admin.client()?;
    let path = path(admin::MODELS, args.deployment.as_deref(), None);
    let answer = client.get_from_vendors(&path).await?;
    let lists: ModelLists = client.read(&answer)?;
    if args.json {
        print_line(answer.trim_end())?;
    } else {
        print(&screen::list(&lists))?;
    }
    let failed = lists.deployments.iter().filter(|list| list.error.is_some()).count();
    ensure!(
        failed == 0,
        "{failed} of {} deployments did not list their models",
        lists.deployments.len()
    );
    Ok(())
}

async fn show(args: ModelArgs) -> anyhow::Result<()> {
    let client = args.admin.client()?;
    let path = path(admin::SHOW, args.deployment.as_deref(), Some(&args.model));
    let answer = client.get_from_vendors(&path).await?;
    if args.json {
        return print_line(answer.trim_end());
    }
    print(&screen::one(&client.read(&answer)?))
}

async fn remove(args: ModelArgs) -> anyhow::Result<()> {
    let client = args.admin.client()?;
    let path = path(admin::MODELS, args.deployment.as_deref(), Some(&args.model));
    let answer = client.delete(&path).await?;
    if args.json {
        return print_line(answer.trim_end());
    }
    let DeleteAnswer { deleted } = client.read(&answer)?;
    print_line(&format!("deleted {} at {}", deleted.model, deleted.deployment))
}

/// A path with a query that names these.
fn path(base: &str, deployment: Option<&str>, model: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in [("deployment", deployment), ("model", model)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_may_have_any_characters() {
        assert_eq!(path("/m", None, None), "/m");
        assert_eq!(path("/m", Some("a"), None), "/m?deployment=a");
        assert_eq!(
            path("/m", Some("a"), Some("hf.co/x/y:Q4 &=?#ä")),
            "/m?deployment=a&model=hf.co%2Fx%2Fy%3AQ4+%26%3D%3F%23%C3%A4"
        );
    }
}
