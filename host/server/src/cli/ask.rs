//! `wharf ask`: one question from the command line, answered as it comes.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use wharf::config::{self, Config, DeploymentConfig, ProcessEnv, RouteConfig, RouteTarget};
use wharf::{Answered, CallOptions, Degraded, Event, Host, Message, Request, Role};

use super::output::{eprint_line, print, print_line};
use crate::api::generate_response;

/// The largest question read from standard input, in bytes.
const MAX_INPUT: u64 = 32 << 20;

/// What to ask.
#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// The question. Without it, or with `-`, it is read from standard input.
    prompt: Vec<String>,
    /// The model: a route, or deployment/model. Default: the first of the configuration.
    #[arg(long, short)]
    model: Option<String>,
    /// Instructions for the model.
    #[arg(long, short)]
    system: Option<String>,
    /// The most tokens to answer with.
    #[arg(long)]
    max_tokens: Option<u32>,
    /// Sampling temperature.
    #[arg(long)]
    temperature: Option<f64>,
    /// Print the whole answer as JSON, as POST /v1/generate gives it.
    #[arg(long)]
    json: bool,
    /// The configuration file. Default: ./wharf.yaml if there is one; else the echo provider answers.
    #[arg(long, short, value_name = "FILE", env = "WHARF_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: AskArgs) -> anyhow::Result<()> {
    let prompt = prompt(&args.prompt)?;
    let config = configuration(args.config.as_deref())?;
    let model = match args.model {
        Some(model) => model,
        None => config
            .routes
            .first()
            .map(|route| route.name.clone())
            .context("the configuration has no models")?,
    };
    let host = Host::start(config).await?;
    let system = args.system.map(|text| Message::text(Role::System, text));
    let request = Request {
        model,
        messages: system.into_iter().chain([Message::text(Role::User, prompt)]).collect(),
        max_output_tokens: args.max_tokens,
        temperature: args.temperature,
        dialect: "wharf".to_owned(),
        ..Request::default()
    };
    tokio::select! {
        result = answer(&host, &request, args.json) => result,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("cancelled"),
    }
}

async fn answer(host: &Host, request: &Request, json: bool) -> anyhow::Result<()> {
    let options = CallOptions::default();
    if json {
        let answered: Answered<_> = host.generate(request, &options).await.map_err(explain)?;
        note(answered.degraded.as_ref());
        return print_line(&serde_json::to_string_pretty(&generate_response(
            &request.model,
            &answered,
        ))?);
    }
    let answered = host.stream(request, &options).await.map_err(explain)?;
    note(answered.degraded.as_ref());
    let mut stream = answered.value;
    loop {
        let events = stream.next().await.map_err(explain)?;
        if events.is_empty() {
            return print_line("");
        }
        for event in events {
            if let Event::Text(text) | Event::Refusal(text) = event {
                print(&text)?;
            }
        }
    }
}

/// Says when the answer is not what was asked for. Beside the answer, which may go into a file.
fn note(degraded: Option<&Degraded>) {
    let Some(degraded) = degraded else { return };
    let instead = match degraded {
        Degraded::Route(name) => format!("the route `{name}` answers instead"),
        Degraded::LastAnswer { age } => format!("this is the last good answer, {} s old", age.as_secs()),
        Degraded::Text => "this is the fixed text of the configuration".to_owned(),
    };
    eprint_line(&format!("note: every deployment of the model failed; {instead}"));
}

/// The operator asks here, so the details that clients never see are shown.
fn explain(error: wharf::Error) -> anyhow::Error {
    let detail = error
        .detail()
        .map(|detail| format!("\n    {detail}"))
        .unwrap_or_default();
    anyhow::anyhow!("{error}{detail}")
}

fn prompt(words: &[String]) -> anyhow::Result<String> {
    let given = words.join(" ");
    if !given.is_empty() && given != "-" {
        return Ok(given);
    }
    if given.is_empty() && std::io::stdin().is_terminal() {
        anyhow::bail!("nothing to ask; write the question after `wharf ask`, or pipe it in");
    }
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_string(&mut text)
        .context("standard input")?;
    anyhow::ensure!(
        read as u64 <= MAX_INPUT,
        "standard input has more than {MAX_INPUT} bytes"
    );
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    anyhow::ensure!(
        !text.trim().is_empty(),
        "standard input is empty; there is nothing to ask"
    );
    Ok(text)
}

/// The configuration that was named, or the one that is here, or the echo provider alone.
fn configuration(named: Option<&Path>) -> anyhow::Result<Config> {
    let here = Path::new("./wharf.yaml");
    if let Some(path) = named.or_else(|| here.exists().then_some(here)) {
        return Ok(config::load(path, &ProcessEnv)?);
    }
    let plugins = echo_plugins()?;
    eprint_line("no ./wharf.yaml here: the echo provider answers (it says back what it is told)");
    let mut deployment = DeploymentConfig::named("echo");
    deployment.models = vec!["echo".to_owned()];
    let target = RouteTarget {
        deployment: "echo".to_owned(),
        model: "echo".to_owned(),
        priority: None,
        weight: None,
    };
    let route = RouteConfig {
        name: "echo".to_owned(),
        targets: vec![target],
        fallbacks: indexmap::IndexMap::default(),
        degraded: None,
        hedge: None,
        explicit: true,
    };
    Ok(Config {
        plugins,
        deployments: vec![deployment],
        routes: vec![route],
        ..Config::default()
    })
}

/// Where the echo component lies: in ./plugins, beside the binary, or in the checkout the binary was built in.
fn echo_plugins() -> anyhow::Result<PathBuf> {
    let mut places = vec![PathBuf::from("./plugins")];
    if let Some(directory) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(directory.join("plugins"));
        places.extend(directory.ancestors().nth(2).map(|root| root.join("plugins")));
    }
    let found = places.iter().find(|place| place.join("echo.wasm").is_file());
    found
        .cloned()
        .context("there is no ./wharf.yaml and no plugins/echo.wasm; write a configuration, or run `just build`")
}
