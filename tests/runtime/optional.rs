//! Embeddings, token counts and models: found by a component's exports, refused where they are missing, and under the
//! same rules as every other call.

use std::time::Duration;

use serde_json::{Value, json};
use wharf_runtime::{Deployment, DeploymentOptions, LoadError, LoadProblem, PullStream, Secret};
use wharf_tests::guests;
use wharf_tests::runtime::{
    MODEL, asking, deploy, deploy_in, patiently, provider, saying, shared, with_instances, within,
};
use wharf_tests::upstream::{Gate, Recorded, Reply, Upstream};
use wharf_types::{
    CredentialScheme, EmbedRequest, EmbedResponse, Error, ErrorKind, Extension, Features, Json, Model, Phase,
    PullProgress, TokenCount,
};

const MIB: usize = 1 << 20;

/// A deployment of the guest that has everything.
async fn complete(upstream: &Upstream, adjust: impl FnOnce(&mut DeploymentOptions)) -> Deployment {
    let base_url = upstream.base_url();
    deploy("complete", |options| {
        options.outbound.base_url = Some(base_url);
        adjust(options);
    })
    .await
}

fn texts(input: &[&str]) -> EmbedRequest {
    EmbedRequest {
        model: "a route".to_owned(),
        input: input.iter().map(|&text| text.to_owned()).collect(),
        dialect: "openai.embeddings".to_owned(),
        ..EmbedRequest::default()
    }
}

/// Two texts, with an option of the guest's.
async fn embed(deployment: &Deployment, how: &str) -> Result<EmbedResponse, Error> {
    let request = EmbedRequest {
        options: vec![("how".to_owned(), Json(Value::from(how).to_string()))],
        ..texts(&["one", "two"])
    };
    deployment.embed(&request, MODEL, patiently()).await
}

/// All steps of a pull.
async fn finish(pull: &mut PullStream) -> Result<Vec<PullProgress>, Error> {
    let mut all = Vec::new();
    loop {
        let steps = pull.next().await?;
        if steps.is_empty() {
            return Ok(all);
        }
        all.extend(steps);
    }
}

async fn pull(deployment: &Deployment, id: &str) -> Result<Vec<PullProgress>, Error> {
    let mut pull = deployment.pull_model(id, patiently()).await?;
    finish(&mut pull).await
}

/// Every call of the optional interfaces, by name.
async fn every_call(deployment: &Deployment) -> Vec<(&'static str, Result<(), Error>)> {
    let options = patiently;
    vec![
        (
            "embed",
            deployment.embed(&texts(&["one"]), MODEL, options()).await.map(|_| ()),
        ),
        (
            "count",
            deployment
                .count_tokens(&saying("hello"), MODEL, options())
                .await
                .map(|_| ()),
        ),
        ("list", deployment.list_models(options()).await.map(|_| ())),
        ("show", deployment.show_model("small", options()).await.map(|_| ())),
        ("pull", pull(deployment, "small").await.map(|_| ())),
        ("delete", deployment.delete_model("small", options()).await),
    ]
}

// ---- what is there ------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_component_has_the_interfaces_that_its_macro_names_and_no_others() {
    let some = |embeddings, tokens, models| Features {
        embeddings,
        tokens,
        models,
    };
    for (guest, expected) in [
        ("complete", some(true, true, true)),
        ("bad_vectors", some(true, false, false)),
        ("never_ends_pull", some(false, false, true)),
        ("remembers", some(false, false, false)),
    ] {
        let provider = provider(guest).await;
        assert_eq!(provider.features(), expected, "{guest}");
        assert_eq!(deploy(guest, |_| {}).await.features(), expected, "{guest}");
        let optional = provider.outline.exports.len() - 1;
        let count = [expected.embeddings, expected.tokens, expected.models];
        let count = count.into_iter().filter(|&has| has).count();
        assert_eq!(optional, count, "{guest} exports {:?}", provider.outline.exports);
    }
}

#[tokio::test]
async fn what_a_provider_does_not_have_is_refused_by_name_and_starts_nothing() {
    let runtime = with_instances(1);
    let plain = deploy_in(&runtime, "never_ends_stream").await;
    let stream = plain.stream(&asking(&[]), MODEL, patiently()).await;
    let _held = stream.expect("there is one instance");
    // There is no instance left, so a call that wanted one would wait.
    for (call, outcome) in every_call(&plain).await {
        let error = outcome.expect_err("nothing optional is there");
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{call}");
        assert!(!error.sent(), "{call} must not have begun");
        assert!(
            error.message().contains("`never-ends-stream`"),
            "{call}: {}",
            error.message()
        );
    }
    let error = plain.embed(&texts(&["one"]), MODEL, patiently()).await;
    let error = error.expect_err("there are no embeddings");
    assert_eq!(error.message(), "the provider `never-ends-stream` has no embeddings");
}

// ---- what it does -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn texts_and_options_arrive_and_vectors_come_back() {
    let upstream = Upstream::start(|_| Reply::new(200)).await;
    let deployment = complete(&upstream, |_| {}).await;
    let request = EmbedRequest {
        dimensions: Some(2),
        options: vec![("user".to_owned(), Json("\"ada\"".to_owned()))],
        ..texts(&["one", "", "dreiß"])
    };
    let answer = deployment.embed(&request, MODEL, patiently()).await;
    let answer = answer.expect("the guest embeds");
    assert_eq!(answer.vectors, [[3.0, 0.0], [0.0, 1.0], [6.0, 2.0]]);
    assert_eq!(
        answer.model.as_deref(),
        Some(MODEL),
        "the guest gets the vendor's name, not the route"
    );
    assert_eq!(answer.usage.input_tokens, Some(3));
    assert_eq!(answer.usage.output_tokens, None);
    let extra = answer.extra.expect("the guest tells what it heard");
    assert_eq!(extra.kind, "tests.embed");
    let heard: Value = serde_json::from_str(&extra.value.0).expect("as JSON");
    let expected = json!({"dialect": "openai.embeddings", "dimensions": 2, "options": {"user": "\"ada\""}});
    assert_eq!(heard, expected);
    assert_eq!(upstream.request().path, "/embed", "one exchange for all texts");
}

#[tokio::test]
async fn tokens_are_counted_for_the_whole_request() {
    let upstream = Upstream::start(|_| Reply::new(200)).await;
    let deployment = complete(&upstream, |_| {}).await;
    let count = deployment
        .count_tokens(&saying("twelve bytes"), MODEL, patiently())
        .await;
    let extra = Extension {
        kind: "tests.count".to_owned(),
        value: Json(r#"{"unit":"byte"}"#.to_owned()),
    };
    let expected = TokenCount {
        input_tokens: 12,
        extra: Some(extra),
    };
    assert_eq!(count.expect("the guest counts"), expected);
}

#[tokio::test]
async fn models_are_listed_shown_and_deleted() {
    let upstream = Upstream::start(|_| Reply::text("small\nlarge")).await;
    let deployment = complete(&upstream, |_| {}).await;
    let options = patiently;
    let listed = deployment.list_models(options()).await.expect("the guest lists");
    let names: Vec<&str> = listed.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(names, ["small", "large"]);
    let shown = deployment.show_model("small", options()).await;
    let (model, capabilities) = shown.expect("the guest shows");
    assert_eq!(
        model,
        Model {
            id: "small".to_owned(),
            created: Some(1_700_000_000),
            owner: Some("the tests".to_owned()),
            size: Some(7 << 30),
            loaded: Some(true),
            extra: Some(Json(r#"{"family":"small"}"#.to_owned())),
        }
    );
    assert_eq!(capabilities.context_tokens, Some(8192));
    let deleted = deployment.delete_model("small", options()).await;
    deleted.expect("the guest deletes");
    let asked: Vec<String> = upstream
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(asked, ["GET /models", "GET /models/small", "DELETE /models/small"]);
}

#[tokio::test]
async fn progress_arrives_while_the_pull_goes_on() {
    let gate = Gate::new();
    let script = gate.clone();
    let upstream = Upstream::start(move |_| Reply::text("layer").wait(&script).send("success")).await;
    let deployment = complete(&upstream, |_| {}).await;
    let pull = deployment.pull_model("small", patiently()).await;
    let mut pull = pull.expect("the pull must begin");
    let first = pull.next().await.expect("the first step is there");
    let expected = PullProgress {
        status: "layer".to_owned(),
        digest: Some("sha256:0".to_owned()),
        total: Some(5),
        completed: Some(5),
        extra: Some(Json(r#"{"from":"here"}"#.to_owned())),
    };
    assert_eq!(first, [expected], "a step must not wait for the next one");
    gate.open();
    let rest = finish(&mut pull).await.expect("the pull ends well");
    assert_eq!(rest.last().map(|step| step.status.as_str()), Some("success"));
    let after = pull.next().await.expect("the end stays the end");
    assert!(after.is_empty(), "{after:?}");
}

#[tokio::test]
async fn a_pull_that_is_dropped_lets_the_upstream_stop() {
    let upstream = Upstream::start(|_| Reply::text("layer").hang()).await;
    let deployment = complete(&upstream, |_| {}).await;
    let pull = deployment.pull_model("small", patiently()).await;
    let mut pull = pull.expect("the pull must begin");
    pull.next().await.expect("the first step is there");
    drop(pull);
    upstream.disconnected().await;
}

// ---- the same rules as everywhere ---------------------------------------------------------------------------------

#[tokio::test]
async fn every_call_carries_the_credential_and_makes_one_exchange() {
    let upstream = Upstream::start(|_| Reply::text("small")).await;
    let deployment = complete(&upstream, |options| {
        options.outbound.secrets = vec![Secret::new("sk-test-0d9b".to_owned())];
        options.scheme = Some(CredentialScheme::Bearer);
    })
    .await;
    let calls = every_call(&deployment).await;
    for (call, outcome) in &calls {
        assert!(outcome.is_ok(), "{call}: {outcome:?}");
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), calls.len());
    let keyed = |request: &Recorded| request.header("authorization") == ["Bearer sk-test-0d9b"];
    assert!(requests.iter().all(keyed), "{requests:?}");
}

#[tokio::test]
async fn every_call_tells_what_the_vendor_said() {
    let upstream = Upstream::start(|_| Reply::new(429).header("retry-after", "7")).await;
    let deployment = complete(&upstream, |_| {}).await;
    for (call, outcome) in every_call(&deployment).await {
        let error = outcome.expect_err("the vendor refuses");
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{call}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{call}");
        assert_eq!(error.http_status(), Some(429), "{call}");
    }
}

#[tokio::test]
async fn a_model_that_the_vendor_does_not_have_is_not_found() {
    let upstream = Upstream::start(|_| Reply::new(404)).await;
    let deployment = complete(&upstream, |_| {}).await;
    let error = deployment.show_model("gone", patiently()).await;
    assert_eq!(error.expect_err("it is not there").kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn every_call_ends_at_its_deadline_and_closes_its_connection() {
    let upstream = Upstream::start(|_| Reply::new(200).after(Duration::from_secs(60))).await;
    let deployment = complete(&upstream, |_| {}).await;
    let briefly = || within(Duration::from_millis(300));
    let embedded = deployment.embed(&texts(&["one"]), MODEL, briefly()).await;
    let pulled = deployment.pull_model("small", briefly()).await;
    for error in [
        embedded.map(|_| ()).expect_err("time is up"),
        pulled.map(|_| ()).expect_err("time is up"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total), "{error}");
    }
    upstream.disconnected().await;
}

#[tokio::test]
async fn an_answer_of_the_vendor_is_capped_here_too() {
    let upstream = Upstream::start(|_| Reply::text("m\n".repeat(1000))).await;
    let deployment = complete(&upstream, |options| options.limits.response = 1000).await;
    let error = deployment.list_models(patiently()).await;
    let error = error.expect_err("the answer is too large");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
    assert!(error.message().contains("larger than the limit"), "{}", error.message());
}

#[tokio::test]
async fn a_crash_in_an_optional_call_fails_that_call_only() {
    let crashing = deploy("traps_in_optional", |_| {}).await;
    for (call, outcome) in every_call(&crashing).await {
        let error = outcome.expect_err("everything optional crashes");
        assert_eq!(error.kind(), ErrorKind::ProviderTrapped, "{call}");
    }
    let answer = crashing.generate(&saying("hello"), MODEL, patiently()).await;
    assert_eq!(answer.expect("answers do not crash").text(), "well behaved");
}

// ---- vectors ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn vectors_that_do_not_fit_the_texts_are_the_providers_fault() {
    let bad = deploy("bad_vectors", |_| {}).await;
    for (how, word) in [
        ("few", "2 texts with 1 vectors"),
        ("many", "2 texts with 3 vectors"),
        ("none", "2 texts with 0 vectors"),
        ("nan", "vector 1 has a number that is not finite"),
        ("infinite", "vector 0 has a number that is not finite"),
        ("empty", "vector 0 is empty"),
        ("ragged", "differ in length"),
    ] {
        let error = embed(&bad, how).await.expect_err("nobody could use these vectors");
        assert_eq!(error.kind(), ErrorKind::UpstreamProtocol, "{how}: {error}");
        assert!(error.message().contains(word), "{how}: {}", error.message());
    }
    let good = embed(&bad, "well").await.expect("the next call must work");
    assert_eq!(good.vectors, [[1.0], [2.0]]);
}

#[tokio::test]
async fn vectors_count_as_bytes_that_cross_the_border() {
    let narrow = deploy("bad_vectors", |options| options.limits.transfer = 4 * MIB).await;
    let error = embed(&narrow, "huge").await.expect_err("eight megabytes do not pass");
    let stopped = matches!(error.kind(), ErrorKind::ProviderTrapped | ErrorKind::ResourceExhausted);
    assert!(stopped, "{error} ({:?})", error.detail());
    let wide = deploy("bad_vectors", |options| options.limits.transfer = 16 * MIB).await;
    let answer = embed(&wide, "huge").await.expect("under a wider limit they do");
    assert_eq!(answer.vectors.iter().map(Vec::len).sum::<usize>(), 2 * MIB);
}

// ---- a pull without an end ----------------------------------------------------------------------------------------

#[tokio::test]
async fn an_endless_pull_that_is_dropped_gives_its_instance_back() {
    let runtime = with_instances(1);
    let endless = deploy_in(&runtime, "never_ends_pull").await;
    let pull = endless.pull_model("small", patiently()).await;
    let mut pull = pull.expect("the pull must begin");
    for _ in 0..100 {
        let steps = pull.next().await.expect("it goes on and on");
        let [step] = steps.as_slice() else {
            panic!("a batch must arrive as it is: {steps:?}")
        };
        assert!(
            step.status.len() < 1000,
            "a status is a line, not a page: {}",
            step.status
        );
    }
    assert_eq!(runtime.free_instances(), 0, "a pull holds its instance");
    drop(pull);
    assert_eq!(runtime.free_instances(), 1, "a dropped pull must not");
}

#[tokio::test]
async fn an_endless_pull_is_ended_by_its_deadline() {
    let endless = deploy("never_ends_pull", |_| {}).await;
    let briefly = within(Duration::from_millis(200));
    let pull = endless.pull_model("small", briefly).await;
    let mut pull = pull.expect("the pull must begin");
    let error = finish(&mut pull).await.expect_err("it has no end");
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total), "{error}");
}

#[tokio::test]
async fn the_cpu_time_of_a_pull_is_counted_over_all_its_steps() {
    let endless = deploy("never_ends_pull", |options| {
        options.limits.cpu = Duration::from_millis(100);
    })
    .await;
    let error = pull(&endless, "small").await.expect_err("it has no end");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
}

// ---- interfaces that are not the contract's -----------------------------------------------------------------------

/// The guest with everything, in which two texts of the same length have changed places.
fn swapped(left: &[u8], right: &[u8]) -> Vec<u8> {
    assert_eq!(left.len(), right.len(), "a text is replaced in place");
    let mut bytes = std::fs::read(guests::path("complete")).expect("the guest must be readable");
    let (mut at, mut found) = (0, 0);
    while at + left.len() <= bytes.len() {
        let place = &mut bytes[at..at + left.len()];
        let other = if *place == *left {
            right
        } else if *place == *right {
            left
        } else {
            at += 1;
            continue;
        };
        place.copy_from_slice(other);
        at += left.len();
        found += 1;
    }
    assert!(found > 0, "the component must have one of the texts");
    bytes
}

async fn refused(content: &[u8]) -> LoadError {
    let directory = tempfile::tempdir().expect("there must be room for a file");
    let path = directory.path().join("candidate.wasm");
    std::fs::write(&path, content).expect("there must be room for a file");
    shared().load(&path).await.expect_err("this file must be refused")
}

fn says(error: &LoadError, words: &[&str]) {
    let text = format!("{error}; {}", error.problem.remedy());
    for word in words {
        assert!(text.contains(word), "the error must say `{word}`: {text}");
    }
}

#[tokio::test]
async fn an_optional_interface_of_another_version_is_refused_with_both_versions() {
    let newer = swapped(b"wharf:provider/tokens@0.1.0", b"wharf:provider/tokens@0.3.0");
    let error = refused(&newer).await;
    says(
        &error,
        &["`tokens`", "wharf:provider@0.3.0", "0.1.0", "upgrade the host"],
    );
    assert!(matches!(error.problem, LoadProblem::NotAProvider(_)), "{error:?}");
}

#[tokio::test]
async fn an_optional_interface_without_its_functions_is_refused_with_the_missing_one() {
    let crossed = swapped(b"wharf:provider/tokens@0.1.0", b"wharf:provider/models@0.1.0");
    let error = refused(&crossed).await;
    says(&error, &["`tokens`", "`count`", "0.1.0", "rebuild the provider"]);
    assert!(matches!(error.problem, LoadProblem::Link(_)), "{error:?}");
}

/// In the binary format a name that is exported is a zero, its length, and the name; its type follows.
#[tokio::test]
async fn an_optional_interface_with_functions_of_other_types_is_refused() {
    let crossed = swapped(b"\0\x04show", b"\0\x04pull");
    let error = refused(&crossed).await;
    says(&error, &["`models`", "type", "rebuild the provider"]);
    assert!(matches!(error.problem, LoadProblem::Link(_)), "{error:?}");
}
