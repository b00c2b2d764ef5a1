//! The command line. One file for each command.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong
//! usage.

mod admin_client;
mod ask;
mod breaker;
mod check;
mod logging;
mod mock;
mod models;
mod output;
mod plugin;
mod serve;
mod span;
mod status;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use output::{eprint_line, print_line};

/// Exit code of wrong usage.
pub(crate) const USAGE: u8 = 2;

/// One interface to every AI provider, each a sandboxed WebAssembly component.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    logging: logging::LoggingArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP APIs.
    Serve(ConfigArgs),
    /// Show what the routes and deployments of a running host do.
    Status(status::StatusArgs),
    /// Act on the breakers of a running host.
    #[command(subcommand)]
    Breaker(breaker::BreakerCommand),
    /// Look at the models that vendors have, and have one fetched or deleted.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Check a configuration file and print every problem in it.
    Check(check::CheckArgs),
    /// Ask a model from the command line.
    Ask(ask::AskArgs),
    /// Look at the configuration format.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at provider plugins.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Run an upstream emulator that speaks OpenAI chat completions.
    Mock(crate::mock::MockArgs),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the JSON Schema of the configuration file, for editors.
    Schema,
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file.
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "WHARF_CONFIG",
        default_value = "./wharf.yaml"
    )]
    config: PathBuf,
}

/// Runs a command and says how it went.
pub(crate) async fn run(cli: Cli) -> ExitCode {
    logging::init(&cli.logging, matches!(cli.command, Command::Serve(_)));
    let result = match cli.command {
        Command::Serve(args) => serve::run(&args.config).await,
        Command::Status(args) => status::run(args).await,
        Command::Breaker(command) => breaker::run(command).await,
        Command::Models(command) => models::run(command).await,
        Command::Check(args) => check::run(&args),
        Command::Ask(args) => ask::run(args).await,
        Command::Config(ConfigCommand::Schema) => schema(),
        Command::Plugin(command) => plugin::run(command).await,
        Command::Mock(args) => mock::run(args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Prints an error with its causes.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    eprint_line(&format!("error: {error:#}"));
    ExitCode::FAILURE
}

fn schema() -> anyhow::Result<()> {
    print_line(&serde_json::to_string_pretty(&wharf::config::schema())?)
}
