"""The official `ollama` package against the emulator itself: what it understands has Ollama's shape."""

import base64

import ollama
import pytest
from harness import PATIENCE, UPSTREAM_KEY, Mock, user
from pydantic import BaseModel
from test_chat import PIXEL
from vendors import THOUGHTS

MODEL = "qwen3:8b"

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}


class City(BaseModel):
    name: str
    population: int


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """An emulator of its own: models come and go here."""
    with Mock(tmp_path_factory.mktemp("shelf"), "--models", f"{MODEL},nomic-embed-text") as process:
        yield process


@pytest.fixture(scope="module")
def client(shelf):
    with ollama.Client(host=shelf.url, timeout=PATIENCE, trust_env=False, verify=False) as client:
        yield client


def names(client):
    return {each.model for each in client.list().models}


def test_models_are_listed_with_size_digest_and_date(client):
    listed = {each.model: each for each in client.list().models}
    assert {MODEL, "nomic-embed-text:latest"} <= set(listed)
    found = listed[MODEL]
    assert found.size > 0 and len(found.digest) == 64 and found.modified_at.year == 2023
    assert found.details.format == "gguf" and found.details.quantization_level


def test_a_model_is_shown_with_its_capabilities_and_metadata(client):
    shown = client.show(MODEL)
    assert {"completion", "tools", "vision", "thinking"} <= set(shown.capabilities)
    architecture = shown.modelinfo["general.architecture"]
    assert shown.modelinfo[f"{architecture}.context_length"] == 8192
    assert shown.template and shown.details.family
    assert client.show("nomic-embed-text").capabilities == ["embedding"]


def test_a_pull_tells_its_progress_layer_by_layer(client):
    steps = list(client.pull("llama3.2:1b", stream=True))
    assert (steps[0].status, steps[-1].status) == ("pulling manifest", "success")
    layers = {}
    for step in steps:
        if step.digest:
            assert step.digest.startswith("sha256:") and step.total
            layers.setdefault(step.digest, []).append(step.completed or 0)
    assert len(layers) > 1
    assert all(done == sorted(done) and done[0] == 0 for done in layers.values())
    assert "llama3.2:1b" in names(client)
    client.delete("llama3.2:1b")


def test_a_pull_of_what_the_library_does_not_have_fails_inside_the_stream(client):
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(client.pull("mock-status-404", stream=True))


def test_a_deleted_model_is_gone_until_it_is_pulled_again(client):
    assert client.pull("small").status == "success"
    assert "small:latest" in names(client)
    assert client.delete("small").status == "success"
    assert "small:latest" not in names(client)
    for ask in (client.show, client.delete):
        with pytest.raises(ollama.ResponseError) as caught:
            ask("small")
        assert (caught.value.status_code, "'small' not found" in caught.value.error) == (404, True)
    client.pull("small")
    assert client.show("small").modelinfo


def test_a_model_is_in_memory_after_it_was_asked_and_until_it_is_unloaded(client):
    client.chat(MODEL, user("hello"), keep_alive="5m")
    (running,) = [each for each in client.ps().models if each.model == MODEL]
    assert running.size_vram > 0 and running.expires_at
    client.chat(MODEL, [], keep_alive="0s")
    assert MODEL not in {each.model for each in client.ps().models}


def test_a_chat_is_answered_with_durations_and_counts(client):
    answer = client.chat(MODEL, user("hello there"))
    assert (answer.message.role, answer.message.content) == ("assistant", "You said: hello there")
    assert (answer.done, answer.done_reason, answer.model) == (True, "stop", MODEL)
    assert (answer.prompt_eval_count, answer.eval_count) == (2, 4)
    assert min(answer.total_duration, answer.load_duration, answer.prompt_eval_duration, answer.eval_duration) > 0


def test_a_chat_is_streamed_line_by_line(client):
    parts = list(client.chat(MODEL, user("hello there"), stream=True))
    assert len(parts) > 2
    assert "".join(part.message.content for part in parts) == "You said: hello there"
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == 4 and parts[0].eval_count is None


def test_tools_are_called_with_objects_and_without_identifiers(client):
    message = client.chat(MODEL, user("what now?"), tools=[WEATHER]).message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "mock", "days": 1})
    result = {"role": "tool", "tool_name": "get_weather", "content": "sunny"}
    answer = client.chat(MODEL, [*user("what now?"), message, result], tools=[WEATHER])
    assert answer.message.content == "The tool said: sunny"


def test_thoughts_come_before_the_answer_when_they_are_asked_for(client):
    message = client.chat(MODEL, user("hello"), think=True).message
    assert (message.thinking, message.content) == (THOUGHTS, "You said: hello")
    parts = [part.message for part in client.chat(MODEL, user("hello"), think="low", stream=True)]
    assert "".join(part.thinking or "" for part in parts) == THOUGHTS
    assert not client.chat(MODEL, user("hello"), think=False).message.thinking


def test_a_schema_is_honoured(client):
    answer = client.chat(MODEL, user("a city"), format=City.model_json_schema())
    assert City.model_validate_json(answer.message.content) == City(name="mock", population=1)


def test_images_are_counted(client):
    message = user("what is it?")[0] | {"images": [base64.b64encode(PIXEL).decode()]}
    answer = client.chat(MODEL, [message])
    expected = f"I see 1 image(s) of {len(PIXEL)} bytes. Types: image/png. You said: what is it?"
    assert answer.message.content == expected


def test_texts_are_embedded(client):
    answer = client.embed("nomic-embed-text", ["hello there", "boats"])
    assert [len(vector) for vector in answer.embeddings] == [8, 8]
    (alone,) = client.embed("nomic-embed-text", "boats").embeddings
    assert answer.embeddings[1] == alone
    assert answer.prompt_eval_count == 3
    assert [len(vector) for vector in client.embed("nomic-embed-text", "a", dimensions=5).embeddings] == [5]


@pytest.mark.parametrize(
    ("model", "status"), [("mock-status-429", 429), ("mock-status-503", 503), ("mock-context-length", 400)]
)
def test_an_error_is_a_status_and_a_sentence(client, model, status):
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model, user("hello"))
    assert caught.value.status_code == status and caught.value.error


def test_an_error_in_a_stream_is_a_line_of_it(client):
    said = []
    with pytest.raises(ollama.ResponseError) as caught:
        for part in client.chat("mock-error-event", user("hello there"), stream=True):
            said.append(part.message.content)
    assert said and "unexpected EOF" in caught.value.error


def test_a_wrong_key_is_refused_though_none_is_needed(shelf):
    def ask(key):
        headers = {"authorization": f"Bearer {key}"}
        with ollama.Client(host=shelf.url, timeout=PATIENCE, trust_env=False, verify=False, headers=headers) as client:
            return client.chat(MODEL, user("hello"))

    assert ask(UPSTREAM_KEY).done
    with pytest.raises(ollama.ResponseError) as caught:
        ask("sk-wrong")
    assert caught.value.status_code == 401
