//! The configuration as the rest of the host uses it: every value present, every reference checked.
//!
//! Decides the defaults, which live in the `Default` impls of this folder and nowhere else: the schema, the reference
//! document and the loader all read them from here. Ranges live beside the keys in `raw`. Nothing here knows YAML.

mod deployment;
mod policy;
mod route;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use wharf_runtime::Secret;

use super::problem::Problem;

pub use deployment::{CredentialOverride, DeploymentConfig, Isolation, Limits, Timeouts};
pub use policy::{CircuitBreakerConfig, LoadBalancerConfig, RetryBudgetConfig, RetryConfig, Strategy};
pub use route::{DegradedConfig, HedgeConfig, LastAnswerConfig, RouteConfig, RouteTarget};

/// A configuration that was checked as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Address of the public API. Default 127.0.0.1:8080: loopback, so that a first start exposes nothing.
    pub listen: SocketAddr,
    /// The administrative listener.
    pub admin: AdminConfig,
    /// Directory of the provider components. Default `./plugins`; relative paths start at the configuration file.
    pub plugins: PathBuf,
    /// Compiled components kept between starts.
    pub cache: CacheConfig,
    /// Limits of the public listener.
    pub server: ServerConfig,
    /// The deployments, in the order of the file.
    pub deployments: Vec<DeploymentConfig>,
    /// The routes: those of the file in its order, then one for every other model name in the order of its first use.
    pub routes: Vec<RouteConfig>,
    /// How a deployment is picked, and how often each is looked at.
    pub load_balancer: LoadBalancerConfig,
    /// When and how often a failed attempt is repeated.
    pub retry: RetryConfig,
    /// When a deployment stops being asked.
    pub circuit_breaker: CircuitBreakerConfig,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
}

impl Default for Config {
    /// The defaults of every top-level setting. It has no deployments, so it serves nothing; a file must name some.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin: AdminConfig::default(),
            plugins: PathBuf::from("plugins"),
            cache: CacheConfig::default(),
            server: ServerConfig::default(),
            deployments: Vec::new(),
            routes: Vec::new(),
            load_balancer: LoadBalancerConfig::default(),
            retry: RetryConfig::default(),
            circuit_breaker: CircuitBreakerConfig::default(),
            warnings: Vec::new(),
        }
    }
}

/// The administrative listener: state, breaker reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Default 127.0.0.1:8081, beside the public port. An address that is not loopback needs a token. Port 0 takes any
    /// free one.
    pub listen: SocketAddr,
    /// What a caller presents as a bearer token. Default none: whoever reaches the loopback address may ask.
    pub token: Option<Secret>,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            token: None,
        }
    }
}

/// Compiled components kept on disk, so that a second start does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Whether to keep them. Default true: compiling a provider takes seconds, loading the result milliseconds.
    pub enabled: bool,
    /// Where. Default none: the cache directory of the user who runs the host.
    pub dir: Option<PathBuf>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            dir: None,
        }
    }
}

/// Limits of the public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Largest request body, in bytes; 1 KiB to 1 GiB. Default 32 MiB: the vendors' own limits for requests with
    /// images are of this order.
    pub max_body: u64,
    /// How long a stop waits for requests in flight; 0 to 1 h. Default 30 s: the grace period Kubernetes gives.
    pub drain_timeout: Duration,
    /// Connections served at once; 1 to 1,000,000. Default 10,000: ten times the slow requests the host is tested
    /// with, and below the usual limit of open files when raised once.
    pub max_connections: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            drain_timeout: Duration::from_secs(30),
            max_connections: 10_000,
        }
    }
}
