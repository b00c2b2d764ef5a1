//! What no schema can say: how settings go together.
//!
//! Decides whether names that refer to something find it, whether addresses can be listened on and URLs called, and
//! whether times and delays make sense beside each other. Fills in the defaults. It reports everything it finds and
//! always returns a configuration; the caller throws that away when there are problems.

mod address;
mod chain;
mod deployment;
mod name;
mod policy;
mod route;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::credentials::Credentials;
use super::document::{Kind, Node};
use super::explain::{shown, subject};
use super::model::{CacheConfig, Config, DeploymentConfig, ServerConfig};
use super::pointer::{Pointer, Tainted, locate};
use super::problem::Report;
use super::quantity;
use super::raw::{RawCache, RawConfig, RawServer, RawServices};

/// What a rule may look at, and where it reports.
pub(crate) struct Context<'a> {
    pub(crate) root: &'a Node,
    pub(crate) tainted: &'a Tainted,
    /// Directory that relative paths start from.
    pub(crate) base: &'a Path,
    pub(crate) credentials: &'a Credentials,
    pub(crate) report: &'a mut Report,
}

impl<'a> Context<'a> {
    /// Reports that two settings do not go together, or the like.
    fn problem(&mut self, at: &Pointer, problem: impl Into<String>, help: impl Into<String>) {
        let place = locate(self.root, at);
        let value = place.node.and_then(shown);
        self.report.problem(&place, value, problem, help);
    }

    /// Reports a value that is not what its setting wants.
    fn refuse(&mut self, at: &Pointer, expected: &str, help: impl Into<String>) {
        let problem = format!("{} is not allowed ({expected})", self.subject(at));
        self.problem(at, problem, help);
    }

    fn warning(&mut self, at: &Pointer, problem: impl Into<String>, help: impl Into<String>) {
        let place = locate(self.root, at);
        self.report.warning(&place, problem, help);
    }

    /// The value at a place as the subject of a sentence.
    fn subject(&self, at: &Pointer) -> String {
        locate(self.root, at).node.map_or_else(|| "this".to_owned(), subject)
    }

    /// Whether the value at a place is text of the file and holds nothing from outside.
    fn is_written(&self, at: &Pointer) -> bool {
        locate(self.root, at).node.and_then(shown).is_some()
    }

    /// Whether nothing at this place, in it or above it was reported before. A rule that reads a setting asks this
    /// first, since a setting that was reported is missing here.
    fn clean(&self, at: &Pointer) -> bool {
        !self.tainted.covers(at)
    }

    /// The keys written at a place, those of refused entries included.
    fn keys(&self, at: &Pointer) -> Vec<&'a str> {
        match locate(self.root, at).node.map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// A path of the file, seen from the file.
    fn path(&self, text: &str) -> PathBuf {
        self.base.join(text.strip_prefix("./").unwrap_or(text))
    }
}

/// The duration a checked text stands for, or the default.
fn duration(text: Option<&str>, default: Duration) -> Duration {
    text.and_then(quantity::duration).unwrap_or(default)
}

/// The size a checked text stands for, or the default.
fn size(text: Option<&str>, default: u64) -> u64 {
    text.and_then(quantity::size).unwrap_or(default)
}

/// Makes the configuration of a file whose shape was checked.
pub(crate) fn config(raw: RawConfig, mut context: Context<'_>) -> Config {
    let context = &mut context;
    let defaults = Config::default();
    let RawConfig {
        listen,
        admin,
        plugins,
        cache,
        server,
        ai_services,
    } = raw;
    let RawServices {
        providers,
        routes,
        load_balancer,
        retry,
        circuit_breaker,
    } = ai_services.unwrap_or_default();

    let (listen, admin) = address::listeners(listen.as_deref(), admin.unwrap_or_default(), context);
    let deployments: Vec<DeploymentConfig> = providers
        .unwrap_or_default()
        .into_iter()
        .map(|(name, provider)| deployment::deployment(&name, provider, context))
        .collect();
    Config {
        listen,
        admin,
        plugins: match plugins {
            Some(plugins) => context.path(&plugins),
            None => context.base.join(defaults.plugins),
        },
        cache: cache_config(cache.unwrap_or_default(), context),
        server: server_config(&server.unwrap_or_default()),
        routes: route::routes(routes.unwrap_or_default(), &deployments, context),
        deployments,
        load_balancer: policy::load_balancer(&load_balancer.unwrap_or_default(), context),
        retry: policy::retry(&retry.unwrap_or_default(), context),
        circuit_breaker: policy::circuit_breaker(&circuit_breaker.unwrap_or_default(), context),
        warnings: Vec::new(),
    }
}

fn cache_config(raw: RawCache, context: &Context<'_>) -> CacheConfig {
    let defaults = CacheConfig::default();
    CacheConfig {
        enabled: raw.enabled.unwrap_or(defaults.enabled),
        dir: raw.dir.map(|dir| context.path(&dir)).or(defaults.dir),
    }
}

fn server_config(raw: &RawServer) -> ServerConfig {
    let defaults = ServerConfig::default();
    let max_connections = raw.max_connections.and_then(|count| usize::try_from(count).ok());
    ServerConfig {
        max_body: size(raw.max_body.as_deref(), defaults.max_body),
        drain_timeout: duration(raw.drain_timeout.as_deref(), defaults.drain_timeout),
        max_connections: max_connections.unwrap_or(defaults.max_connections),
    }
}
