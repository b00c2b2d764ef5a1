//! The configuration as an operator meets it: files that load, and what is told about those that do not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use wharf::config::{
    self, CircuitBreakerConfig, Config, CredentialOverride, DegradedConfig, Env, HedgeConfig, Isolation,
    LastAnswerConfig, Limits, LoadBalancerConfig, Problem, Problems, ProcessEnv, RetryBudgetConfig, RetryConfig,
    Source, Strategy,
};

const SEED: &str = include_str!("fixtures/seed.yaml");
const FULL: &str = include_str!("fixtures/full.yaml");
const MISTAKES: &str = include_str!("fixtures/mistakes.yaml");

/// Variables, files and commands as a test sets them.
#[derive(Default)]
struct TestEnv {
    variables: HashMap<&'static str, &'static str>,
    commands: RefCell<Vec<String>>,
}

impl TestEnv {
    fn with(variables: &[(&'static str, &'static str)]) -> Self {
        Self {
            variables: variables.iter().copied().collect(),
            commands: RefCell::default(),
        }
    }
}

impl Env for TestEnv {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("/etc/wharf/secrets/admin") => Ok(b"token-from-file\n".to_vec()),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        }
    }

    fn run_command(&self, command: &str) -> Result<Vec<u8>, String> {
        self.commands.borrow_mut().push(command.to_owned());
        match command {
            "pass show x" => Ok(b"sk-LEAK\na note\n".to_vec()),
            "print nothing" => Ok(Vec::new()),
            _ => Err("exit status: 1: no such entry".to_owned()),
        }
    }
}

fn parse(text: &str, env: &TestEnv) -> Result<Config, Problems> {
    config::parse(
        text,
        Source {
            name: "wharf.yaml",
            base: Path::new("/etc/wharf"),
        },
        env,
    )
}

fn load(text: &str) -> Config {
    parse(text, &TestEnv::default()).unwrap_or_else(|problems| panic!("{text}\ndoes not load:\n{problems}"))
}

fn problems(text: &str) -> Vec<Problem> {
    match parse(text, &TestEnv::default()) {
        Ok(_) => panic!("{text}\nloads"),
        Err(problems) => problems.0,
    }
}

/// The one problem of a text.
fn problem(text: &str) -> Problem {
    let mut all = problems(text);
    assert_eq!(all.len(), 1, "{text}\n{all:#?}");
    all.remove(0)
}

/// An environment in which every variable is set and nothing else is there: for examples, which name variables that
/// their reader has.
struct EveryVariable;

impl Env for EveryVariable {
    fn var(&self, name: &str) -> Option<String> {
        Some(format!("value-of-{name}"))
    }

    fn read_file(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "no such file"))
    }

    fn run_command(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("exit status: 127: no such command".to_owned())
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The texts between a line "```yaml" and the next "```" of a document.
fn examples(document: &str) -> Vec<String> {
    let mut lines = document.lines();
    let mut found = Vec::new();
    while lines.any(|line| line == "```yaml") {
        let block = lines.by_ref().take_while(|line| *line != "```");
        found.push(block.fold(String::new(), |text, line| text + line + "\n"));
    }
    found
}

/// The deployments of an example, which must load without a problem and without a warning.
fn example(place: &str, text: &str) -> Config {
    let source = Source {
        name: place,
        base: &root(),
    };
    let config = config::parse(text, source, &EveryVariable).unwrap_or_else(|told| panic!("{text}\n{told}"));
    assert!(config.warnings.is_empty(), "{place}: {:?}\n{text}", config.warnings);
    config
}

/// A file with one provider of the given settings and further top-level or service text.
fn provider(settings: &str) -> String {
    format!("ai_services:\n  providers:\n    openai: {{models: [gpt-4], {settings}}}\n")
}

/// A file with one provider and this line in `ai_services`.
fn services(line: &str) -> String {
    format!("{}  {line}\n", provider(""))
}

/// A file with the routes `r` and `s` of these settings.
fn routes(r: &str, s: &str) -> String {
    let target = "targets: [{provider: openai, model: gpt-4}]";
    services(&format!("routes: {{r: {{{target}, {r}}}, s: {{{target}, {s}}}}}"))
}

#[test]
fn the_seeds_example_loads_unchanged_with_its_values() {
    let env = TestEnv::with(&[("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2")]);
    let config = parse(SEED, &env).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);

    let names: Vec<_> = config
        .deployments
        .iter()
        .map(|deployment| deployment.name.as_str())
        .collect();
    assert_eq!(names, ["openai", "anthropic", "local"]);
    let [openai, anthropic, local] = config.deployments.as_slice() else {
        panic!("three deployments")
    };
    assert_eq!(openai.component, "openai");
    assert_eq!(
        openai.base_url.as_ref().map(|url| url.as_str()),
        Some("https://api.openai.com/v1")
    );
    assert_eq!(openai.models, ["gpt-4", "gpt-3.5-turbo"]);
    assert_eq!(openai.timeouts.total, Duration::from_secs(30));
    assert_eq!((openai.max_retries, openai.api_keys.len()), (3, 1));
    assert_eq!(anthropic.timeouts.total, Duration::from_secs(45));
    assert_eq!(local.component, "ollama");
    assert_eq!((local.max_retries, local.api_keys.len()), (1, 0));
    assert_eq!(local.timeouts.total, Duration::from_secs(60));
    assert_eq!(local.isolation, Isolation::Request);
    assert_eq!(local.limits, Limits::default());

    let routes: Vec<_> = config
        .routes
        .iter()
        .map(|route| (route.name.as_str(), route.explicit))
        .collect();
    let models = [
        "gpt-4",
        "gpt-3.5-turbo",
        "claude-3-sonnet",
        "claude-3-haiku",
        "llama2",
        "codellama",
    ];
    assert_eq!(routes, models.map(|model| (model, false)));
    assert_eq!(config.routes[4].targets[0].deployment, "local");

    assert_eq!(config.load_balancer.strategy, Strategy::RoundRobin);
    assert_eq!(config.load_balancer.health_check_interval, Duration::from_secs(30));
    assert_eq!(config.retry.max_attempts, 3);
    assert_eq!(config.retry.base_delay, Duration::from_secs(1));
    assert_eq!(config.retry.max_delay, Duration::from_secs(30));
    assert!((config.retry.backoff_multiplier - 2.0).abs() < f64::EPSILON);
    assert!(config.retry.jitter);
    assert_eq!(config.circuit_breaker.failure_threshold, 5);
    assert_eq!(config.circuit_breaker.reset_timeout, Duration::from_secs(60));
    assert_eq!(config.circuit_breaker.half_open_max_calls, 3);

    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8081");
    assert!(config.admin.token.is_none());
    assert_eq!(config.plugins, PathBuf::from("/etc/wharf/plugins"));
}

#[test]
fn leaving_the_policy_sections_out_is_the_same_as_the_seeds_example() {
    let env = TestEnv::with(&[("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2")]);
    let written = parse(SEED, &env).unwrap();
    let silent = load(&provider(""));
    assert_eq!(written.retry, silent.retry);
    assert_eq!(written.load_balancer, silent.load_balancer);
    assert_eq!(written.circuit_breaker, silent.circuit_breaker);
}

#[test]
fn both_missing_keys_of_the_seeds_example_are_named_at_once() {
    let told = problems(SEED);
    let places: Vec<_> = told
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(
        places,
        [
            ("ai_services.providers.openai.api_key", 4),
            ("ai_services.providers.anthropic.api_key", 13)
        ]
    );
    assert!(told[0].problem.contains("OPENAI_API_KEY is not set"), "{told:?}");
    assert!(told[1].problem.contains("ANTHROPIC_API_KEY is not set"), "{told:?}");
    let text = Problems::new(told).to_string();
    assert!(text.ends_with("2 problems; nothing was loaded"), "{text}");
}

#[test]
fn every_setting_can_be_written() {
    let env = TestEnv::with(&[("OPENAI_API_KEY", "sk-1"), ("RETRIES", "7")]);
    let config = parse(FULL, &env).unwrap_or_else(|problems| panic!("{problems}"));
    let warned: Vec<(&str, usize)> = config.warnings.iter().map(|w| (w.path.as_str(), w.line)).collect();
    let without_effect = [
        ("ai_services.providers.openai.isolation", 22),
        ("ai_services.providers.backup.isolation", 42),
    ];
    assert_eq!(warned, without_effect);
    assert_eq!(
        config.admin.token.as_ref().map(|token| token.expose()),
        Some("token-from-file")
    );
    assert_eq!(config.plugins, PathBuf::from("/etc/wharf/components"));
    assert_eq!(config.cache.dir, Some(PathBuf::from("/var/cache/wharf")));
    assert_eq!((config.server.max_body, config.server.max_connections), (16 << 20, 500));
    assert_eq!(config.server.drain_timeout, Duration::from_secs(60));

    let openai = &config.deployments[0];
    let keys: Vec<_> = openai.api_keys.iter().map(|key| key.expose()).collect();
    assert_eq!(keys, ["sk-1", "sk-LEAK"]);
    assert_eq!(*env.commands.borrow(), ["pass show x"], "the command runs once");
    assert_eq!(openai.models, ["gpt-4", "gpt-4-32k", "gpt-4-mini"]);
    assert_eq!(openai.timeouts.connect, Duration::from_millis(500));
    assert_eq!(openai.timeouts.first_token, Some(Duration::from_secs(20)));
    assert_eq!(openai.timeouts.idle, Duration::from_secs(90));
    assert_eq!((openai.max_retries, openai.priority, openai.weight), (7, 1, 10));
    assert_eq!(
        openai.isolation,
        Isolation::Pooled {
            max_calls: 50,
            max_age: Duration::from_secs(3600)
        }
    );
    assert_eq!(openai.limits.memory, 128 << 20);
    assert_eq!(
        (openai.limits.tables, openai.limits.handles, openai.limits.headers),
        (2000, 64, 16 << 10)
    );
    assert_eq!(openai.ca_file, Some(PathBuf::from("/etc/wharf/certs/ca.pem")));
    assert_eq!(
        openai.credential,
        Some(CredentialOverride::Header("x-api-key".to_owned()))
    );
    assert_eq!(
        Value::Object(openai.settings.clone()),
        json!({"organization": "org-1", "temperature": 0.5, "tags": ["a", 1, true, null]})
    );
    assert!(!openai.proxy);
    assert!(!openai.health_check);
    assert_eq!(config.deployments[1].isolation, Isolation::POOLED);
    assert_eq!(config.deployments[1].credential, Some(CredentialOverride::None));

    let routes: Vec<_> = config
        .routes
        .iter()
        .map(|route| (route.name.as_str(), route.explicit))
        .collect();
    let expected = [
        ("chat", true),
        ("long", true),
        ("gpt-4", false),
        ("gpt-4-32k", false),
        ("gpt-4-mini", false),
    ];
    assert_eq!(routes, expected);
    assert_eq!(config.routes[0].targets[1].priority, Some(2));
    assert_eq!(config.routes[0].fallbacks["context_length_exceeded"], "long");
    let degraded = DegradedConfig {
        route: Some("gpt-4-32k".to_owned()),
        last_answer: Some(LastAnswerConfig {
            max_entries: 200,
            max_size: 4 << 20,
            max_age: Duration::from_secs(30 * 24 * 3600),
        }),
        text: Some("Please ask again later; nobody knows more.".to_owned()),
    };
    assert_eq!(config.routes[0].degraded, Some(degraded));
    let after = Some(Duration::from_millis(800));
    assert_eq!(config.routes[0].hedge, Some(HedgeConfig { after }));
    for route in &config.routes[1..] {
        assert_eq!((&route.degraded, route.hedge), (&None, None), "{}", route.name);
    }
    let gpt4: Vec<_> = config.routes[2]
        .targets
        .iter()
        .map(|target| target.deployment.as_str())
        .collect();
    assert_eq!(gpt4, ["openai", "backup"]);
    let load_balancer = LoadBalancerConfig {
        strategy: Strategy::Latency,
        health_check_interval: Duration::from_secs(10),
        health_check_timeout: Duration::from_secs(2),
        unhealthy_threshold: 5,
        healthy_threshold: 1,
    };
    assert_eq!(config.load_balancer, load_balancer);
    let retry = RetryConfig {
        max_attempts: 5,
        base_delay: Duration::from_millis(100),
        max_delay: Duration::from_secs(10),
        backoff_multiplier: 1.5,
        jitter: false,
        max_retry_after: Duration::from_secs(20),
        budget: RetryBudgetConfig {
            ratio: 0.1,
            min_per_second: 3,
            window: Duration::from_secs(30),
        },
    };
    assert_eq!(config.retry, retry);
    let circuit_breaker = CircuitBreakerConfig {
        failure_threshold: 10,
        failure_ratio: 0.25,
        minimum_requests: 50,
        window: Duration::from_secs(30),
        reset_timeout: Duration::from_secs(5),
        max_reset_timeout: Duration::from_secs(120),
        half_open_max_calls: 1,
        slow_start: Duration::ZERO,
    };
    assert_eq!(config.circuit_breaker, circuit_breaker);
}

#[test]
fn what_is_left_out_of_the_resilience_settings_has_its_default() {
    let empty = "routes: {r: {targets: [{provider: openai, model: gpt-4}]}}\n  load_balancer: {}\n  \
                 retry: {budget: {}}\n  circuit_breaker: {}";
    for text in [services(empty), provider("")] {
        let config = load(&text);
        let load_balancer = LoadBalancerConfig {
            strategy: Strategy::RoundRobin,
            health_check_interval: Duration::from_secs(30),
            health_check_timeout: Duration::from_secs(5),
            unhealthy_threshold: 3,
            healthy_threshold: 2,
        };
        assert_eq!(config.load_balancer, load_balancer);
        let retry = RetryConfig {
            max_attempts: 3,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            backoff_multiplier: 2.0,
            jitter: true,
            max_retry_after: Duration::from_secs(60),
            budget: RetryBudgetConfig {
                ratio: 0.2,
                min_per_second: 10,
                window: Duration::from_secs(10),
            },
        };
        assert_eq!(config.retry, retry);
        let circuit_breaker = CircuitBreakerConfig {
            failure_threshold: 5,
            failure_ratio: 0.5,
            minimum_requests: 20,
            window: Duration::from_secs(60),
            reset_timeout: Duration::from_secs(60),
            max_reset_timeout: Duration::from_secs(600),
            half_open_max_calls: 3,
            slow_start: Duration::from_secs(30),
        };
        assert_eq!(config.circuit_breaker, circuit_breaker);
        assert!(config.deployments[0].health_check);
        for route in &config.routes {
            assert_eq!((&route.degraded, route.hedge), (&None, None), "{text}");
        }
    }
}

#[test]
fn a_mapping_written_in_part_keeps_the_other_defaults() {
    let config = load(&services("retry: {budget: {ratio: 0}}"));
    let budget = RetryBudgetConfig {
        ratio: 0.0,
        ..RetryBudgetConfig::default()
    };
    assert_eq!(config.retry.budget, budget);

    let config = load(&routes(
        "degraded: {last_answer: {}}, hedge: {}",
        "degraded: {text: later}",
    ));
    let kept = LastAnswerConfig {
        max_entries: 1000,
        max_size: 16 << 20,
        max_age: Duration::from_secs(3600),
    };
    let degraded = DegradedConfig {
        last_answer: Some(kept),
        ..DegradedConfig::default()
    };
    assert_eq!(config.routes[0].degraded, Some(degraded));
    assert_eq!(
        config.routes[0].hedge,
        Some(HedgeConfig { after: None }),
        "without `after` the percentile decides"
    );
    let degraded = DegradedConfig {
        text: Some("later".to_owned()),
        ..DegradedConfig::default()
    };
    assert_eq!(config.routes[1].degraded, Some(degraded));
}

#[test]
fn a_limit_that_was_not_written_follows_what_was() {
    let config = load(&services("circuit_breaker: {reset_timeout: 20m}"));
    let breaker = &config.circuit_breaker;
    assert_eq!(breaker.max_reset_timeout, Duration::from_secs(1200), "raised");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);

    let config = load(&services("load_balancer: {health_check_interval: 2s}"));
    let balancer = &config.load_balancer;
    assert_eq!(balancer.health_check_timeout, Duration::from_secs(2), "lowered");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);

    let config = load(&services("load_balancer: {health_check_interval: 1h}"));
    let balancer = &config.load_balancer;
    assert_eq!(balancer.health_check_timeout, Duration::from_secs(5), "never raised");
}

#[test]
fn a_setting_longer_than_its_limit_is_told_where_it_was_written() {
    let cases = [
        (
            "circuit_breaker: {reset_timeout: 20m, max_reset_timeout: 10m}",
            "circuit_breaker.reset_timeout",
            "reset_timeout (20m) is longer than max_reset_timeout (10m)",
        ),
        (
            "circuit_breaker: {max_reset_timeout: 5s}",
            "circuit_breaker.max_reset_timeout",
            "reset_timeout (60s) is longer than max_reset_timeout (5s)",
        ),
        (
            "load_balancer: {health_check_timeout: 3s, health_check_interval: 2s}",
            "load_balancer.health_check_timeout",
            "health_check_timeout (3s) is longer than health_check_interval (2s)",
        ),
        (
            "load_balancer: {health_check_timeout: 40s}",
            "load_balancer.health_check_timeout",
            "health_check_timeout (40s) is longer than health_check_interval (30s)",
        ),
        (
            "retry: {base_delay: 40s}",
            "retry.base_delay",
            "base_delay (40s) is longer than max_delay (30s)",
        ),
        (
            "retry: {max_delay: 500ms}",
            "retry.max_delay",
            "base_delay (1s) is longer than max_delay (500ms)",
        ),
    ];
    for (line, path, expected) in cases {
        let told = problem(&services(line));
        assert_eq!(told.path, format!("ai_services.{path}"), "{line}");
        assert_eq!(told.problem, expected, "{line}");
        assert!(told.help.contains("of at most"), "{told}");
    }
    for line in [
        "circuit_breaker: {reset_timeout: 1m, max_reset_timeout: 60s}",
        "load_balancer: {health_check_timeout: 2s, health_check_interval: 2s}",
    ] {
        load(&services(line));
    }
}

#[test]
fn every_resilience_setting_has_a_range_that_is_told() {
    let route = |settings: &str| {
        let targets = "targets: [{provider: openai, model: gpt-4}]";
        format!("routes: {{r: {{{targets}, {settings}}}}}")
    };
    let long = "x".repeat(100_000);
    let too_long = "x".repeat(100_001);
    let check = |line: &str, refused: &[&str], accepted: &[&str], words: &str| {
        for value in refused {
            let told = problem(&services(&line.replace("VALUE", value)));
            let expected = format!(" is not allowed ({words})");
            assert!(told.problem.ends_with(&expected), "{line}: {told}");
            assert!(!told.help.is_empty(), "{line}: {told}");
        }
        for value in accepted {
            load(&services(&line.replace("VALUE", value)));
        }
    };
    check(
        "retry: {max_retry_after: VALUE}",
        &["0s", "0.5ms", "61m", "60"],
        &["1ms", "1h"],
        "a duration from 1ms to 1h",
    );
    check(
        "retry: {budget: {ratio: VALUE}}",
        &["-0.1", "1.1"],
        &["0", "0.25", "1"],
        "0 to 1",
    );
    check(
        "retry: {budget: {min_per_second: VALUE}}",
        &["-1", "1.5", "1001"],
        &["0", "1000"],
        "0 to 1000",
    );
    check(
        "retry: {budget: {window: VALUE}}",
        &["900ms", "61s"],
        &["1s", "60s"],
        "a duration from 1s to 60s",
    );
    check(
        "circuit_breaker: {failure_ratio: VALUE}",
        &["0", "0.009", "1.01"],
        &["0.01", "1"],
        "0.01 to 1",
    );
    check(
        "circuit_breaker: {minimum_requests: VALUE}",
        &["0", "10001"],
        &["1", "10000"],
        "1 to 10000",
    );
    check(
        "circuit_breaker: {window: VALUE}",
        &["0s", "11m"],
        &["1s", "10m"],
        "a duration from 1s to 10m",
    );
    check(
        "circuit_breaker: {reset_timeout: 100ms, max_reset_timeout: VALUE}",
        &["99ms", "25h"],
        &["100ms", "24h"],
        "a duration from 100ms to 24h",
    );
    check(
        "circuit_breaker: {slow_start: VALUE}",
        &["11m", "0"],
        &["0s", "10m"],
        "a duration from 0s to 10m",
    );
    check(
        "load_balancer: {health_check_interval: 5m, health_check_timeout: VALUE}",
        &["9ms", "6m"],
        &["10ms", "5m"],
        "a duration from 10ms to 5m",
    );
    for key in ["unhealthy_threshold", "healthy_threshold"] {
        let line = format!("load_balancer: {{{key}: VALUE}}");
        check(&line, &["0", "101"], &["1", "100"], "1 to 100");
    }
    check(
        &route("degraded: {last_answer: {max_entries: VALUE}}"),
        &["0", "100001"],
        &["1", "100000"],
        "1 to 100000",
    );
    check(
        &route("degraded: {last_answer: {max_size: VALUE}}"),
        &["1023B", "2GiB", "16MB"],
        &["1KiB", "1GiB"],
        "a size from 1KiB to 1GiB",
    );
    check(
        &route("degraded: {last_answer: {max_age: VALUE}}"),
        &["999ms", "721h", "30d"],
        &["1s", "720h"],
        "a duration from 1s to 720h",
    );
    check(
        &route("degraded: {text: VALUE}"),
        &["\"\"", too_long.as_str()],
        &["x", long.as_str()],
        "text of 1 to 100000 characters",
    );
    check(
        &route("degraded: VALUE"),
        &["{}", "sorry", "[]"],
        &["{text: sorry}", "{route: gpt-4}", "{last_answer: {}}"],
        "a mapping with at least one entry",
    );
    check(
        &route("degraded: {last_answer: VALUE}"),
        &["true", "[]"],
        &["{}"],
        "a mapping",
    );
    check(
        &route("hedge: {after: VALUE}"),
        &["0s", "11m"],
        &["1ms", "10m"],
        "a duration from 1ms to 10m",
    );
    check(&route("hedge: VALUE"), &["true", "2s"], &["{}"], "{} or {after: …}");
}

#[test]
fn a_degraded_route_must_be_there_and_must_not_lead_back() {
    let cases = [
        (
            routes("degraded: {route: gpt-5}", ""),
            "r.degraded.route",
            "there is no route \"gpt-5\"",
        ),
        (
            routes("degraded: {route: r}", ""),
            "r.degraded.route",
            "the fallbacks form a loop: r → r",
        ),
        (
            routes("fallbacks: {any: s}", "degraded: {route: r}"),
            "s.degraded.route",
            "the fallbacks form a loop: r → s → r",
        ),
        (
            routes("degraded: {route: s}", "fallbacks: {timeout: r}"),
            "s.fallbacks.timeout",
            "the fallbacks form a loop: r → s → r",
        ),
        (
            routes("degraded: {route: s}", "degraded: {route: r}"),
            "s.degraded.route",
            "the fallbacks form a loop: r → s → r",
        ),
    ];
    for (text, path, expected) in cases {
        let told = problem(&text);
        assert_eq!(told.path, format!("ai_services.routes.{path}"), "{text}");
        assert_eq!(told.problem, expected, "{text}");
    }
    let told = problem(&routes("degraded: {route: gpt-5}", ""));
    assert!(
        told.help.starts_with("did you mean gpt-4? known routes: r, s, "),
        "{told}"
    );

    // Two ways to the same route are no loop, whatever leads there.
    load(&routes(
        "fallbacks: {any: s}, degraded: {route: s}",
        "degraded: {route: gpt-4}",
    ));
}

#[test]
fn an_entry_that_cannot_be_had_from_outside_is_one_mistake() {
    let told = problem(&routes("degraded: {route: \"${NOT_SET}\"}", ""));
    assert_eq!(told.path, "ai_services.routes.r.degraded.route");
    assert!(told.problem.contains("NOT_SET is not set"), "{told}");
}

#[test]
fn hedging_on_a_route_with_one_target_is_a_warning() {
    let config = load(&routes("hedge: {after: 1s}", ""));
    let warned: Vec<_> = config
        .warnings
        .iter()
        .map(|warning| (warning.path.as_str(), warning.problem.as_str()))
        .collect();
    let expected = [(
        "ai_services.routes.r.hedge",
        "hedging has no effect on a route with one target",
    )];
    assert_eq!(warned, expected);

    let two = "targets: [{provider: openai, model: gpt-4}, {provider: openai, model: gpt-4}]";
    let config = load(&services(&format!("routes: {{r: {{{two}, hedge: {{}}}}}}")));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn fallbacks_and_several_keys_are_no_warning() {
    let env = TestEnv::with(&[("KEY", "sk-1"), ("OTHER", "sk-2")]);
    let text = routes("fallbacks: {any: s}", "").replace("[gpt-4], ", "[gpt-4], api_keys: [\"${KEY}\", \"${OTHER}\"]");
    let config = parse(&text, &env).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    assert_eq!(config.deployments[0].api_keys.len(), 2);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn the_same_key_twice_is_a_warning_that_does_not_show_it() {
    let env = TestEnv::with(&[("KEY", "sk-LEAK"), ("OTHER", "sk-2")]);
    let text = provider("api_keys: [\"${KEY}\", \"${OTHER}\", {command: pass show x}]");
    let config = parse(&text, &env).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    let warned: Vec<_> = config
        .warnings
        .iter()
        .map(|warning| (warning.path.as_str(), warning.problem.as_str()))
        .collect();
    let expected = [(
        "ai_services.providers.openai.api_keys[2]",
        "the same key is listed twice",
    )];
    assert_eq!(warned, expected);
    assert!(!format!("{config:?}").contains("sk-LEAK"), "{config:?}");
}

#[test]
fn a_duration_outside_the_file_is_read_as_one_in_it() {
    assert_eq!(config::duration("1.5s"), Some(Duration::from_millis(1500)));
    assert_eq!(config::duration("1500"), None, "the unit is never left out");
}

#[test]
fn every_mistake_of_a_file_is_told_at_once_and_at_its_own_line() {
    let env = TestEnv::with(&[("OPENAI_API_KEY", "sk-1")]);
    let Err(told) = parse(MISTAKES, &env) else {
        panic!("the file is full of mistakes")
    };
    let expected: Vec<(usize, &str, &str)> = MISTAKES
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (path, message) = line.split_once("# MISTAKE ")?.1.split_once(" | ")?;
            Some((index + 1, path, message))
        })
        .collect();
    assert!(expected.len() > 20);
    let places: Vec<(usize, &str)> = told
        .0
        .iter()
        .map(|problem| (problem.line, problem.path.as_str()))
        .collect();
    assert_eq!(
        places,
        expected
            .iter()
            .map(|(line, path, _)| (*line, *path))
            .collect::<Vec<_>>(),
        "{told}"
    );
    for (problem, (_, _, message)) in told.0.iter().zip(&expected) {
        assert!(problem.problem.contains(message), "{message:?} is missing in {problem}");
        assert!(!problem.help.is_empty(), "{problem}");
    }
}

#[test]
fn a_problem_reads_as_file_line_column_path_message_and_help() {
    let text = "ai_services:\n  providers:\n    openai:\n      models: [gpt-4]\n      max_retries: 99\n";
    let told = problem(text).to_string();
    let first =
        "wharf.yaml:5:7: ai_services.providers.openai.max_retries: 99 is not allowed (0 to 10)\n    help: Most retries";
    assert!(told.starts_with(first), "{told}");
}

#[test]
fn an_unknown_key_names_the_nearest_one_and_all_others() {
    let told = problem(&provider("max_retrys: 3"));
    assert_eq!(told.problem, "this key is not known");
    assert!(
        told.help
            .starts_with("did you mean max_retries? known keys: component, api_key, "),
        "{}",
        told.help
    );
    assert!(told.help.contains("timeout"), "{}", told.help);
}

#[test]
fn every_unknown_key_is_a_problem_of_its_own() {
    let told = problems("a: 1\nb: 2\nai_services: {providers: {x: {models: [m], c: 3}}}\n");
    let paths: Vec<_> = told.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["a", "b", "ai_services.providers.x.c"]);
}

#[test]
fn a_common_mistake_is_answered_with_what_to_write() {
    let cases = [
        ("timeout: 30", "add a unit (ms, s, m, h): 30s for 30 seconds"),
        ("limits: {memory: 64MB}", "B, KiB, MiB or GiB"),
        ("component: 42", "put it in quotes: \"42\""),
        ("max_retries: \"3\"", "remove the quotes"),
        ("allow_hosts: x.example", "write a list"),
        ("isolation: requests", "did you mean request?"),
    ];
    for (setting, expected) in cases {
        let told = problem(&provider(setting));
        assert!(told.help.contains(expected), "{setting}: {told}");
    }
    let told = problem("ai_services: {providers: {x: {models: \"*\"}}}");
    assert!(told.help.contains("list the models by name"), "{told}");
}

#[test]
fn settings_that_do_not_go_together_are_told() {
    let two = "ai_services:\n  providers:\n    a: {models: [m, n]}\n    b: {models: [n]}\n";
    let route = |rest: &str| format!("{two}  routes:\n    r:\n      targets: [{{provider: a, model: m}}]\n{rest}");
    let cases = [
        (
            provider("first_token_timeout: 90s"),
            "first_token_timeout (90s) is longer than timeout (60s)",
        ),
        (
            provider("api_key: k, api_keys: [k]"),
            "api_key and api_keys are both given",
        ),
        (
            provider("base_url: \"https://u:p@h/\""),
            "holds a user name or a password",
        ),
        (provider("base_url: \"https://h/?a=b\""), "has a query"),
        (
            provider("base_url: \"localhost:11434\""),
            "the scheme localhost: cannot be called",
        ),
        (provider("base_url: api.openai.com"), "this is not a URL"),
        (
            format!("listen: localhost:80\n{two}"),
            "\"localhost:80\" is not allowed (an IP address and a port)",
        ),
        (
            format!("admin: {{listen: 0.0.0.0:9000}}\n{two}"),
            "0.0.0.0:9000 is not a loopback address",
        ),
        (format!("listen: 0.0.0.0:8081\n{two}"), "use the same port"),
        (
            format!("{two}  retry: {{max_delay: 500ms}}\n"),
            "base_delay (1s) is longer than max_delay (500ms)",
        ),
        (
            format!("{two}  routes:\n    r: {{targets: [{{provider: c, model: m}}]}}\n"),
            "there is no provider \"c\"",
        ),
        (
            format!("{two}  routes:\n    r: {{targets: [{{provider: b, model: m}}]}}\n"),
            "does not list the model \"m\"",
        ),
        (
            format!("{two}  routes:\n    \"r r\": {{targets: [{{provider: a, model: m}}]}}\n"),
            "it holds ' '",
        ),
        (
            format!("{two}  routes:\n    r: {{targets: []}}\n"),
            "an empty list is not allowed",
        ),
        (route("      fallbacks: {any: s}\n"), "there is no route \"s\""),
        (route("      fallbacks: {any: r}\n"), "the fallbacks form a loop: r → r"),
        (
            "ai_services: {providers: {}}".to_owned(),
            "an empty mapping is not allowed",
        ),
        (
            provider("credential: {header: a, query: b}"),
            "a mapping of 2 entries is not allowed (bearer, none, ",
        ),
        (
            format!(
                "ai_services:\n  providers:\n    \"{}\": {{models: [m]}}\n",
                "x".repeat(129)
            ),
            "it has 129 bytes",
        ),
    ];
    for (text, expected) in cases {
        let told = problem(&text);
        assert!(told.problem.contains(expected), "{text}\n{told}");
        assert!(!told.help.is_empty(), "{text}\n{told}");
    }
}

#[test]
fn a_host_that_cannot_be_allowed_is_told_with_the_reason() {
    let told = problem(&provider("allow_hosts: [\"https://a.example\", \"*.com\"]"));
    assert_eq!(told.path, "ai_services.providers.openai.allow_hosts[1]");
    assert!(told.help.contains("covers too much"), "{told}");
}

#[test]
fn what_only_looks_like_a_contradiction_is_allowed() {
    let two = "ai_services:\n  providers:\n    a: {models: [m, n]}\n    b: {models: [n]}\n";
    for text in [
        format!("listen: 127.0.0.1:0\nadmin: {{listen: 127.0.0.1:0}}\n{two}"),
        format!("admin: {{listen: 0.0.0.0:9000, token: \"${{file:secrets/admin}}\"}}\n{two}"),
        format!("admin: {{listen: \"[::1]:9000\"}}\n{two}"),
        // A fallback may name a route that exists because a deployment lists the model.
        format!("{two}  routes:\n    r: {{targets: [{{provider: a, model: m}}], fallbacks: {{any: n}}}}\n"),
        // Two ways to the same route are no loop.
        format!(
            "{two}  routes:\n    r: {{targets: [{{provider: a, model: m}}], fallbacks: {{any: s, timeout: n}}}}\n    \
             s: {{targets: [{{provider: a, model: m}}], fallbacks: {{any: n}}}}\n"
        ),
        provider("first_token_timeout: 60s"),
        provider("max_retries: 3.0"),
        provider("max_retries: 0"),
    ] {
        load(&text);
    }
}

#[test]
fn a_long_chain_of_fallbacks_is_searched_without_exhausting_the_stack() {
    let mut text = "ai_services:\n  providers:\n    a: {models: [m]}\n  routes:\n".to_owned();
    for number in 0..1000 {
        let next = if number == 999 { 0 } else { number + 1 };
        text.push_str(&format!(
            "    r{number}: {{targets: [{{provider: a, model: m}}], fallbacks: {{any: r{next}}}}}\n"
        ));
    }
    let told = problem(&text);
    assert!(
        told.problem.starts_with("the fallbacks form a loop: r0 → r1 → "),
        "{told}"
    );
}

#[test]
fn no_message_shows_a_secret_wherever_it_was_put() {
    let env = TestEnv::with(&[("KEY", "sk-LEAK"), ("LINES", "sk-LEAK\nx")]);
    let texts = [
        provider("api_key: [sk-LEAK]"),
        provider("api_key: {value: sk-LEAK}"),
        provider("api_key: {command: [sk-LEAK]}"),
        provider("api_key: \"${sk-LEAK\""),
        provider("api_key: \"${sk-LEAK}\""),
        provider("api_key: \"${LINES}\""),
        provider("api_keys: sk-LEAK"),
        provider("api_keys: {a: sk-LEAK}"),
        provider("api_keys: [[sk-LEAK]]"),
        provider("apikey: sk-LEAK"),
        provider("base_url: \"https://user:sk-LEAK@host/\""),
        provider("base_url: \"https://host/?key=sk-LEAK\""),
        provider("timeout: \"${KEY}\""),
        provider("allow_hosts: [\"${KEY}\"]"),
        provider("base_url: \"${KEY}\""),
        provider("max_retries: ${KEY}"),
        provider("models: \"${KEY}\"").replace("models: [gpt-4], ", ""),
        provider("api_key: {command: \"pass show x\"}, max_retries: 99"),
        provider("api_key: sk-LEAK, max_retries: 99"),
        "ai_services: {providers: {openai: sk-LEAK}}".to_owned(),
        "ai_services: {providers: sk-LEAK}".to_owned(),
        format!("admin: sk-LEAK\n{}", provider("")),
        format!("admin: {{token: [sk-LEAK]}}\n{}", provider("")),
    ];
    for text in texts {
        let Err(told) = parse(&text, &env) else {
            panic!("{text}\nloads")
        };
        let shown = format!("{told}\n{told:?}\n{}", serde_json::to_string(&told).unwrap());
        assert!(!shown.contains("sk-LEAK"), "{text}\n{shown}");
    }
    for text in [
        provider("api_key: sk-LEAK"),
        provider("api_key: \"${KEY}\""),
        provider("api_keys: [{command: pass show x}]"),
    ] {
        let config = parse(&text, &env).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        assert_eq!(config.deployments[0].api_keys.len(), 1);
        assert!(!format!("{config:?}").contains("sk-LEAK"), "{text}");
    }
}

#[test]
fn a_secret_written_in_the_file_is_a_warning_and_one_from_outside_is_not() {
    let config = load(&provider("api_key: sk-1"));
    let paths: Vec<_> = config
        .warnings
        .iter()
        .map(|warning| (warning.path.as_str(), warning.line))
        .collect();
    assert_eq!(paths, [("ai_services.providers.openai.api_key", 3)]);
    assert!(load(&provider("api_key: {command: pass show x}")).warnings.is_empty());
}

#[test]
fn a_secret_that_cannot_be_had_is_a_problem() {
    let cases = [
        ("api_key: \"${NOT_SET}\"", "NOT_SET is not set"),
        (
            "api_key: \"${file:nowhere}\"",
            "cannot read the file /etc/wharf/nowhere",
        ),
        (
            "api_key: {command: fail}",
            "the command failed: exit status: 1: no such entry",
        ),
        ("api_key: {command: print nothing}", "the secret is empty"),
        ("api_key: \"\"", "the secret is empty"),
        ("api_key: 12345", "a secret must be text"),
        ("api_key: null", "nothing is written here"),
        ("api_keys: []", "an empty list is not allowed"),
        ("api_keys: [\"${NOT_SET}\", k]", "NOT_SET is not set"),
    ];
    for (setting, expected) in cases {
        let text = format!("ai_services:\n  providers:\n    openai:\n      models: [m]\n      {setting}\n");
        let told = problem(&text);
        assert!(told.problem.contains(expected), "{setting}: {told}");
        assert!(told.line == 5, "{setting}: {told}");
    }
}

#[test]
fn a_model_name_that_reads_as_a_pinned_deployment_is_a_warning() {
    let config =
        load("ai_services:\n  providers:\n    openai: {models: [gpt-4]}\n    proxy: {models: [openai/gpt-4]}\n");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(
        config.warnings[0].help.contains("proxy/openai/gpt-4"),
        "{:?}",
        config.warnings
    );
}

#[test]
fn a_syntax_error_is_one_problem_with_its_line() {
    let told = problem("ai_services:\n  providers:\n    openai: {models: [gpt-4}\n");
    assert!((3..=4).contains(&told.line) && !told.path.is_empty(), "{told}");
    assert!(told.problem.starts_with("this is not valid YAML"), "{told}");
}

#[test]
fn aliases_are_refused_and_a_bomb_of_them_at_once() {
    let told = problems("x: &x [1]\nai_services: *x\n");
    assert!(
        told.iter().any(|problem| problem.problem.contains("not supported")),
        "{told:?}"
    );
    let mut bomb = "a0: &a0 lol\n".to_owned();
    for level in 1..64 {
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{}", level - 1); 9].join(", ")
        ));
    }
    assert!(problems(&bomb).len() <= 50);
}

#[test]
fn a_flood_of_mistakes_is_cut_and_counted() {
    let mut text = provider("");
    for number in 0..3000 {
        text.push_str(&format!("unknown{number}: 1\n"));
    }
    let told = problems(&text);
    assert_eq!(told.len(), 1001);
    assert!(
        told.iter()
            .any(|problem| problem.problem == "2000 more problems are not listed"),
        "{:?}",
        told.first()
    );
}

#[test]
fn an_empty_file_is_told_what_is_required() {
    for text in ["", "# nothing\n", "{}"] {
        let told = problem(text);
        assert_eq!(
            (told.path.as_str(), told.problem.as_str()),
            ("ai_services", "this is required")
        );
    }
    for text in ["[]", "text", "3"] {
        assert_eq!(problem(text).problem, "the file is not a mapping");
    }
}

#[test]
fn a_file_on_disk_is_loaded_with_paths_relative_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("wharf.yaml");
    std::fs::write(&file, format!("{}plugins: ./p\n", provider("api_key: \"${file:key}\""))).unwrap();
    std::fs::write(directory.path().join("key"), "sk-1\n").unwrap();
    let config = config::load(&file, &ProcessEnv).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.plugins, directory.path().join("p"));
    assert_eq!(config.deployments[0].api_keys.len(), 1);

    let missing = directory.path().join("none.yaml");
    let told = config::load(&missing, &ProcessEnv).unwrap_err();
    assert!(
        told.to_string().contains("none.yaml: the file cannot be read"),
        "{told}"
    );
    std::fs::write(&missing, b"a: 1\nb: \xff\n").unwrap();
    let told = config::load(&missing, &ProcessEnv).unwrap_err();
    assert!(told.to_string().contains("not UTF-8 text (line 2)"), "{told}");
}

/// Sets (`Some`) or removes (`None`) what a JSON pointer names; its parent exists.
fn edit(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer starts with a slash");
    let parent = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{pointer} has no parent"));
    match (parent, value) {
        (Value::Object(map), Some(value)) => {
            map.insert(key.to_owned(), value);
        }
        (Value::Object(map), None) => {
            map.remove(key);
        }
        (Value::Array(items), Some(value)) => items[key.parse::<usize>().expect("a list position")] = value,
        (parent, value) => panic!("{pointer}: {value:?} cannot be put into {parent}"),
    }
}

#[test]
fn the_schema_accepts_what_the_loader_accepts_and_nothing_else() {
    let base = json!({
        "listen": "127.0.0.1:8080", "admin": {"listen": "127.0.0.1:8081"}, "plugins": "./p",
        "cache": {"enabled": true}, "server": {"max_body": "1MiB"},
        "ai_services": {
            "providers": {
                "a": {"models": ["m", "n"], "api_key": "k", "limits": {"memory": "64MiB"}},
                "b": {"models": ["n"]}
            },
            "routes": {"r": {"targets": [{"provider": "a", "model": "m"}], "fallbacks": {"any": "n"}}},
            "load_balancer": {"strategy": "weighted"},
            "retry": {"max_attempts": 3},
            "circuit_breaker": {"reset_timeout": "60s"}
        }
    });
    let a = "/ai_services/providers/a";
    let numbers = [
        "/max_retries",
        "/priority",
        "/weight",
        "/limits/tables",
        "/limits/handles",
    ];
    let durations = [
        "/timeout",
        "/connect_timeout",
        "/first_token_timeout",
        "/idle_timeout",
        "/limits/cpu",
    ];
    let sizes = [
        "/limits/memory",
        "/limits/response",
        "/limits/stream",
        "/limits/headers",
        "/limits/request",
    ];
    let flags = ["/private", "/proxy", "/health_check"];
    let junk = [
        json!(null),
        json!([]),
        json!({"x": 1}),
        json!("x y"),
        json!(-1),
        json!(1.5),
        json!(""),
        json!(1e12),
    ];

    let mut cases: Vec<(String, Option<Value>, bool)> = Vec::new();
    let mut case = |pointer: &str, value: Value, accepted| cases.push((pointer.to_owned(), Some(value), accepted));
    for key in numbers.iter().chain(&durations).chain(&sizes).chain(&flags) {
        for value in &junk {
            case(&format!("{a}{key}"), value.clone(), false);
        }
    }
    for key in numbers {
        case(&format!("{a}{key}"), json!(100.0), key != "/max_retries");
        case(&format!("{a}{key}"), json!("5"), false);
    }
    for key in durations {
        for (value, accepted) in [
            ("5s", true),
            ("250ms", true),
            ("1.5s", true),
            ("5", false),
            ("s", false),
            ("1d", false),
        ] {
            case(&format!("{a}{key}"), json!(value), accepted);
        }
    }
    for key in sizes {
        for (value, accepted) in [
            ("1MiB", true),
            ("1024KiB", true),
            ("1MB", false),
            ("1.5MiB", false),
            ("1", false),
        ] {
            case(&format!("{a}{key}"), json!(value), accepted);
        }
    }
    for (key, value, accepted) in [
        ("/isolation", json!("request"), true),
        ("/isolation", json!("pooled"), true),
        ("/isolation", json!({"pooled": {}}), true),
        ("/isolation", json!({"pooled": {"max_calls": 5, "max_age": "5m"}}), true),
        ("/isolation", json!({"pooled": {"max_calls": 0}}), false),
        ("/isolation", json!({"pooled": {"max_ages": "5m"}}), false),
        ("/isolation", json!({"pooled": null}), false),
        ("/isolation", json!({}), false),
        ("/isolation", json!("shared"), false),
        ("/isolation", json!(3), false),
        ("/credential", json!("bearer"), true),
        ("/credential", json!({"query": "key"}), true),
        ("/credential", json!({"header": "x-key"}), true),
        ("/credential", json!({"header": "x key"}), false),
        ("/credential", json!({"header": "a", "query": "b"}), false),
        ("/credential", json!({}), false),
        ("/credential", json!("basic"), false),
        ("/api_key", json!({"command": "pass show x"}), true),
        ("/api_key", json!({"command": ""}), false),
        ("/api_key", json!({"command": 1}), false),
        ("/api_key", json!({"cmd": "x"}), false),
        ("/api_key", json!({"command": "pass show x", "x": 1}), false),
        ("/api_key", json!(""), false),
        ("/api_key", json!(3), false),
        ("/api_key", json!(["k"]), false),
        ("/models", json!([]), false),
        ("/models", json!("*"), false),
        ("/models", json!(["m", 3]), false),
        ("/models", json!(["m", "n", "a b"]), false),
        ("/models", json!(["m", "n", "vendor/o"]), true),
        ("/component", json!("ghcr.io/org/component:1"), true),
        ("/component", json!("a b"), false),
        ("/settings", json!({"any": [1, null, {"thing": true}]}), true),
        ("/settings", json!([]), false),
        ("/unknown", json!(1), false),
        ("/private", json!(true), true),
        ("/private", json!("yes"), false),
        ("/allow_hosts", json!([]), true),
        ("/allow_hosts", json!([""]), false),
    ] {
        case(&format!("{a}{key}"), value, accepted);
    }
    for (pointer, value, accepted) in [
        ("/listen", json!(8080), false),
        ("/plugins", json!(""), false),
        ("/cache/dir", json!("c"), true),
        ("/cache", json!(false), false),
        ("/server/max_connections", json!(1), true),
        ("/server/max_connections", json!(0), false),
        ("/ai_services/providers", json!({}), false),
        ("/ai_services/routes", json!({}), true),
        ("/ai_services/routes/r/targets", json!([]), false),
        ("/ai_services/routes/r/targets/0", json!({"provider": "a"}), false),
        (
            "/ai_services/routes/r/targets/0",
            json!({"provider": "b", "model": "n", "priority": 100, "weight": 1}),
            true,
        ),
        ("/ai_services/routes/r/fallbacks", json!({"never": "n"}), false),
        (
            "/ai_services/routes/r/fallbacks",
            json!({"timeout": "n", "any": "m"}),
            true,
        ),
        ("/ai_services/load_balancer/strategy", json!("random"), false),
        ("/ai_services/load_balancer", json!({}), true),
        ("/ai_services/retry/max_attempts", json!(0), false),
        ("/ai_services/retry/max_attempts", json!(11), false),
        ("/ai_services/retry/backoff_multiplier", json!(1), true),
        ("/ai_services/retry/backoff_multiplier", json!(1.25), true),
        ("/ai_services/retry/backoff_multiplier", json!(0.5), false),
        ("/ai_services/retry/jitter", json!("true"), false),
        ("/ai_services/circuit_breaker/failure_threshold", json!(1000), true),
        ("/ai_services/circuit_breaker/failure_threshold", json!(1001), false),
        ("/ai_services/circuit_breaker/failure_ratio", json!(1), true),
        ("/ai_services/circuit_breaker/failure_ratio", json!(0.01), true),
        ("/ai_services/circuit_breaker/failure_ratio", json!(0), false),
        ("/ai_services/circuit_breaker/minimum_requests", json!(2.5), false),
        ("/ai_services/circuit_breaker/slow_start", json!("0s"), true),
        ("/ai_services/circuit_breaker/slow_start", json!(0), false),
        ("/ai_services/load_balancer/unhealthy_threshold", json!(3), true),
        ("/ai_services/load_balancer/healthy_threshold", json!(0), false),
        ("/ai_services/load_balancer/health_check_timeout", json!("1s"), true),
        ("/ai_services/retry/max_retry_after", json!("5m"), true),
        ("/ai_services/retry/max_retry_after", json!(60), false),
        ("/ai_services/retry/budget", json!({}), true),
        (
            "/ai_services/retry/budget",
            json!({"ratio": 1, "min_per_second": 0, "window": "1s"}),
            true,
        ),
        ("/ai_services/retry/budget", json!({"ratio": 1.5}), false),
        ("/ai_services/retry/budget", json!({"ration": 0.5}), false),
        ("/ai_services/retry/budget", json!(0.2), false),
        ("/ai_services/routes/r/degraded", json!({"text": "later"}), true),
        ("/ai_services/routes/r/degraded", json!({"route": "n"}), true),
        ("/ai_services/routes/r/degraded", json!({"last_answer": {}}), true),
        (
            "/ai_services/routes/r/degraded",
            json!({"last_answer": {"max_entries": 5, "max_size": "1MiB", "max_age": "1m"}}),
            true,
        ),
        ("/ai_services/routes/r/degraded", json!({}), false),
        ("/ai_services/routes/r/degraded", json!({"text": ""}), false),
        ("/ai_services/routes/r/degraded", json!({"last_answer": true}), false),
        (
            "/ai_services/routes/r/degraded",
            json!({"last_answer": {"max": 5}}),
            false,
        ),
        ("/ai_services/routes/r/degraded", json!("later"), false),
        ("/ai_services/routes/r/hedge", json!({}), true),
        ("/ai_services/routes/r/hedge", json!({"after": "2s"}), true),
        ("/ai_services/routes/r/hedge", json!({"after": 2}), false),
        ("/ai_services/routes/r/hedge", json!({"afer": "2s"}), false),
        ("/ai_services/routes/r/hedge", json!("2s"), false),
        ("/unknown", json!(1), false),
    ] {
        case(pointer, value, accepted);
    }
    cases.push(("/ai_services".to_owned(), None, false));
    cases.push(("/ai_services/providers".to_owned(), None, false));
    cases.push(("/ai_services/providers/b/models".to_owned(), None, false));
    cases.push(("/ai_services/routes".to_owned(), None, true));
    cases.push(("/admin".to_owned(), None, true));

    let validator = jsonschema::draft202012::new(&config::schema()).unwrap();
    for (pointer, value, accepted) in cases {
        let mut document = base.clone();
        edit(&mut document, &pointer, value);
        let text = serde_json::to_string_pretty(&document).unwrap();
        let loaded = parse(&text, &TestEnv::default());
        assert_eq!(validator.is_valid(&document), accepted, "the schema, {pointer}: {text}");
        let told = loaded.as_ref().err().map(ToString::to_string);
        assert_eq!(loaded.is_ok(), accepted, "the loader, {pointer}: {text}\n{told:?}");
        for problem in loaded.err().into_iter().flat_map(|problems| problems.0) {
            assert!(!problem.help.contains("report this as a bug"), "{problem}");
        }
    }
}

#[test]
fn examples_are_what_stands_between_the_fences() {
    let document = "a\n```yaml\none: 1\n  two: 2\n```\n```\nno: 1\n```\n```yaml\nthree: 3\n```\n";
    assert_eq!(examples(document), ["one: 1\n  two: 2\n", "three: 3\n"]);
    assert!(examples("no example").is_empty());
}

#[test]
fn the_example_of_every_provider_loads() {
    let folders = std::fs::read_dir(root().join("providers")).unwrap();
    let mut seen = 0;
    for folder in folders.map(|entry| entry.unwrap().path()) {
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        let readme = folder.join("README.md");
        let place = readme.display().to_string();
        let text = std::fs::read_to_string(&readme).unwrap_or_else(|error| panic!("{place}: {error}"));
        // Cargo names the library, and so the plugin, after the folder with underscores.
        let component = folder.file_name().unwrap().to_str().unwrap().replace('-', "_");
        let examples = examples(&text);
        assert!(!examples.is_empty(), "{place} needs an example configuration");
        for text in &examples {
            let config = example(&place, text);
            let runs = |deployment: &config::DeploymentConfig| deployment.component == component;
            assert!(
                config.deployments.iter().any(runs),
                "{place}: an example must run the provider that it is the example of\n{text}"
            );
        }
        seen += 1;
    }
    assert!(seen >= 6, "there are more than {seen} providers");
}

#[test]
fn the_whole_configurations_of_the_readme_load() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let examples = examples(&text);
    assert!(examples.len() >= 2, "{examples:#?}");
    for text in &examples {
        example("README.md", text);
    }
}

/// Lines that look enough like YAML to reach every stage.
const LINE: &str = concat!(
    "( {0,6})(- )?(ai_services|providers|admin|token|api_key|x|[a-z]{1,3}):? ?",
    "(\\[|\\]|\\{|\\}|\\*|&a|!t|\"|'|\\||>|[a-z0-9$\\{\\}:#., -]{0,12})",
);

/// Settings of a provider, and values that fit some of them.
const SETTING: &str =
    "(models|timeout|isolation|limits|credential|settings|api_key|api_keys|allow_hosts|base_url|weight)";
const VALUE: &str = concat!(
    "(\\[\\]|\\{\\}|\\[\\[\\{a: b\\}\\]\\]|null|-1|1e400|\\.inf|0x1F|true|[0-9]{1,40}(ms|h|GiB)",
    "|\\{pooled: \\{max_calls: [0-9]{1,12}\\}\\}|\"\\$\\{[A-Z:.-]{0,5}\\}\")",
);

proptest! {
    #[test]
    fn any_text_is_answered_without_a_panic(text in ".{0,200}") {
        let _ = parse(&text, &TestEnv::default());
    }

    #[test]
    fn any_yaml_like_text_is_answered_without_a_panic(lines in prop::collection::vec(LINE, 0..12)) {
        let _ = parse(&lines.join("\n"), &TestEnv::default());
    }

    #[test]
    fn any_value_at_any_setting_is_answered_without_a_panic(key in SETTING, value in VALUE) {
        let _ = parse(&provider(&format!("{key}: {value}")), &TestEnv::default());
    }
}
