"""Servers that speak OpenAI's dialect loosely, behind every front door: whole answers stay whole."""

import json

import harness
import pytest
from doors import CONVERSING, DOORS, Refused

#: One quirk each, and those that a server is likely to have together. Without a finish reason it is the end mark that
#: tells a whole stream from a broken one, so these two are not left out at once here.
QUIRKS = [
    "no-usage",
    "no-ids",
    "no-finish",
    "no-done",
    "tight-data",
    "extra-fields",
    "empty-finish",
    "tight-data+no-done",
    "no-usage+no-ids+extra-fields",
    "no-usage+no-ids+no-finish+extra-fields+tight-data",
    "no-usage+no-ids+no-done+extra-fields+tight-data",
]
EVERY_QUIRK = pytest.mark.parametrize("quirk", QUIRKS)
EVERY_DOOR = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
STREAMING_DOOR = pytest.mark.parametrize("door", CONVERSING, ids=lambda door: door.name)
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

BROKEN = ["mock-error-event", "mock-cut", "mock-quirks-no-finish+no-done"]

TOOLS = [
    {
        "name": name,
        "description": f"{name} at a place",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
            "additionalProperties": False,
        },
    }
    for name in ("depth", "tide")
]


def ordered(quirk):
    return f"mock-quirks-{quirk}"


@pytest.fixture(scope="module")
def host(mock, tmp_path_factory):
    models = [*map(ordered, QUIRKS), ordered("plain-vectors"), *BROKEN, "mock-garbage", "mock-html-502"]
    config = harness.config(
        harness.openai_deployment("local", mock, models),
        harness.openai_deployment("strict", mock, ["strict"], settings="{stream_usage: false}"),
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
    )
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as process:
        yield process


@EVERY_QUIRK
@EVERY_DOOR
def test_a_whole_answer_is_understood(host, door, quirk):
    said = door.ask(host, ordered(quirk), door.user("hello there"))
    assert (said.text, said.finish) == ("You said: hello there", door.done)
    assert (said.tokens == door.uncounted) == ("no-usage" in quirk), "nothing is counted that the server did not count"


@EVERY_QUIRK
@STREAMING_DOOR
def test_a_streamed_answer_is_whole(host, door, quirk):
    said = door.ask(host, ordered(quirk), door.user("hello there"), stream=True)
    assert (said.text, said.finish) == ("You said: hello there", door.done)
    assert (said.tokens == door.uncounted) == ("no-usage" in quirk), "nothing is counted that the server did not count"


@FORMS
@EVERY_QUIRK
@STREAMING_DOOR
def test_tools_are_called_and_answered(host, door, quirk, stream):
    begun = door.user("what now?")
    asked = door.ask(host, ordered(quirk), begun, stream=stream, tools=TOOLS)
    assert asked.finish == door.called
    assert [(call.name, call.arguments) for call in asked.calls] == [
        ("depth", {"place": "mock"}),
        ("tide", {"place": "mock"}),
    ]
    first, second = asked.calls
    assert first.id and second.id and first.id != second.id
    history = [*begun, *asked.history, *door.result(first, "deep"), *door.result(second, "high")]
    said = door.ask(host, ordered(quirk), history, stream=stream, tools=TOOLS)
    assert said.text == "The tool said: high"


@EVERY_QUIRK
@STREAMING_DOOR
def test_thoughts_and_schemas_survive(host, door, quirk):
    schema = TOOLS[0]["parameters"]
    said = door.ask(host, ordered(quirk), door.user("think"), stream=True, thinks=True, schema=schema)
    assert said.thoughts and json.loads(said.text) == {"place": "mock"}


@pytest.mark.parametrize("model", BROKEN)
@STREAMING_DOOR
def test_an_error_inside_a_stream_or_its_early_end_is_no_answer(host, door, model):
    with pytest.raises(Refused) as caught:
        door.ask(host, model, door.user("hello there"), stream=True)
    refusal = caught.value
    assert refusal.status == 200 and refusal.code in ("upstream_unavailable", "upstream_protocol")
    assert refusal.before and "You said: hello there".startswith(refusal.before)


@EVERY_DOOR
def test_an_answer_that_is_no_json_is_a_failure_of_the_server(host, door):
    for stream in (False, True) if door in CONVERSING else (False,):
        with pytest.raises(Refused) as caught:
            door.ask(host, "mock-garbage", door.user("hello"), stream=stream)
        assert (caught.value.status, caught.value.code) == (502, "upstream_protocol")
        with pytest.raises(Refused) as caught:
            door.ask(host, "mock-html-502", door.user("hello"), stream=stream)
        assert (caught.value.status, caught.value.code) == (502, "upstream_unavailable")


def test_fields_that_nobody_knows_reach_a_client_of_the_same_dialect(host):
    body = {"model": ordered("extra-fields"), "messages": [{"role": "user", "content": "hello"}]}
    answer = host.post("/v1/chat/completions", json=body).raise_for_status().json()
    assert answer["x_vendor"] == {"region": "mock-1", "cache": None, "tags": ["a", 1]}
    (choice,) = answer["choices"]
    assert choice["content_filter_results"] and choice["message"]["x_note"] == "extra"


def test_vectors_come_in_the_form_that_was_asked_for_whatever_the_server_sends(host):
    def asked(**options):
        body = {"model": ordered("plain-vectors"), "input": "hello"} | options
        return host.post("/v1/embeddings", json=body).raise_for_status().json()["data"][0]["embedding"]

    assert isinstance(asked(), list)
    assert isinstance(asked(encoding_format="base64"), str)


def test_a_server_that_refuses_stream_options_is_not_sent_any(host):
    body = {"model": "strict", "messages": [{"role": "user", "content": "hello"}], "stream": True, "mock_echo": True}
    answer = host.post("/v1/chat/completions", json=body).raise_for_status()
    chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    upstream = next(chunk["mock_request"] for chunk in chunks if "mock_request" in chunk)
    assert upstream["stream"] is True and "stream_options" not in upstream
