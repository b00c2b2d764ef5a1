"""What goes wrong, as the official SDK's exceptions: the right type, code and advice, and nothing it must not tell."""

import http.client
import json
from urllib.parse import urlsplit

import harness
import openai
import pytest
from harness import CLIENT_KEY, RESET, UPSTREAM_KEY, user

#: model → what the client is told: exception, status, `code` (None: any)
FAILURES = {
    "mock-status-400": (openai.BadRequestError, 400, None),
    "mock-status-401": (openai.InternalServerError, 502, "upstream_credential_refused"),
    "mock-status-403": (openai.InternalServerError, 502, "upstream_credential_refused"),
    "mock-status-404": (openai.NotFoundError, 404, "model_not_found"),
    "mock-status-429": (openai.RateLimitError, 429, None),
    "mock-status-500": (openai.InternalServerError, 502, None),
    "mock-status-502": (openai.InternalServerError, 502, None),
    "mock-status-503": (openai.InternalServerError, 503, None),
    "mock-status-529": (openai.InternalServerError, 503, None),
    "mock-context-length": (openai.BadRequestError, 400, "context_length_exceeded"),
    "mock-content-filter": (openai.BadRequestError, 400, "content_filter"),
    "mock-quota": (openai.RateLimitError, 429, "insufficient_quota"),
    "mock-garbage": (openai.InternalServerError, 502, None),
    "mock-slow-10000": (openai.InternalServerError, 504, None),
    "bad-key-model": (openai.InternalServerError, 502, "upstream_credential_refused"),
}


@pytest.fixture(autouse=True)
def usable_keys(wharf):
    """Forgets what the tests before have ordered: a refused key is not used again by itself, a limited one rests."""
    wharf.admin_post(RESET, {"keys": True})


def failure(client, model, stream=False):
    return harness.failure(client, model, "fail", stream=stream)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", FAILURES)
def test_a_failure_has_its_type_status_and_code(client, model, stream):
    kind, status, code = FAILURES[model]
    error = failure(client, model, stream)
    assert (type(error), error.status_code) == (kind, status)
    assert code in (None, error.code)
    assert error.request_id
    shape = {"message", "type", "param", "code", "attempts"} | ({"phase"} if status == 504 else set())
    assert set(error.body) == shape, "OpenAI's shape, who said no, and which limit a timeout was"
    assert error.response.headers["x-wharf-attempts"] == "1"
    assert [attempt["deployment"] for attempt in error.body["attempts"]] == [
        "badkey" if model == "bad-key-model" else error.response.headers["x-wharf-deployment"]
    ]
    assert error.body["message"] and error.body["type"]


@pytest.mark.parametrize("model", FAILURES)
def test_a_failure_tells_no_key_and_no_upstream_address(client, mock, model):
    error = failure(client, model)
    told = error.response.text + str(error.response.headers)
    for secret in (UPSTREAM_KEY, CLIENT_KEY, "sk-wrong", urlsplit(mock.url).netloc):
        assert secret not in told


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_unknown_model_names_the_known_ones(client, stream):
    error = failure(client, "gpt-4-turbo-typo", stream)
    assert isinstance(error, openai.NotFoundError)
    assert error.code == "model_not_found"
    for words in ("gpt-4-turbo-typo", "gpt-4", "echo"):
        assert words in error.message
    assert error.request_id


def test_a_rate_limit_says_when_to_come_back(client):
    error = failure(client, "mock-status-429")
    assert float(error.response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b'{"model": "gpt-4", "messages": [', b"\xff\xfe", b'{"model": 4, "messages": []}'],
    ids=["empty", "cut", "list", "string", "cut deep", "not utf-8", "wrong type"],
)
def test_a_malformed_body_is_refused(wharf, body):
    answer = wharf.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("missing", ["messages", "model"])
def test_a_missing_field_is_named(wharf, missing):
    body = {"model": "gpt-4", "messages": user("hello")}
    del body[missing]
    answer = wharf.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == missing
    assert missing in answer.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(wharf):
    connection = http.client.HTTPConnection(urlsplit(wharf.url).netloc, timeout=10)
    try:
        connection.putrequest("POST", "/v1/chat/completions")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(1 << 40))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["error"]["message"]
    finally:
        connection.close()


def test_failures_leave_the_host_working(client):
    for model in ("mock-garbage", "mock-status-500", "bad-key-model"):
        failure(client, model)
    answer = client.chat.completions.create(model="gpt-4", messages=user("still there?"))
    assert answer.choices[0].message.content == "You said: still there?"
