"""What is answered when everything has failed: another route, the last good answer, a text. Always marked."""

import harness
import pytest
from harness import ask, failure, finish_reasons, openai_deployment, route, text_of, until, user

TEXT = "Nobody is at the pier. Please come back later."
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

#: Each route asks a deployment that fails, and has one thing or another in reserve.
ROUTES = {
    "text": route(("a", "mock-status-500"), degraded={"text": TEXT}),
    "cheaper": route(("a", "mock-status-500"), degraded={"route": "gpt-4-mini", "text": TEXT}),
    "cheaper-fails": route(("a", "mock-status-500"), degraded={"route": "mock-status-503", "text": TEXT}),
    "mistaken": route(("a", "mock-status-400"), degraded={"text": TEXT}),
    "impatient": route(("a", "mock-hang"), degraded={"text": TEXT}),
    "fine": route(("b", "gpt-4-mini"), degraded={"text": TEXT}),
}
#: A route that keeps its answers, and has the text for when it has none.
REMEMBERS = {"chat": route(("a", "gpt-4"), degraded={"last_answer": {}, "text": TEXT})}


@pytest.fixture(scope="module")
def host(mock, tmp_path_factory):
    config = harness.config(
        openai_deployment("a", mock, ["mock-status-500", "mock-status-503", "mock-status-400", "mock-hang"]),
        openai_deployment("b", mock, ["gpt-4-mini"]),
        retry="{max_attempts: 2, base_delay: 10ms, max_delay: 50ms}",
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
        routes=ROUTES,
    )
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as process:
        yield process


@pytest.fixture(scope="module")
def client(host):
    with host.client() as client:
        yield client


def told(answer, stream):
    """The text of an answer that must be complete."""
    parsed = answer.parse()
    if stream:
        chunks = list(parsed)
        assert finish_reasons(chunks) == ["stop"]
        assert chunks[0].choices[0].delta.role == "assistant"
        assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id
        return text_of(chunks)
    assert parsed.choices[0].finish_reason == "stop"
    assert parsed.id
    return parsed.choices[0].message.content


@FORMS
def test_a_text_is_answered_when_everything_fails(host, client, stream):
    before = host.counts("text")
    answer = ask(client, "text", stream=stream)
    assert told(answer, stream) == TEXT
    assert answer.headers["x-wharf-degraded"] == "text"
    assert answer.headers["x-wharf-attempts"] == "2"
    assert "x-wharf-deployment" not in answer.headers, "no deployment has said this"
    assert "age" not in answer.headers
    after = host.counts("text")
    assert after["degraded"] - before["degraded"] == 1
    assert after["failed"] - before["failed"] == 1, "a degraded answer is no success"


def test_a_degraded_stream_ends_as_every_stream_does(client):
    with client.chat.completions.with_streaming_response.create(
        model="text", messages=user("raw"), stream=True
    ) as answer:
        body = answer.read().decode()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-wharf-degraded"] == "text"
    events = [event for event in body.split("\n\n") if event]
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]" and events.count("data: [DONE]") == 1


@FORMS
def test_another_route_answers_before_the_text_does(host, client, stream):
    answer = ask(client, "cheaper", "a penny's worth", stream=stream)
    assert told(answer, stream) == "You said: a penny's worth"
    assert answer.headers["x-wharf-degraded"] == "route=gpt-4-mini"
    assert answer.headers["x-wharf-deployment"] == "b"
    assert answer.headers["x-wharf-attempts"] == "3"


@FORMS
def test_the_text_is_left_when_the_other_route_fails_too(client, stream):
    answer = ask(client, "cheaper-fails", stream=stream)
    assert told(answer, stream) == TEXT
    assert answer.headers["x-wharf-degraded"] == "text"
    assert "x-wharf-deployment" not in answer.headers


@FORMS
def test_a_mistake_of_the_caller_is_not_covered_up(client, stream):
    error = failure(client, "mistaken", stream=stream)
    assert error.status_code == 400
    assert "x-wharf-degraded" not in error.response.headers


@FORMS
def test_a_caller_in_a_hurry_gets_its_own_limit_and_no_text(client, stream):
    error = failure(client, "impatient", stream=stream, extra_headers={"x-wharf-timeout": "300ms"})
    assert (error.status_code, error.body["phase"]) == (504, "request")


@FORMS
def test_an_answer_that_is_not_degraded_is_not_marked(client, stream):
    answer = ask(client, "fine", stream=stream)
    assert told(answer, stream) == "You said: hello"
    assert "x-wharf-degraded" not in answer.headers


@pytest.mark.parametrize(
    ("model", "text", "degraded", "deployment"),
    [
        ("text", TEXT, {"kind": "text"}, None),
        ("cheaper", "You said: hello", {"kind": "route", "route": "gpt-4-mini"}, "b"),
        ("fine", "You said: hello", None, "b"),
    ],
)
def test_the_native_api_says_it_in_its_metadata(host, model, text, degraded, deployment):
    answer = host.post("/v1/generate", json={"prompt": "hello", "model": model}).raise_for_status()
    metadata = answer.json()["metadata"]
    assert answer.json()["text"] == text
    assert metadata.get("degraded") == degraded
    assert metadata.get("deployment") == deployment
    assert str(metadata["attempts"]) == answer.headers["x-wharf-attempts"]


def test_the_last_good_answer_is_given_to_the_same_request(start_mock, start_wharf):
    upstream = start_mock("upstream")
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
        routes=REMEMBERS,
    )
    forms = [False, True]
    with host.client() as client:
        good = [told(ask(client, "chat", "remember me", stream=stream), stream) for stream in forms]
        assert good == ["You said: remember me"] * 2
        native = host.post("/v1/generate", json={"prompt": "remember me", "model": "chat"}).raise_for_status()
        assert "degraded" not in native.json()["metadata"]
        upstream.stop()

        for stream in forms:
            answer = ask(client, "chat", "remember me", stream=stream)
            assert told(answer, stream) == "You said: remember me"
            assert answer.headers["x-wharf-degraded"] == "last_answer"
            assert 0 <= int(answer.headers["age"]) < 60
            assert "x-wharf-deployment" not in answer.headers
            assert int(answer.headers["x-wharf-attempts"]) == 3, "the deployment was asked first"

            other = ask(client, "chat", "and me?", stream=stream)
            assert told(other, stream) == TEXT, "another request has no answer of its own to be given"
            assert other.headers["x-wharf-degraded"] == "text"

            warmer = ask(client, "chat", "remember me", stream=stream, temperature=1.5)
            assert told(warmer, stream) == TEXT, "a request with another setting is another request"

        native = host.post("/v1/generate", json={"prompt": "remember me", "model": "chat"}).raise_for_status()
    degraded = native.json()["metadata"]["degraded"]
    assert degraded["kind"] == "last_answer" and 0 <= degraded["age_seconds"] < 60
    assert native.json()["text"] == "You said: remember me"
    assert native.headers["x-wharf-degraded"] == "last_answer"


def test_a_stream_that_broke_off_is_not_given_again(start_mock, start_wharf):
    upstream = start_mock("upstream", "--error-after", "2")
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        retry=harness.ONE_ATTEMPT,
        routes=REMEMBERS,
    )
    words = "one two three four five six seven eight"
    with host.client() as client:
        received, _ = harness.streamed_failure(client, "chat", words)
        assert text_of(received)
        until("the broken stream is counted", lambda: host.counts("chat")["failed"] == 1)
        upstream.stop()
        answer = ask(client, "chat", words, stream=True)
        assert told(answer, True) == TEXT
        assert answer.headers["x-wharf-degraded"] == "text"
