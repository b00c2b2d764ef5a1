//! The `wharf` binary: HTTP APIs and command line around the `wharf` library.

#![forbid(unsafe_code)]

mod admin;
mod api;
mod cli;
mod mock;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let command = match cli::Cli::try_parse() {
        Ok(command) => command,
        Err(error) => {
            // Help and version are errors to clap that end well.
            let code = if error.use_stderr() { cli::USAGE } else { 0 };
            return error.print().map_or(ExitCode::FAILURE, |()| ExitCode::from(code));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&anyhow::Error::from(error).context("the async runtime cannot start")),
    };
    let code = runtime.block_on(cli::run(command));
    // A name lookup or a compilation that still runs must not hold up the end.
    runtime.shutdown_background();
    code
}
