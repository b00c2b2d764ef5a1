"""Time limits: each one ends what it is for, has its name in the error, and is nobody else's fault."""

import socket

import harness
import pytest
from harness import ask, failure, finish_reasons, openai_deployment, streamed_failure, text_of

#: Models of the patient deployment: they answer at once, never, or in drops.
MODELS = ["gpt-4", "mock-hang", "mock-drip-50", "mock-drip-1000", "mock-slow-500", "mock-slow-20000"]

#: What an operator may limit: setting → model, whether it is streamed, the phase that the error names.
LIMITS = {
    "timeout": ("mock-hang", False, "total"),
    "first_token_timeout": ("mock-hang", True, "first_token"),
    "idle_timeout": ("mock-drip-20000", True, "idle"),
}

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


class FullHouse:
    """A listener that takes nobody in and whose queue is full: a connection to it neither stands nor fails."""

    def __init__(self):
        self._waiting = []
        self._door = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.url = "http://127.0.0.1:%d" % self._door.getsockname()[1]
        for _ in range(16):
            guest = socket.socket()
            guest.settimeout(0.5)
            self._waiting.append(guest)
            try:
                guest.connect(self._door.getsockname())
            except TimeoutError:
                return
        self.close()
        raise AssertionError("the queue of the listener takes everybody")

    def close(self):
        for each in (self._door, *self._waiting):
            each.close()


@pytest.fixture(scope="module")
def full_house():
    house = FullHouse()
    yield house
    house.close()


@pytest.fixture(scope="module")
def host(mock, full_house, tmp_path_factory):
    """The breaker has its usual settings: the tests below must not trip one by accident."""
    limited = [
        openai_deployment(f"limits-{limit}", mock, [model], **{limit: "400ms"}) for limit, (model, *_) in LIMITS.items()
    ]
    config = harness.config(
        openai_deployment("patient", mock, MODELS),
        *limited,
        openai_deployment("full", full_house, ["nobody"], connect_timeout="400ms", health_check="false"),
        openai_deployment("endless", full_house, ["nobody-ever"], connect_timeout="60s", health_check="false"),
        openai_deployment("begins", mock, ["mock-slow-600"], first_token_timeout="200ms"),
        retry=harness.ONE_ATTEMPT,
    )
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as process:
        yield process


@pytest.fixture(scope="module")
def client(host):
    with host.client() as client:
        yield client


def limit(text):
    return {"extra_headers": {"x-wharf-timeout": text}}


def assert_timeout(error, phase, deployment):
    assert (error.status_code, error.code, error.type) == (504, "timeout", "timeout_error")
    assert error.body["phase"] == phase
    assert f"({phase}: " in error.body["message"], "the message tells it to people"
    assert [(attempt["deployment"], attempt["kind"]) for attempt in error.body["attempts"]] == [(deployment, "timeout")]


@FORMS
def test_the_callers_limit_ends_a_request_and_is_nobodys_fault(host, client, stream):
    for _ in range(10):
        error = failure(client, "patient/mock-hang", stream=stream, **limit("150ms"))
        assert_timeout(error, "request", "patient")
        assert "x-wharf-timeout" in error.body["message"]
    target = host.target("patient", "mock-hang")
    assert target["breaker"]["state"] == "closed"
    assert (target["breaker"]["consecutive_failures"], target["breaker"]["window_failures"]) == (0, 0)
    assert target["in_flight"] == 0


def test_the_callers_limit_covers_retries_and_waits(mock, start_wharf):
    retry = "{max_attempts: 5, base_delay: 20s, max_delay: 20s, jitter: false}"
    host = start_wharf(openai_deployment("a", mock, ["mock-status-500"]), retry=retry)
    with host.client() as client:
        error = failure(client, "mock-status-500", **limit("2s"))
    assert error.code == "upstream_unavailable", "there is no time for the next attempt: the last error is the answer"
    assert len(error.body["attempts"]) == 1


def test_the_callers_limit_ends_a_running_stream_with_an_error_event(client):
    received, error = streamed_failure(client, "mock-drip-50", **limit("700ms"))
    assert error.body["phase"] == "request"
    assert "drip " in text_of(received)
    assert finish_reasons(received) == []


def test_a_first_token_limit_of_the_caller_is_for_streams(client):
    error = failure(client, "mock-slow-20000", stream=True, **limit("total=15s, first_token=300ms"))
    assert_timeout(error, "first_token", "patient")
    answer = ask(client, "mock-slow-500", "slowly", **limit("total=15s, first_token=300ms"))
    assert answer.parse().choices[0].message.content == "You said: slowly"


def test_a_gap_longer_than_the_caller_wants_ends_the_stream(client):
    received, error = streamed_failure(client, "mock-drip-1000", **limit("idle=300ms"))
    assert (error.code, error.body["phase"]) == ("timeout", "idle")
    assert text_of(received).strip() == "drip", "the first content came before the gap"
    assert finish_reasons(received) == []


@pytest.mark.parametrize("setting", LIMITS)
def test_every_limit_of_a_deployment_has_its_name_in_the_error(host, client, setting):
    model, stream, phase = LIMITS[setting]
    name = f"limits-{setting}"
    assert_timeout(failure(client, f"{name}/{model}", stream=stream), phase, name)
    breaker = host.target(name, model)["breaker"]
    assert breaker["window_failures"] == 1, "a deployment that is late counts as failed"


@FORMS
def test_a_connection_that_does_not_come_about_has_a_limit_of_its_own(client, stream):
    assert_timeout(failure(client, "nobody", stream=stream), "connect", "full")
    assert_timeout(failure(client, "nobody-ever", stream=stream, **limit("connect=400ms")), "connect", "endless")


def test_the_limit_for_the_first_token_leaves_whole_answers_alone(client):
    answer = ask(client, "mock-slow-600", "no hurry")
    assert answer.parse().choices[0].message.content == "You said: no hurry"
    assert_timeout(failure(client, "mock-slow-600", stream=True), "first_token", "begins")


@pytest.mark.parametrize("text", ["soon", "30 s", "0", "2h", "total=30s, total=20s", "deadline=30s", "30s,"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/generate"])
def test_a_limit_that_is_not_understood_is_refused(host, mock, path, text):
    before = mock.stats()["requests"]
    body = {"model": "gpt-4"} | ({"prompt": "hello"} if path == "/v1/generate" else {"messages": harness.user("hello")})
    answer = host.post(path, json=body, headers={"x-wharf-timeout": text})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "x-wharf-timeout"
    assert "first_token=5s" in answer.json()["error"]["message"], "it says what to write"
    assert mock.stats()["requests"] == before


@pytest.mark.parametrize("text", ["30s", "30", "0.5m", "total=30s, first_token=5s, idle=2s, connect=1s"])
def test_a_limit_that_is_not_reached_changes_nothing(host, text):
    sent = {"prompt": "hello", "model": "gpt-4"}
    answer = host.post("/v1/generate", json=sent, headers={"x-wharf-timeout": text})
    assert answer.raise_for_status().json()["text"] == "You said: hello"
