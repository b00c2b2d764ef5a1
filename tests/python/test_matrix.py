"""Every front door over every vendor, one expectation for each feature, and docs/compatibility.md as the outcome.

What a vendor cannot do must be refused with an error that names the field; such cells are in the document with the
vendor's reason. `UPDATE_EXPECT=1` writes the document; without it the document must be what is found.
"""

import base64
import json
import os

import harness
import jsonschema
import pytest
from doors import DOORS, Refused
from test_chat import PIXEL
from vendors import EMBEDDER, THOUGHTS, VENDORS, model, ordered

DOCUMENT = harness.ROOT / "docs/compatibility.md"

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
TIME = {
    "name": "get_time",
    "description": "The time in a zone",
    "parameters": {
        "type": "object",
        "properties": {"zone": {"type": "string"}},
        "required": ["zone"],
        "additionalProperties": False,
    },
}
ARGUMENTS = {"get_weather": {"city": "mock", "days": 1}, "get_time": {"zone": "mock"}}

CITY = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "population": {"type": "integer"},
        "size": {"type": "string", "enum": ["large", "small"]},
    },
    "required": ["name", "population", "size"],
    "additionalProperties": False,
}

INLINE = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
ADDRESS = "https://example.com/cat.png"


class Cell:
    """One door over one vendor."""

    def __init__(self, host, door, vendor):
        self.host = host
        self.door = door
        self.vendor = vendor

    def ask(self, text="hello there", image=None, history=None, **wishes):
        history = self.door.user(text, image) if history is None else history
        said = self.door.ask(self.host, model(self.vendor), history, **wishes)
        assert (said.deployment, said.attempts) == (self.vendor, 1)
        return said

    def is_counted(self, said):
        """The emulator counts words; what `localai` stands for counts nothing."""
        if self.vendor == "localai":
            assert said.tokens == self.door.uncounted, "what was not counted is not claimed"
        else:
            assert min(said.tokens) > 0


def text(cell):
    said = cell.ask()
    assert (said.text, said.calls, said.finish) == ("You said: hello there", [], cell.door.done)
    cell.is_counted(said)


def stream(cell):
    said = cell.ask(stream=True)
    assert (said.text, said.calls, said.finish) == ("You said: hello there", [], cell.door.done)
    cell.is_counted(said)


def tool_round_trip(cell):
    for streamed in (False, True):
        begun = cell.door.user("what now?")
        asked = cell.ask(history=begun, tools=[WEATHER, TIME], stream=streamed)
        assert asked.finish == cell.door.called
        assert {call.name: call.arguments for call in asked.calls} == ARGUMENTS
        assert len({call.id for call in asked.calls}) == 2 and all(call.id for call in asked.calls)
        history = [*begun, *asked.history]
        for call in asked.calls:
            history += cell.door.result(call, f"{call.name} is fine")
        # Anthropic wants all results in one turn, and its clients send them so.
        if cell.door.name == "messages":
            first, second = history[-2:]
            history[-2:] = [first | {"content": first["content"] + second["content"]}]
        said = cell.ask(history=history, tools=[WEATHER, TIME], stream=streamed)
        assert (said.text, said.calls) == ("The tool said: get_time is fine", [])


def forced_tool(cell):
    (call,) = cell.ask(tools=[WEATHER, TIME], forced="get_time").calls
    assert (call.name, call.arguments) == ("get_time", ARGUMENTS["get_time"])


def strict_tool(cell):
    for streamed in (False, True):
        (call,) = cell.ask(tools=[WEATHER | {"strict": True}], stream=streamed).calls
        assert (call.name, call.arguments) == ("get_weather", ARGUMENTS["get_weather"])


def inline_image(cell):
    said = cell.ask("what is it?", INLINE)
    assert said.text == f"I see 1 image(s) of {len(PIXEL)} bytes. Types: image/png. You said: what is it?"


def image_by_address(cell):
    said = cell.ask("what is it?", ADDRESS)
    assert said.text.startswith("I see 1 image(s) of 0 bytes.") and said.text.endswith("You said: what is it?")


def json_schema(cell):
    for streamed in (False, True):
        said = cell.ask("a city", schema=CITY, stream=streamed)
        jsonschema.validate(json.loads(said.text), CITY)


def thinking(cell):
    for streamed in (False, True):
        said = cell.ask(thinks=True, stream=streamed)
        assert (said.thoughts, said.text) == (THOUGHTS, "You said: hello there")


def error(cell):
    """The vendor's words for a prompt that is too long, which are different ones everywhere."""
    for streamed in (False, True) if cell.door.name != "generate" else (False,):
        with pytest.raises(Refused) as caught:
            cell.door.ask(
                cell.host, ordered(cell.vendor, "mock-context-length"), cell.door.user("hello"), stream=streamed
            )
        refusal = caught.value
        assert (refusal.status, refusal.code) == (400, "context_length_exceeded")
        assert refusal.kind == "invalid_request_error"
        assert refusal.deployment == cell.vendor


def error_in_a_stream(cell):
    with pytest.raises(Refused) as caught:
        cell.door.ask(cell.host, ordered(cell.vendor, "mock-error-event"), cell.door.user("hello"), stream=True)
    refusal = caught.value
    if refusal.status != 200:
        raise refusal
    assert "You said: hello".startswith(refusal.before) and refusal.before, "what was said before it has arrived"
    assert refusal.code == "upstream_unavailable"


FEATURES = {
    "text": text,
    "stream": stream,
    "tool round trip": tool_round_trip,
    "a tool that has to be called": forced_tool,
    "a tool whose schema is enforced": strict_tool,
    "inline image": inline_image,
    "image by address": image_by_address,
    "JSON schema": json_schema,
    "thinking": thinking,
    "error": error,
    "error in a stream": error_in_a_stream,
}


class EmbeddingCell:
    """The door for embeddings over one vendor."""

    def __init__(self, host, vendor):
        self.host = host
        self.vendor = vendor

    def ask(self, texts, name=EMBEDDER, **more):
        body = {"model": f"{self.vendor}/{name}", "input": texts} | more
        return post(self.host, "/v1/embeddings", body)

    def vectors(self, texts, **more):
        body = self.ask(texts, **more)
        assert [entry["index"] for entry in body["data"]] == list(range(len(body["data"])))
        return [entry["embedding"] for entry in body["data"]]


def one_text(cell):
    (vector,) = cell.vectors("hello there")
    assert len(vector) == 8 and sum(value * value for value in vector) == pytest.approx(1)


def several_texts(cell):
    several = cell.vectors(["hello there", "boats", "hello"])
    alone = [cell.vectors(words)[0] for words in ("hello there", "boats", "hello")]
    assert several == [pytest.approx(vector) for vector in alone]


def dimensions(cell):
    assert [len(vector) for vector in cell.vectors(["a", "b"], dimensions=5)] == [5, 5]


def as_base64(cell):
    (packed,) = cell.vectors("hello there", encoding_format="base64")
    (plain,) = cell.vectors("hello there", encoding_format="float")
    assert memoryview(base64.b64decode(packed)).cast("f").tolist() == pytest.approx(plain)


def embedding_error(cell):
    with pytest.raises(Refused) as caught:
        cell.ask("hello", "mock-context-length")
    if caught.value.code == "unsupported":
        raise caught.value
    assert (caught.value.status, caught.value.code) == (400, "context_length_exceeded")


EMBEDDING_FEATURES = {
    "one text": one_text,
    "several texts": several_texts,
    "dimensions": dimensions,
    "base64": as_base64,
    "error": embedding_error,
}


def token_count(host, vendor):
    body = {"model": model(vendor), "messages": [{"role": "user", "content": "four words are these"}]}
    assert post(host, "/v1/messages/count_tokens", body) == {"input_tokens": 4}


def post(host, path, body):
    answer = host.post(path, json=body)
    if answer.status_code != 200:
        raise Refused(answer.status_code, answer.json()["error"], answer.headers.get("x-wharf-deployment"))
    return answer.json()


def outcome(feature, *where):
    """Nothing when it works, the reason when it is refused."""
    try:
        feature(*where)
    except Refused as refusal:
        # The host says so itself where its API has no such field; a provider where its vendor has no such thing.
        assert (refusal.status, refusal.code) in [(400, "unsupported"), (400, "invalid_request")], refusal
        assert refusal.param or "`" in refusal.message, f"what is refused is named: {refusal.message}"
        return refusal.message
    return None


@pytest.fixture(scope="module")
def found():
    """table → feature → vendor → outcome; the tests below fill it."""
    return {}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_feature_works_or_is_refused_by_name(every_vendor, found, door, feature, vendor):
    reason = outcome(FEATURES[feature], Cell(every_vendor, door, vendor))
    found.setdefault(door.path, {}).setdefault(feature, {})[vendor] = reason


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("feature", EMBEDDING_FEATURES)
def test_embeddings_work_or_are_refused_by_name(every_vendor, found, feature, vendor):
    reason = outcome(EMBEDDING_FEATURES[feature], EmbeddingCell(every_vendor, vendor))
    found.setdefault("/v1/embeddings", {}).setdefault(feature, {})[vendor] = reason


@pytest.mark.parametrize("vendor", VENDORS)
def test_tokens_are_counted_or_it_is_refused_by_name(every_vendor, found, vendor):
    reason = outcome(token_count, every_vendor, vendor)
    found.setdefault("/v1/messages/count_tokens", {}).setdefault("count", {})[vendor] = reason


HEAD = """\
# What works with what

`tests/python/test_matrix.py` asks for every feature at every front door over every vendor and writes this page \
(`UPDATE_EXPECT=1 just test-python test_matrix.py`). Without the variable the test fails where this page is wrong.

The vendors are emulated, see [mock.md](mock.md). `responses` is the provider `openai` asking for responses only, \
`azure` the provider `azure-openai`, and `localai` the provider `openai` in front of a server that leaves out counts, \
identifiers and finish reasons, adds fields and writes `data:` without a space. The emulator takes what the APIs allow \
for; what a version or a model of a vendor refuses beyond that is not seen here.

**yes**: the answer is the same as that of all other vendors. A number: it is refused with status 400 and an error \
that names the field; the error's words are [below](#what-is-refused).
"""


def document(found):
    reasons, lines = [], [HEAD]
    for path, features in found.items():
        lines += [f"## `POST {path}`", "", f"| | {' | '.join(VENDORS)} |", "|---" * (len(VENDORS) + 1) + "|"]
        for feature, outcomes in features.items():
            cells = []
            for vendor in VENDORS:
                reason = outcomes[vendor]
                if reason is not None and reason not in reasons:
                    reasons.append(reason)
                cells.append("yes" if reason is None else str(reasons.index(reason) + 1))
            lines.append(f"| {feature} | {' | '.join(cells)} |")
        lines.append("")
    lines += ["## What is refused", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return "\n".join(lines) + "\n"


def test_the_document_says_what_was_found(found):
    cells = sum(len(outcomes) for features in found.values() for outcomes in features.values())
    expected = len(VENDORS) * (len(DOORS) * len(FEATURES) + len(EMBEDDING_FEATURES) + 1)
    assert cells == expected, "run the whole file: the document is made of all cells"
    written = document(found)
    if os.environ.get("UPDATE_EXPECT") == "1":
        DOCUMENT.write_text(written, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == written
