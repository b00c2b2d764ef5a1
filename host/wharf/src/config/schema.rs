//! The JSON Schema of the configuration file.
//!
//! Decides nothing itself: it is made from the types of `raw` and the defaults of `model`, so that an editor, the
//! check at load and the reference document say the same. Three things are changed on the way. Sub-schemas are written
//! in place, so that a setting is found by its path. `null` is not accepted: a key with nothing after it is more often
//! a mistake than a wish for the default. Formats such as `uint32` are dropped, since they say less than the ranges.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::model::{
    CacheConfig, CircuitBreakerConfig, Config, DeploymentConfig, Isolation, LastAnswerConfig, LoadBalancerConfig,
    RetryBudgetConfig, RetryConfig, ServerConfig,
};
use super::pointer::Pointer;
use super::quantity::{duration_text, size_text};
use super::raw::RawConfig;

static SCHEMA: LazyLock<Value> = LazyLock::new(build);

/// The keywords under which a schema holds one more schema.
const INNER: [&str; 2] = ["additionalProperties", "items"];

/// The JSON Schema of the configuration file, draft 2020-12.
///
/// Two keywords are ours and harmless to other validators: `x-range`, the range of a duration or a size, and
/// `x-expect`, what a value should be in words.
#[must_use]
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// The same schema, without a copy.
pub(crate) fn shared() -> &'static Value {
    &SCHEMA
}

/// The schema of one setting; `None` for what is free-form or unknown.
pub(crate) fn at(pointer: &Pointer) -> Option<&'static Value> {
    pointer
        .segments()
        .iter()
        .try_fold(shared(), |schema, segment| step(schema, segment))
}

/// The schema of a key or a list item of what `schema` describes. Any key of a mapping with free names is taken.
pub(crate) fn step<'s>(schema: &'s Value, segment: &str) -> Option<&'s Value> {
    if let Some(property) = schema.get("properties").and_then(|properties| properties.get(segment)) {
        return Some(property);
    }
    if let Some(inner) = INNER
        .iter()
        .filter_map(|keyword| schema.get(keyword))
        .find(|inner| inner.is_object())
    {
        return Some(inner);
    }
    schema
        .get("anyOf")?
        .as_array()?
        .iter()
        .find_map(|branch| step(branch, segment))
}

fn step_mut<'s>(schema: &'s mut Value, segment: &str) -> Option<&'s mut Value> {
    if schema
        .get("properties")
        .is_some_and(|properties| properties.get(segment).is_some())
    {
        return schema.get_mut("properties")?.get_mut(segment);
    }
    for keyword in INNER {
        if schema.get(keyword).is_some_and(Value::is_object) {
            return schema.get_mut(keyword);
        }
    }
    schema
        .get_mut("anyOf")?
        .as_array_mut()?
        .iter_mut()
        .find_map(|branch| step_mut(branch, segment))
}

fn build() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>().to_value();
    if let Value::Object(top) = &mut schema {
        top.insert("title".to_owned(), json!("Wharf configuration"));
    }
    tidy(&mut schema);
    for (path, default) in defaults() {
        insert_default(&mut schema, &path, default);
    }
    schema
}

/// Removes what the generator adds and we do not want, here and in every inner schema.
fn tidy(schema: &mut Value) {
    let Value::Object(map) = schema else {
        return;
    };
    map.shift_remove("format");
    if map.get("default").is_some_and(Value::is_null) {
        map.shift_remove("default");
    }
    if let Some(Value::String(description)) = map.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
        if branches.len() == 1
            && let Value::Object(only) = branches.remove(0)
        {
            map.shift_remove("anyOf");
            for (keyword, value) in only {
                map.entry(keyword).or_insert(value);
            }
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(tidy);
    }
    if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
        branches.iter_mut().for_each(tidy);
    }
    for keyword in INNER {
        if let Some(inner) = map.get_mut(keyword) {
            tidy(inner);
        }
    }
}

/// Puts a default into the schema of a setting; false when there is no such setting.
fn insert_default(schema: &mut Value, path: &str, default: Value) -> bool {
    let setting = path
        .split('.')
        .try_fold(schema, |schema, segment| step_mut(schema, segment));
    match setting {
        Some(Value::Object(setting)) => {
            setting.insert("default".to_owned(), default);
            true
        }
        _ => false,
    }
}

/// Every setting that has a default, with the default as a file would write it. `*` stands for any name.
fn defaults() -> Vec<(String, Value)> {
    let config = Config::default();
    let CacheConfig { enabled, .. } = config.cache;
    let ServerConfig {
        max_body,
        drain_timeout,
        max_connections,
    } = config.server;
    let plugins = format!("./{}", config.plugins.display());
    let mut all = section(
        "",
        [
            ("listen", json!(config.listen.to_string())),
            ("plugins", json!(plugins)),
            ("admin.listen", json!(config.admin.listen.to_string())),
            ("cache.enabled", json!(enabled)),
            ("server.max_body", json!(size_text(max_body))),
            ("server.drain_timeout", json!(duration_text(drain_timeout))),
            ("server.max_connections", json!(max_connections)),
        ],
    );
    all.extend(load_balancer_defaults(&config.load_balancer));
    all.extend(retry_defaults(&config.retry));
    all.extend(circuit_breaker_defaults(&config.circuit_breaker));
    all.extend(deployment_defaults());
    all.extend(route_defaults());
    all
}

fn load_balancer_defaults(config: &LoadBalancerConfig) -> Vec<(String, Value)> {
    let LoadBalancerConfig {
        strategy,
        health_check_interval,
        health_check_timeout,
        unhealthy_threshold,
        healthy_threshold,
    } = config;
    section(
        "ai_services.load_balancer.",
        [
            ("strategy", json!(strategy.as_str())),
            ("health_check_interval", json!(duration_text(*health_check_interval))),
            ("health_check_timeout", json!(duration_text(*health_check_timeout))),
            ("unhealthy_threshold", json!(unhealthy_threshold)),
            ("healthy_threshold", json!(healthy_threshold)),
        ],
    )
}

fn retry_defaults(config: &RetryConfig) -> Vec<(String, Value)> {
    let RetryConfig {
        max_attempts,
        base_delay,
        max_delay,
        backoff_multiplier,
        jitter,
        max_retry_after,
        budget: RetryBudgetConfig {
            ratio,
            min_per_second,
            window,
        },
    } = config;
    section(
        "ai_services.retry.",
        [
            ("max_attempts", json!(max_attempts)),
            ("base_delay", json!(duration_text(*base_delay))),
            ("max_delay", json!(duration_text(*max_delay))),
            ("backoff_multiplier", json!(backoff_multiplier)),
            ("jitter", json!(jitter)),
            ("max_retry_after", json!(duration_text(*max_retry_after))),
            ("budget.ratio", json!(ratio)),
            ("budget.min_per_second", json!(min_per_second)),
            ("budget.window", json!(duration_text(*window))),
        ],
    )
}

fn circuit_breaker_defaults(config: &CircuitBreakerConfig) -> Vec<(String, Value)> {
    let CircuitBreakerConfig {
        failure_threshold,
        failure_ratio,
        minimum_requests,
        window,
        reset_timeout,
        max_reset_timeout,
        half_open_max_calls,
        slow_start,
    } = config;
    section(
        "ai_services.circuit_breaker.",
        [
            ("failure_threshold", json!(failure_threshold)),
            ("failure_ratio", json!(failure_ratio)),
            ("minimum_requests", json!(minimum_requests)),
            ("window", json!(duration_text(*window))),
            ("reset_timeout", json!(duration_text(*reset_timeout))),
            ("max_reset_timeout", json!(duration_text(*max_reset_timeout))),
            ("half_open_max_calls", json!(half_open_max_calls)),
            ("slow_start", json!(duration_text(*slow_start))),
        ],
    )
}

fn route_defaults() -> Vec<(String, Value)> {
    let LastAnswerConfig {
        max_entries,
        max_size,
        max_age,
    } = LastAnswerConfig::default();
    section(
        "ai_services.routes.*.degraded.last_answer.",
        [
            ("max_entries", json!(max_entries)),
            ("max_size", json!(size_text(max_size))),
            ("max_age", json!(duration_text(max_age))),
        ],
    )
}

fn deployment_defaults() -> Vec<(String, Value)> {
    let DeploymentConfig {
        timeouts,
        max_retries,
        priority,
        weight,
        isolation,
        limits,
        private,
        proxy,
        health_check,
        ..
    } = DeploymentConfig::named("*");
    let isolation_name = match isolation {
        Isolation::Request => "request",
        Isolation::Pooled { .. } => "pooled",
    };
    let mut all = section(
        "ai_services.providers.*.",
        [
            ("timeout", json!(duration_text(timeouts.total))),
            ("connect_timeout", json!(duration_text(timeouts.connect))),
            ("idle_timeout", json!(duration_text(timeouts.idle))),
            ("max_retries", json!(max_retries)),
            ("priority", json!(priority)),
            ("weight", json!(weight)),
            ("isolation", json!(isolation_name)),
            ("private", json!(private)),
            ("proxy", json!(proxy)),
            ("health_check", json!(health_check)),
            ("limits.memory", json!(size_text(limits.memory))),
            ("limits.cpu", json!(duration_text(limits.cpu))),
            ("limits.response", json!(size_text(limits.response))),
            ("limits.stream", json!(size_text(limits.stream))),
            ("limits.tables", json!(limits.tables)),
            ("limits.handles", json!(limits.handles)),
            ("limits.headers", json!(size_text(limits.headers))),
            ("limits.request", json!(size_text(limits.request))),
        ],
    );
    if let Isolation::Pooled { max_calls, max_age } = Isolation::POOLED {
        all.extend(section(
            "ai_services.providers.*.isolation.pooled.",
            [
                ("max_calls", json!(max_calls)),
                ("max_age", json!(duration_text(max_age))),
            ],
        ));
    }
    all
}

fn section<const N: usize>(prefix: &str, settings: [(&str, Value); N]) -> Vec<(String, Value)> {
    settings
        .into_iter()
        .map(|(path, default)| (format!("{prefix}{path}"), default))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &[&str]) -> &'static Value {
        at(&Pointer::of(path)).unwrap_or_else(|| panic!("{path:?} is a setting"))
    }

    /// Calls `look` for every schema below and including this one.
    fn visit(schema: &Value, look: &mut impl FnMut(&Value)) {
        look(schema);
        for keyword in INNER {
            if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
                visit(inner, look);
            }
        }
        for inner in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|map| map.values())
        {
            visit(inner, look);
        }
        for inner in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            visit(inner, look);
        }
    }

    #[test]
    fn every_default_belongs_to_a_setting() {
        let mut schema = schema();
        for (path, default) in defaults() {
            assert!(insert_default(&mut schema, &path, default), "{path} is not a setting");
        }
    }

    #[test]
    fn every_default_is_accepted_by_the_schema_of_its_setting() {
        visit(shared(), &mut |schema| {
            if let Some(default) = schema.get("default") {
                let validator = jsonschema::draft202012::new(schema).unwrap();
                assert!(validator.is_valid(default), "{default} is not allowed by {schema}");
            }
        });
    }

    #[test]
    fn every_setting_is_described() {
        visit(shared(), &mut |schema| {
            for (name, setting) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let known_by_its_parent = super::super::raw::ERROR_CLASSES.contains(&name.as_str());
                assert!(
                    known_by_its_parent || setting.get("description").is_some(),
                    "{name} has no description"
                );
            }
        });
    }

    #[test]
    fn null_is_accepted_nowhere() {
        let text = shared().to_string();
        assert!(!text.contains("\"null\"") && !text.contains("null]"), "{text}");
    }

    #[test]
    fn nothing_is_referred_to_so_that_a_path_finds_its_setting() {
        assert!(!shared().to_string().contains("$ref"));
        assert_eq!(
            find(&["ai_services", "providers", "x", "max_retries"])["maximum"],
            json!(10)
        );
        assert_eq!(
            find(&["ai_services", "providers", "x", "isolation", "pooled", "max_calls"])["minimum"],
            json!(1)
        );
        assert_eq!(
            find(&["ai_services", "routes", "r", "targets", "0", "weight"])["maximum"],
            json!(1000)
        );
        assert_eq!(
            find(&["ai_services", "retry", "base_delay"])["x-range"],
            json!(["1ms", "60s"])
        );
        assert_eq!(
            find(&["ai_services", "routes", "r", "degraded", "last_answer", "max_age"])["default"],
            json!("1h")
        );
    }

    #[test]
    fn what_is_needed_is_required() {
        assert_eq!(shared()["required"], json!(["ai_services"]));
        assert_eq!(find(&["ai_services"])["required"], json!(["providers"]));
        assert_eq!(find(&["ai_services", "providers", "x"])["required"], json!(["models"]));
        assert_eq!(find(&["ai_services", "routes", "r"])["required"], json!(["targets"]));
        assert_eq!(
            find(&["ai_services", "routes", "r", "targets", "0"])["required"],
            json!(["provider", "model"])
        );
    }
}
