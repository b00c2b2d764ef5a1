//! `wharf mock`: an upstream emulator that speaks the APIs of OpenAI, Azure, Anthropic, Ollama and Gemini, with faults
//! to order.
//!
//! Decides what an upstream would answer, when, and how it breaks. It knows nothing of routes, deployments or
//! providers: to the rest of the program it is a remote HTTP service like any other. What is answered is decided once
//! for all vendors (`prompt`, `order`, `answer`); a vendor's folder reads its requests into a prompt and writes the
//! answer in its shape.
//!
//! It sits directly on hyper because it is also the upstream of the benchmarks: one allocation per answer where
//! that is easy, `TCP_NODELAY`, and one write per stream event. Everything an answer depends on (arguments, request
//! number, headers, body) goes into the pure function `Endpoint::plan`; only `serve` and `body` touch sockets and time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::ollama::shelf::Shelf;
use self::plan::Settings;
use self::quirks::Quirk;
use self::routes::Shared;
use self::stats::{ConnectionGuard, Stats};

mod answer;
mod anthropic;
mod body;
mod endpoint;
mod failure;
mod gemini;
mod json;
mod ollama;
mod openai;
mod order;
mod plan;
mod prompt;
mod quirks;
mod routes;
mod schema;
mod stats;
mod tape;
#[cfg(test)]
mod tests;
mod vectors;

/// Connections served at once; further ones wait in the listen queue. Ten times the largest benchmark.
const MAX_CONNECTIONS: usize = 10_000;

/// How long requests in flight may go on after `shutdown` resolves.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// Pause after a failed `accept`: the usual cause (no free file descriptors) does not pass in microseconds.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What the emulator listens on, how it answers and how it fails.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct MockArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    pub(crate) listen: SocketAddr,

    /// Wait before the head of every answer, such as 250ms
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_duration)]
    pub(crate) delay: Duration,

    /// Most content chunks in a stream
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) chunks: u32,

    /// Wait before every content chunk of a stream
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_duration)]
    pub(crate) chunk_delay: Duration,

    /// Share of requests that fail, 0.0 to 1.0
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    pub(crate) failure_rate: f64,

    /// Which requests fail under --failure-rate: the same seed fails the same request numbers
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,

    /// Status of the requests that fail
    #[arg(long, value_name = "STATUS", default_value_t = 500, value_parser = clap::value_parser!(u16).range(400..=599))]
    pub(crate) failure_status: u16,

    /// Sent with failures: as retry-after from one second up, as retry-after-ms below
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) retry_after: Option<Duration>,

    /// Demand this key where the vendor expects it, as in `authorization: Bearer KEY` or `x-api-key: KEY`
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,

    /// Break the connection after N content chunks of a stream
    #[arg(long, value_name = "N")]
    pub(crate) cut_after: Option<u32>,

    /// Send an error event after N content chunks of a stream
    #[arg(long, value_name = "N")]
    pub(crate) error_after: Option<u32>,

    /// Accept requests to models and never answer them
    #[arg(long)]
    pub(crate) hang: bool,

    /// Models that exist; `*` accepts any name
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values = ["gpt-4", "gpt-3.5-turbo"])]
    pub(crate) models: Vec<String>,

    /// Ways in which answers in OpenAI's shape differ from OpenAI's
    #[arg(long, value_name = "QUIRKS", value_delimiter = ',', value_enum)]
    pub(crate) quirks: Vec<Quirk>,
}

impl Default for MockArgs {
    /// The same values as an empty command line; a test compares the two.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
            delay: Duration::ZERO,
            chunks: 8,
            chunk_delay: Duration::ZERO,
            failure_rate: 0.0,
            seed: 7,
            failure_status: 500,
            retry_after: None,
            api_key: None,
            cut_after: None,
            error_after: None,
            hang: false,
            models: vec!["gpt-4".to_owned(), "gpt-3.5-turbo".to_owned()],
            quirks: Vec::new(),
        }
    }
}

/// Reads a duration written as a number and a unit (`us`, `ms`, `s`, `m`); a bare `0` needs no unit.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => {
            return Err(format!(
                "`{text}` is not a duration. Write a number and a unit, such as 250ms or 1s."
            ));
        }
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` does not start with a number."))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("`{text}` is too long."))
}

/// Reads a share between 0 and 1.
fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("`{text}` is not a share (0.0 to 1.0).")),
    }
}

/// The emulator, bound to its address and not yet answering.
pub(crate) struct Mock {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Mock {
    /// Binds the address and checks the arguments.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound or `failure_status` is no HTTP status.
    pub(crate) async fn bind(args: MockArgs) -> anyhow::Result<Self> {
        let listen = args.listen;
        let settings = Settings::new(args)?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the listening socket has no address")?;
        Ok(Self {
            listener,
            address,
            shared: Arc::new(Shared {
                settings,
                stats: Arc::new(Stats::default()),
                shelf: Shelf::default(),
            }),
        })
    }

    /// The address in use, with the port the system picked when port 0 was asked for.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` resolves; then requests in flight have one second to end.
    ///
    /// # Errors
    ///
    /// None at present: a failing `accept` is logged and tried again.
    pub(crate) async fn serve(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { listener, shared, .. } = self;
        let builder = Arc::new(auto::Builder::new(TokioExecutor::new()));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => {
                    if let Err(error) = ended {
                        tracing::warn!(%error, "mock: a connection task panicked");
                    }
                }
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let connection =
                            connect(Arc::clone(&builder), Arc::clone(&shared), stream, graceful.watcher());
                        connections.spawn(connection);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "mock: cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        if tokio::time::timeout(SHUTDOWN_LIMIT, graceful.shutdown()).await.is_err() {
            tracing::debug!("mock: requests still in flight are dropped");
        }
        connections.shutdown().await;
        Ok(())
    }
}

/// The task of one connection. The connection counts as open from here, before the task first runs.
fn connect(
    builder: Arc<auto::Builder<TokioExecutor>>,
    shared: Arc<Shared>,
    stream: TcpStream,
    watcher: Watcher,
) -> impl Future<Output = ()> + Send + 'static {
    let open = ConnectionGuard::open(&shared.stats);
    async move {
        let _open = open;
        // Without this, events of a stream wait for the peer's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "mock: cannot set TCP_NODELAY");
        }
        let service = service_fn(move |request| routes::handle(Arc::clone(&shared), request));
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::trace!(%error, "mock: connection ended early");
        }
    }
}
