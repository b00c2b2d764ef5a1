"""Who cannot do what a request needs is not asked; and a caller may do without."""

import base64

import harness
import openai
import pytest
from harness import openai_deployment, until, user
from test_chat import PIXEL

SCHEMA = {"name": "answer", "schema": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(PIXEL).decode()}}
LOOK = [{"role": "user", "content": [{"type": "text", "text": "look"}, IMAGE]}]
ECHO = {"mock_echo": True}
DROP = {"drop_unsupported": True}

#: A model that can do nothing but answer, in a few words.
PLAIN = (
    '{"*": {images: false, tools: false, json_schema: false, thinking: false, '
    "context_tokens: 1000, max_output_tokens: 100}}"
)


def plain(name, mock):
    return openai_deployment(name, mock, ["gpt-4"], settings=f"{{capabilities: {PLAIN}}}")


def known(host, deployment):
    """Waits until the host knows what the deployment's model cannot do: it asks in the background."""

    def is_known():
        with host.client() as client:
            try:
                client.chat.completions.create(model=f"{deployment}/gpt-4", messages=LOOK)
            except openai.BadRequestError as error:
                return error.code == "unsupported"
        return False

    until(f"{deployment} is known to take no pictures", is_known)


@pytest.fixture
def mixed(start_mock, start_wharf):
    mock = start_mock("upstream")
    host = start_wharf(plain("plain", mock), openai_deployment("full", mock, ["gpt-4"]))
    known(host, "plain")
    return host


@pytest.fixture
def alone(start_mock, start_wharf):
    host = start_wharf(plain("plain", start_mock("upstream")))
    known(host, "plain")
    return host


def served(client, **request):
    answer = client.chat.completions.with_raw_response.create(**({"model": "gpt-4", "messages": user("hi")} | request))
    return answer.headers["x-wharf-deployment"]


NEEDS = [
    {"messages": LOOK},
    {"tools": [TOOL]},
    {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
    {"reasoning_effort": "high"},
    {"max_completion_tokens": 101},
    {"messages": user("x" * 13000)},
]


@pytest.mark.parametrize("needs", NEEDS, ids=["image", "tools", "schema", "thinking", "output", "context"])
def test_a_request_goes_to_who_can_serve_it(mixed, needs):
    with mixed.client() as client:
        assert {served(client, **needs) for _ in range(10)} == {"full"}
        assert {served(client) for _ in range(10)} == {"full", "plain"}, "for anything else there are two"


@pytest.mark.parametrize(
    ("needs", "field"),
    zip(NEEDS, ["messages", "tools", "response_format", "reasoning_effort", "max_completion_tokens", "messages"], strict=True),
)
def test_when_nobody_can_the_error_names_field_and_deployment(alone, needs, field):
    with alone.client() as client, pytest.raises(openai.BadRequestError) as caught:
        served(client, **needs)
    assert caught.value.param == field
    assert "`plain`" in caught.value.body["message"]
    assert caught.value.code == ("context_length_exceeded" if needs == NEEDS[-1] else "unsupported")


def test_a_caller_may_do_without(alone):
    wants = {
        "tools": [TOOL],
        "tool_choice": "required",
        "reasoning_effort": "high",
        "max_completion_tokens": 5000,
        "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    }
    with alone.client() as client:
        answer = client.chat.completions.create(
            model="gpt-4", messages=user("hi"), extra_body=DROP | ECHO, **wants
        )
    assert answer.choices[0].message.content == '{"ok":true}', "the emulator's idea of some JSON"
    sent = answer.model_extra["mock_request"]
    assert not {"tools", "tool_choice", "reasoning_effort", "drop_unsupported"} & set(sent)
    assert sent["response_format"] == {"type": "json_object"}, "some JSON is the nearest to a schema"
    assert sent["max_tokens"] == 100, "as long as it can answer"


def test_contents_are_never_left_out(alone):
    with alone.client() as client, pytest.raises(openai.BadRequestError) as caught:
        served(client, messages=LOOK, extra_body=DROP)
    assert caught.value.param == "messages"


def test_what_only_the_provider_knows_it_cannot_do_is_left_out_too(start_mock, start_wharf):
    mock = start_mock("upstream")
    host = start_wharf(harness.deployment("ollama", "ollama", mock, ["qwen3:8b"]))
    wants = {"model": "qwen3:8b", "messages": user("hi"), "tools": [TOOL], "tool_choice": "required", "n": 2}
    with host.client() as client:
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(**wants)
        assert caught.value.param in ("tool_choice", "n")
        answer = client.chat.completions.create(**wants, extra_body=DROP)
        assert answer.choices[0].finish_reason in ("stop", "tool_calls")
        for wrong in ("yes", 1):
            with pytest.raises(openai.BadRequestError) as caught:
                client.chat.completions.create(**wants, extra_body={"drop_unsupported": wrong})
            assert caught.value.param == "drop_unsupported"


@pytest.mark.parametrize("component", ["anthropic", "gemini", "ollama"])
def test_names_of_speakers_are_refused_unless_the_caller_may_do_without(start_mock, start_wharf, component):
    """None of these vendors has a place for them, and a model that does not see them answers something else."""
    host = start_wharf(harness.deployment(component, component, start_mock("upstream"), ["m"]))
    said = [{"role": "user", "name": "ada", "content": "hello"}]
    with host.client() as client:
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="m", messages=said)
        assert (caught.value.param, caught.value.code) == ("messages[0].name", "unsupported")
        answer = client.chat.completions.create(model="m", messages=said, extra_body=DROP)
        assert answer.choices[0].message.content == "You said: hello"


def test_who_has_no_embeddings_is_not_asked_for_them(start_mock, start_wharf):
    mock = start_mock("upstream")
    host = start_wharf(
        harness.deployment("anthropic", "anthropic", mock, ["m"]), harness.deployment("openai", "openai", mock, ["m"])
    )
    with host.client() as client:
        for _ in range(4):
            raw = client.embeddings.with_raw_response.create(model="m", input="hello")
            assert raw.headers["x-wharf-deployment"] == "openai"


def test_an_option_of_embeddings_is_refused_by_name_or_left_out(start_mock, start_wharf):
    mock = start_mock("upstream")
    host = start_wharf(harness.deployment("ollama", "ollama", mock, ["embed-small"]))
    with host.client() as client:
        wants = {"model": "embed-small", "input": "hello"}
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(**wants, extra_body={"pooling": "mean"})
        assert caught.value.param == "pooling"
        assert client.embeddings.create(**wants, extra_body={"pooling": "mean"} | DROP).data
