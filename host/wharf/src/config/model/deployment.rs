//! One deployment: a provider component with its upstream, credentials and limits.
//!
//! Decides what a deployment is when its entry says nothing but the models. The limits are those of one call, not of
//! the process: a provider that misbehaves ends its own call and no other.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;
use wharf_runtime::Secret;

/// The component that an entry named `local` runs: the entry of that name in the example configuration of the project
/// is an Ollama server on this machine.
const LOCAL_COMPONENT: &str = "ollama";

/// A deployment. What is unchanged in a reload keeps its breaker, load and budget.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentConfig {
    /// Name of the entry, at most 128 of `A-Z a-z 0-9 . _ : -`.
    pub name: String,
    /// The provider component: stem of a file in the plugin directory. Default: the name of the
    /// entry; an entry `local` runs `ollama`.
    pub component: String,
    /// Where the upstream is. Default none: the provider's own.
    pub base_url: Option<Url>,
    /// Keys, used in turn. One that the vendor refuses (401, 402, 403) is retired until the configuration changes, one
    /// whose rate it limits (429) rests. Default none, for an upstream that asks for none.
    pub api_keys: Vec<Secret>,
    /// Upstream model names, 1 to 1000, none twice.
    pub models: Vec<String>,
    /// Time limits of one attempt.
    pub timeouts: Timeouts,
    /// Most retries on this deployment within one request; 0 to 10. Default 3: the value of the example configuration.
    pub max_retries: u32,
    /// Tier within a route, lowest first; 0 to 100. Default 0.
    pub priority: u32,
    /// Share of the requests within a tier; 1 to 1000. Default 1: all deployments alike.
    pub weight: u32,
    /// Whether calls share an instance.
    pub isolation: Isolation,
    /// What one call may use.
    pub limits: Limits,
    /// Hosts the provider may reach beside the one of `base_url`: `https://host[:port]` or `*.suffix`. Default none.
    pub allow_hosts: Vec<String>,
    /// Whether host names may lead to private addresses; an address written in `base_url`, and `localhost`, need no
    /// such grant. Default false, so that a provider cannot look around in the host's own network.
    pub private: bool,
    /// PEM file of certificate authorities trusted in addition to those of the system. Default none.
    pub ca_file: Option<PathBuf>,
    /// Where the key goes in an upstream request. Default none: where the provider's vendor wants it.
    pub credential: Option<CredentialOverride>,
    /// Handed to the provider as it is; not for secrets. Default empty.
    pub settings: Map<String, Value>,
    /// Whether `HTTPS_PROXY` and its relatives are honoured. Default true, as every HTTP client does.
    pub proxy: bool,
    /// Whether the upstream is asked periodically whether it is there. Default true: a deployment that is down is then
    /// ejected before a request finds out.
    pub health_check: bool,
}

impl DeploymentConfig {
    /// The deployment that an entry of this name is when nothing else is written.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let component = if name == "local" { LOCAL_COMPONENT } else { name };
        Self {
            name: name.to_owned(),
            component: component.to_owned(),
            base_url: None,
            api_keys: Vec::new(),
            models: Vec::new(),
            timeouts: Timeouts::default(),
            max_retries: 3,
            priority: 0,
            weight: 1,
            isolation: Isolation::Request,
            limits: Limits::default(),
            allow_hosts: Vec::new(),
            private: false,
            ca_file: None,
            credential: None,
            settings: Map::new(),
            proxy: true,
            health_check: true,
        }
    }
}

/// Time limits of one attempt; each 10 ms to 1 h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Key `timeout`: a whole attempt. Default 60 s: the longest of the example configuration.
    pub total: Duration,
    /// Key `connect_timeout`: until the connection stands, TLS included. Default 10 s: several lost packets.
    pub connect: Duration,
    /// Key `first_token_timeout`: until the first token of a streamed answer. Default none: `total` alone limits it.
    pub first_token: Option<Duration>,
    /// Key `idle_timeout`: longest gap between two pieces of the upstream's answer. Default 60 s: as long as `total`, since a
    /// model that thinks is silent too.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            first_token: None,
            idle: Duration::from_secs(60),
        }
    }
}

/// Whether calls share an instance of the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Every call has an instance of its own; nothing of a call is left to the next. The default.
    Request,
    /// Calls reuse instances, one at a time each. Faster; a component may then carry data from call to call.
    Pooled {
        /// Calls after which an instance is replaced; 1 to 1,000,000. Default 1000: start-up cost is then below a
        /// thousandth of a call.
        max_calls: u32,
        /// Age after which it is replaced; 1 s to 24 h. Default 10 min: bounds what a slow leak can hold.
        max_age: Duration,
    },
}

impl Isolation {
    /// `isolation: pooled` with nothing else said.
    pub const POOLED: Self = Self::Pooled {
        max_calls: 1000,
        max_age: Duration::from_secs(600),
    };
}

/// What one call of a provider may use. Reaching a limit ends the call with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory in bytes; 1 MiB to 4 GiB, the most 32-bit WebAssembly has. Default 64 MiB: twice the largest
    /// answer.
    pub memory: u64,
    /// Processor time; 10 ms to 10 min. Default 5 s: far above any honest conversion, short enough to stop a loop.
    pub cpu: Duration,
    /// Bytes of an answer that is not streamed; 1 KiB to 1 GiB. Default 32 MiB: as the public request limit.
    pub response: u64,
    /// Bytes of a streamed answer; 1 KiB to 4 GiB. Default 256 MiB: a stream is not held in memory.
    pub stream: u64,
    /// Elements of all tables together; 100 to 100,000, which the engine's pool is made for. Default 100,000: a component of 1 MiB has about 5,000.
    pub tables: u32,
    /// Resources of the host a call may hold at once; 16 to 1,000,000. Default 4096: an HTTP exchange takes about 10.
    pub handles: u32,
    /// Bytes of the headers of one upstream message; 1 KiB to 1 MiB. Default 128 KiB: above what servers accept.
    pub headers: u64,
    /// Bytes that may pass from the call to the host in one host call; 1 KiB to 1 GiB. Default 48 MiB: a request of
    /// 32 MiB whose binary parts were base64-encoded on the way.
    pub request: u64,
}

impl Default for Limits {
    /// The runtime's own defaults.
    fn default() -> Self {
        let runtime = wharf_runtime::Limits::default();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            memory: runtime.memory as u64,
            cpu: runtime.cpu,
            response: runtime.response,
            stream: runtime.stream,
            tables: count(runtime.table_elements),
            handles: count(runtime.handles),
            headers: runtime.headers as u64,
            request: runtime.transfer as u64,
        }
    }
}

/// Where the key goes in an upstream request, when the provider's own place is not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialOverride {
    /// `authorization: Bearer <key>`.
    Bearer,
    /// Nowhere.
    None,
    /// A header of this name holds the key.
    Header(String),
    /// A query parameter of this name holds the key.
    Query(String),
}
