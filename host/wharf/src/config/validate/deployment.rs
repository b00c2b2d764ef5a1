//! One entry of `ai_services.providers`.
//!
//! Decides what a deployment is when some of its settings are left out, and which of them contradict each other.

use std::collections::HashSet;

use wharf_runtime::{AllowEntry, Secret};

use super::address::base_url;
use super::{Context, duration, name, size};
use crate::config::model::{CredentialOverride, DeploymentConfig, Isolation, Limits, Timeouts};
use crate::config::pointer::Pointer;
use crate::config::quantity::duration_text;
use crate::config::raw::{RawCredential, RawCredentialName, RawIsolation, RawIsolationName, RawLimits, RawProvider};

pub(super) fn deployment(entry: &str, raw: RawProvider, context: &mut Context<'_>) -> DeploymentConfig {
    let at = Pointer::of(&["ai_services", "providers", entry]);
    let defaults = DeploymentConfig::named(entry);
    name::check(entry, "deployment", &at, context);
    let api_keys = keys(&raw, &at, context);
    let timeouts = timeouts(&raw, &at, context);
    let models = raw.models.unwrap_or_default();
    no_model_twice(&models, &at, context);
    if matches!(
        raw.isolation,
        Some(RawIsolation::Named(RawIsolationName::Pooled) | RawIsolation::Detailed(_))
    ) {
        let help = "every call gets an instance of its own, as with `request`";
        context.warning(&at.child("isolation"), "`pooled` has no effect in this version", help);
    }
    let allow_hosts = raw.allow_hosts.unwrap_or_default();
    for (index, host) in allow_hosts.iter().enumerate() {
        if let Err(reason) = AllowEntry::parse(host) {
            let at = at.child("allow_hosts").child(index.to_string());
            // The reason quotes the value, which is not shown when it came from outside.
            let help = if context.is_written(&at) {
                reason.as_str()
            } else {
                "write one of these forms"
            };
            context.refuse(&at, "https://host, https://host:port or *.suffix", help);
        }
    }
    DeploymentConfig {
        component: raw.component.unwrap_or(defaults.component),
        base_url: raw
            .base_url
            .and_then(|url| base_url(&url, &at.child("base_url"), context)),
        api_keys,
        models,
        timeouts,
        max_retries: raw.max_retries.unwrap_or(defaults.max_retries),
        priority: raw.priority.unwrap_or(defaults.priority),
        weight: raw.weight.unwrap_or(defaults.weight),
        isolation: raw.isolation.map_or(defaults.isolation, isolation),
        limits: limits(&raw.limits.unwrap_or_default(), defaults.limits),
        allow_hosts,
        private: raw.private.unwrap_or(defaults.private),
        ca_file: raw.ca_file.map(|file| context.path(&file)),
        credential: raw.credential.and_then(credential),
        settings: raw.settings.unwrap_or_default(),
        proxy: raw.proxy.unwrap_or(defaults.proxy),
        health_check: raw.health_check.unwrap_or(defaults.health_check),
        name: defaults.name,
    }
}

/// The keys in the order of the file.
fn keys(raw: &RawProvider, at: &Pointer, context: &mut Context<'_>) -> Vec<Secret> {
    let one = at.child("api_key");
    let many = at.child("api_keys");
    if raw.api_key.is_some() && raw.api_keys.is_some() {
        // Without the value: what is written there is a placeholder anyway.
        context.problem(
            &many,
            "api_key and api_keys are both given",
            "keep one of them; api_keys takes a single key too",
        );
    }
    let count = raw.api_keys.as_ref().map_or(0, Vec::len);
    let listed = (0..count).map(|index| many.child(index.to_string()));
    let mut keys = Vec::new();
    for pointer in std::iter::once(one).chain(listed) {
        if let Some(key) = context.credentials.get(&pointer) {
            if keys.contains(&key) {
                let help = "remove one of the two, or name another key";
                context.warning(&pointer, "the same key is listed twice", help);
            }
            keys.push(key);
        }
    }
    keys
}

fn timeouts(raw: &RawProvider, at: &Pointer, context: &mut Context<'_>) -> Timeouts {
    let defaults = Timeouts::default();
    let timeouts = Timeouts {
        total: duration(raw.timeout.as_deref(), defaults.total),
        connect: duration(raw.connect_timeout.as_deref(), defaults.connect),
        first_token: raw
            .first_token_timeout
            .as_deref()
            .map(|text| duration(Some(text), defaults.total)),
        idle: duration(raw.idle_timeout.as_deref(), defaults.idle),
    };
    let first_at = at.child("first_token_timeout");
    if let Some(first_token) = timeouts.first_token
        && first_token > timeouts.total
        && context.clean(&first_at)
        && context.clean(&at.child("timeout"))
    {
        let (first, total) = (duration_text(first_token), duration_text(timeouts.total));
        let problem = format!("first_token_timeout ({first}) is longer than timeout ({total}), so it never applies");
        context.problem(&first_at, problem, format!("write at most {total}, or raise timeout"));
    }
    timeouts
}

fn no_model_twice(models: &[String], at: &Pointer, context: &mut Context<'_>) {
    let mut seen = HashSet::new();
    for (index, model) in models.iter().enumerate() {
        let at = at.child("models").child(index.to_string());
        if !seen.insert(model.as_str()) {
            let problem = format!("{} is listed twice", context.subject(&at));
            context.problem(&at, problem, "remove one of the two");
        }
    }
}

fn isolation(raw: RawIsolation) -> Isolation {
    match raw {
        RawIsolation::Named(RawIsolationName::Request) => Isolation::Request,
        RawIsolation::Named(RawIsolationName::Pooled) => Isolation::POOLED,
        RawIsolation::Detailed(form) => match (form.pooled, Isolation::POOLED) {
            (Some(pooled), Isolation::Pooled { max_calls, max_age }) => Isolation::Pooled {
                max_calls: pooled.max_calls.unwrap_or(max_calls),
                max_age: duration(pooled.max_age.as_deref(), max_age),
            },
            (_, default) => default,
        },
    }
}

fn limits(raw: &RawLimits, defaults: Limits) -> Limits {
    Limits {
        memory: size(raw.memory.as_deref(), defaults.memory),
        cpu: duration(raw.cpu.as_deref(), defaults.cpu),
        response: size(raw.response.as_deref(), defaults.response),
        stream: size(raw.stream.as_deref(), defaults.stream),
        tables: raw.tables.unwrap_or(defaults.tables),
        handles: raw.handles.unwrap_or(defaults.handles),
        headers: size(raw.headers.as_deref(), defaults.headers),
        request: size(raw.request.as_deref(), defaults.request),
    }
}

/// `None` only for a form that was reported already.
fn credential(raw: RawCredential) -> Option<CredentialOverride> {
    match raw {
        RawCredential::Named(RawCredentialName::Bearer) => Some(CredentialOverride::Bearer),
        RawCredential::Named(RawCredentialName::None) => Some(CredentialOverride::None),
        RawCredential::Field(field) => field
            .header
            .map(CredentialOverride::Header)
            .or(field.query.map(CredentialOverride::Query)),
    }
}
