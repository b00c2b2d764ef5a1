//! `wharf plugin`: what is in the plugin directory, and what a file is.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wharf::config::{self, ProcessEnv};
use wharf::{CredentialScheme, EngineConfig, LoadError, Provider, Runtime, discover};

use super::ConfigArgs;
use super::output::print_line;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// List the plugins of a directory.
    List(ListArgs),
    /// Show what a plugin file is: its world, version, optional interfaces, imports, manifest, size and digest.
    Inspect(InspectArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The directory. Default: the one of the configuration if there is one, else ./plugins.
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The plugin file.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: PluginCommand) -> anyhow::Result<()> {
    match command {
        PluginCommand::List(args) => list(args).await,
        PluginCommand::Inspect(args) => inspect(&args).await,
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(Runtime::new(&EngineConfig {
        instances: 4,
        ..EngineConfig::default()
    })?)
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let directory = match args.plugins {
        Some(directory) => directory,
        None if args.config.config.exists() => config::load(&args.config.config, &ProcessEnv)?.plugins,
        None => PathBuf::from("./plugins"),
    };
    let place = directory.display().to_string();
    let plugins = discover::load(&runtime()?, &directory)
        .await
        .with_context(|| format!("the plugin directory {place} cannot be read"))?;
    if args.json {
        let good = plugins
            .providers
            .iter()
            .map(|(name, provider)| describe(name, provider));
        let bad = plugins.failures.iter().map(|(name, error)| failure(name, error));
        return print_line(&serde_json::to_string_pretty(&good.chain(bad).collect::<Vec<_>>())?);
    }
    if plugins.providers.is_empty() && plugins.failures.is_empty() {
        return print_line(&format!("no plugins in {place}"));
    }
    let width = plugins
        .providers
        .keys()
        .chain(plugins.failures.keys())
        .map(String::len)
        .max()
        .unwrap_or(0);
    for (name, provider) in &plugins.providers {
        let manifest = &provider.manifest;
        let line = format!(
            "{name:width$}  {:10}  {:12}  {}",
            manifest.version, manifest.vendor, manifest.description
        );
        print_line(&line)?;
    }
    for (name, error) in &plugins.failures {
        print_line(&format!(
            "{name:width$}  not usable: {}\n{:width$}  help: {}",
            error.problem,
            "",
            error.problem.remedy()
        ))?;
    }
    Ok(())
}

async fn inspect(args: &InspectArgs) -> anyhow::Result<()> {
    let name = discover::stem(&args.file);
    let loaded = runtime()?.load(&args.file).await;
    if args.json {
        let value = match &loaded {
            Ok(provider) => describe(&name, provider),
            Err(error) => failure(&name, error),
        };
        print_line(&serde_json::to_string_pretty(&value)?)?;
    }
    match loaded {
        Ok(_) if args.json => Ok(()),
        Ok(provider) => print_line(&text(&args.file, &provider)),
        Err(error) => Err(anyhow::anyhow!("{error}\n    help: {}", error.problem.remedy())),
    }
}

fn credential(scheme: &CredentialScheme) -> String {
    match scheme {
        CredentialScheme::None => "none".to_owned(),
        CredentialScheme::Bearer => "bearer".to_owned(),
        CredentialScheme::Header(name) => format!("header {name}"),
        CredentialScheme::Query(name) => format!("query {name}"),
    }
}

/// The optional interfaces of the contract that it has, by their names there.
fn optional(provider: &Provider) -> Vec<&'static str> {
    let features = provider.features();
    let all = [
        ("embeddings", features.embeddings),
        ("tokens", features.tokens),
        ("models", features.models),
    ];
    all.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

fn describe(name: &str, provider: &Provider) -> Value {
    let manifest = &provider.manifest;
    let features = provider.features();
    json!({
        "name": name,
        "ok": true,
        "path": provider.path,
        "size": provider.size,
        "sha256": provider.digest,
        "contract": format!("wharf:provider@{}", wharf::inspect::SUPPORTED),
        "features": {
            "embeddings": features.embeddings,
            "tokens": features.tokens,
            "models": features.models,
        },
        "imports": provider.outline.imports,
        "exports": provider.outline.exports,
        "manifest": {
            "name": manifest.name,
            "version": manifest.version,
            "vendor": manifest.vendor,
            "description": manifest.description,
            "base_url": manifest.base_url,
            "credential": credential(&manifest.credential),
            "credential_required": manifest.credential_required,
            "config_schema": serde_json::from_str::<Value>(&manifest.config_schema.0).unwrap_or(Value::Null),
            "homepage": manifest.homepage,
        },
    })
}

fn failure(name: &str, error: &LoadError) -> Value {
    json!({
        "name": name,
        "ok": false,
        "path": error.path,
        "sha256": error.digest,
        "problem": error.problem.to_string(),
        "help": error.problem.remedy(),
    })
}

fn text(file: &Path, provider: &Provider) -> String {
    let manifest = &provider.manifest;
    let none = || "none".to_owned();
    let list = |names: &[String]| names.iter().map(|name| format!("\n    {name}")).collect::<String>();
    let optional = optional(provider);
    format!(
        "{file}\n  provider     {name} {version}: {description}\n  world        wharf:provider/ai-provider {contract}\n  \
         optional     {optional}\n  vendor       {vendor}\n  base URL     {base}\n  credential   {credential}{required}\n  homepage     {homepage}\n  \
         size         {size} bytes\n  sha256       {digest}\n  imports{imports}\n  exports{exports}\n  settings\n    {settings}",
        file = file.display(),
        name = manifest.name,
        version = manifest.version,
        description = manifest.description,
        contract = wharf::inspect::SUPPORTED,
        optional = if optional.is_empty() {
            none()
        } else {
            optional.join(", ")
        },
        vendor = manifest.vendor,
        base = manifest.base_url.clone().unwrap_or_else(none),
        credential = credential(&manifest.credential),
        required = if manifest.credential_required {
            " (required)"
        } else {
            ""
        },
        homepage = manifest.homepage.clone().unwrap_or_else(none),
        size = provider.size,
        digest = provider.digest,
        imports = list(&provider.outline.imports),
        exports = list(&provider.outline.exports),
        settings = manifest.config_schema.0.replace('\n', "\n    "),
    )
}
