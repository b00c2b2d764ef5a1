"""The official `anthropic` package against the host, with every vendor behind it."""

import asyncio
import base64
import time

import anthropic
import pytest
from harness import RESET, until, user
from pydantic import BaseModel
from test_chat import PIXEL
from vendors import MODELS, THOUGHTS, VENDORS, model, ordered, upstream

EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS)

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
TIME = {
    "name": "get_time",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}
INPUTS = {"get_weather": {"city": "mock", "days": 1}, "get_time": {"zone": "mock"}}

#: Who can count tokens.
COUNTS = ["anthropic", "gemini"]

#: What asks every vendor for thoughts.
#: What stands in the place of a signature: where a server that speaks OpenAI's chat completions told its thoughts.
MARKS = dict.fromkeys(("openai", "azure", "localai"), "wharf:openai.chat:reasoning_content")
THINKS = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}


class City(BaseModel):
    name: str
    population: int


@pytest.fixture(scope="module")
def client(every_vendor):
    with every_vendor.anthropic_client() as client:
        yield client


@pytest.fixture
def usable_keys(every_vendor):
    """A key that was refused is not used again by itself, and one that was limited rests."""
    every_vendor.admin_post(RESET, {"keys": True})
    yield
    every_vendor.admin_post(RESET, {"keys": True})


def ask(client, vendor, content="hello there", **options):
    options = {"model": model(vendor), "max_tokens": 4096, "messages": user(content)} | options
    return client.messages.create(**options)


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def blocks(message, kind):
    return [block for block in message.content if block.type == kind]


@EVERY_VENDOR
def test_a_message_has_text_stop_reason_and_usage(client, vendor):
    message = ask(client, vendor, system="Be brief.")
    assert (message.type, message.role) == ("message", "assistant")
    assert message.id and message.model
    assert text_of(message) == "You said: hello there"
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    if vendor == "localai":
        assert (message.usage.input_tokens, message.usage.output_tokens) == (0, 0), "nobody counted"
    else:
        # Words of the system prompt and of the question; words of the answer.
        assert (message.usage.input_tokens, message.usage.output_tokens) == (4, 4)


@EVERY_VENDOR
def test_the_sdks_stream_helper_gives_the_text_and_the_message(client, vendor):
    with client.messages.stream(model=model(vendor), max_tokens=64, messages=user("hello there")) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == text_of(message) == "You said: hello there"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == (0 if vendor == "localai" else 4)


@EVERY_VENDOR
def test_the_asynchronous_client_reads_messages_and_streams(every_vendor, vendor):
    async def both():
        async with every_vendor.async_anthropic_client() as client:
            asked = {"model": model(vendor), "max_tokens": 64, "messages": user("hello")}
            whole = await client.messages.create(**asked)
            async with client.messages.stream(**asked) as stream:
                pieces = [piece async for piece in stream.text_stream]
                return whole, "".join(pieces), await stream.get_final_message()

    whole, streamed, final = asyncio.run(both())
    assert text_of(whole) == streamed == text_of(final) == "You said: hello"


@EVERY_VENDOR
def test_events_come_in_anthropics_order(client, vendor):
    with ask(client, vendor, stream=True, tools=[WEATHER, TIME], **THINKS) as stream:
        events = list(stream)
    assert events[0].type == "message_start" and events[0].message.content == []
    assert [event.type for event in events[-2:]] == ["message_delta", "message_stop"]
    opened, closed, kinds = [], [], []
    for event in events[1:-2]:
        if event.type == "content_block_start":
            assert len(opened) == len(closed), "a block begins after the one before has ended"
            opened.append(event.index)
            kinds.append(event.content_block.type)
        elif event.type == "content_block_stop":
            closed.append(event.index)
        else:
            assert event.type == "content_block_delta" and event.index == opened[-1] not in closed
    assert opened == closed == list(range(len(opened)))
    # OpenAI's responses seal what was thought apart from its summary.
    sealed = ["redacted_thinking"] if vendor == "responses" else []
    assert kinds == ["thinking", *sealed, "tool_use", "tool_use"]


@EVERY_VENDOR
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_tools_are_called_and_their_results_answered(client, vendor, streamed):
    def next_message(messages):
        asked = {"model": model(vendor), "max_tokens": 4096, "messages": messages, "tools": [WEATHER, TIME]}
        if not streamed:
            return client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            return stream.get_final_message()

    asked = next_message(user("what now?"))
    assert asked.stop_reason == "tool_use"
    calls = blocks(asked, "tool_use")
    assert {call.name: call.input for call in calls} == INPUTS
    assert len({call.id for call in calls}) == 2
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"{call.name}: fine"} for call in calls]
    answered = next_message(
        [*user("what now?"), {"role": "assistant", "content": asked.content}, {"role": "user", "content": results}]
    )
    assert text_of(answered) == f"The tool said: {calls[-1].name}: fine"
    assert answered.stop_reason == "end_turn"


@EVERY_VENDOR
def test_the_input_of_a_tool_is_streamed_as_json(client, vendor):
    with client.messages.stream(
        model=model(vendor), max_tokens=64, messages=user("what now?"), tools=[WEATHER]
    ) as stream:
        partial = "".join(event.partial_json for event in stream if event.type == "input_json")
        (call,) = blocks(stream.get_final_message(), "tool_use")
    assert call.input == INPUTS["get_weather"]
    assert partial.replace(" ", "") == '{"city":"mock","days":1}'


@EVERY_VENDOR
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_thoughts_are_told_and_may_be_sent_back(client, vendor, streamed):
    if streamed:
        with client.messages.stream(
            model=model(vendor), max_tokens=4096, messages=user("think"), **THINKS
        ) as stream:
            message = stream.get_final_message()
    else:
        message = ask(client, vendor, "think", **THINKS)
    (thought,) = blocks(message, "thinking")
    assert message.content[0] is thought and thought.thinking == THOUGHTS
    if vendor == "anthropic":
        assert thought.signature and not thought.signature.startswith("wharf:"), "the vendor's own seal"
    else:
        assert thought.signature == MARKS.get(vendor, ""), "nobody else seals; some have to know where it was found"
    messages = [*user("think"), {"role": "assistant", "content": message.content}, *user("and again")]
    assert text_of(ask(client, vendor, messages=messages, **THINKS)) == "You said: and again"


@EVERY_VENDOR
def test_a_budget_makes_the_model_think(client, vendor):
    message = ask(client, vendor, thinking={"type": "enabled", "budget_tokens": 1024})
    (thought,) = blocks(message, "thinking")
    assert thought.thinking == THOUGHTS


@EVERY_VENDOR
def test_who_asks_for_no_thoughts_gets_none(client, vendor):
    message = ask(client, vendor, thinking={"type": "disabled"})
    assert [block.type for block in message.content] == ["text"]


@EVERY_VENDOR
def test_images_reach_the_vendor_byte_for_byte(client, vendor):
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PIXEL).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "what is it?"}]
    expected = f"I see 1 image(s) of {len(PIXEL)} bytes. Types: image/png. You said: what is it?"
    assert text_of(ask(client, vendor, content)) == expected


@EVERY_VENDOR
def test_a_schema_is_honoured_and_parsed(client, vendor):
    message = client.messages.parse(
        model=model(vendor), max_tokens=64, messages=user("a city"), output_format=City
    )
    assert message.parsed_output == City(name="mock", population=1)


def test_what_the_cache_did_is_counted(client):
    cached = [{"type": "text", "text": "one two three four", "cache_control": {"type": "ephemeral"}}]
    first = ask(client, "anthropic", system=cached)
    assert (first.usage.cache_creation_input_tokens, first.usage.cache_read_input_tokens) == (4, 0)
    assert first.usage.input_tokens == 2
    turns = [*user("hello there"), {"role": "assistant", "content": first.content}, *user("again")]
    with client.messages.stream(
        model=model("anthropic"), max_tokens=64, system=cached, messages=turns
    ) as stream:
        usage = stream.get_final_message().usage
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 4)


@pytest.mark.parametrize("vendor", COUNTS)
def test_tokens_are_counted_by_the_vendor(client, vendor):
    counted = client.messages.count_tokens(
        model=model(vendor), system="one two", messages=user("three four five"), tools=[WEATHER]
    )
    assert counted.input_tokens == 5


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor not in COUNTS])
def test_who_cannot_count_tokens_says_so(client, vendor):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.count_tokens(model=model(vendor), messages=user("hello"))
    assert caught.value.body["error"]["code"] == "unsupported"
    assert "cannot count tokens" in caught.value.body["error"]["message"]


def test_models_are_listed_as_anthropic_lists_them(client):
    models = list(client.models.list())
    assert set(MODELS.values()) <= {each.id for each in models}
    assert {each.type for each in models} == {"model"}
    assert client.models.retrieve(MODELS["gemini"]).id == MODELS["gemini"]
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")


@EVERY_VENDOR
@pytest.mark.parametrize(
    ("order", "exception", "status", "kind", "code"),
    [
        ("mock-context-length", anthropic.BadRequestError, 400, "invalid_request_error", "context_length_exceeded"),
        ("mock-status-500", anthropic.InternalServerError, 502, "api_error", "upstream_unavailable"),
        ("mock-status-429", anthropic.RateLimitError, 429, "rate_limit_error", "rate_limit_exceeded"),
        ("mock-status-401", anthropic.InternalServerError, 502, "api_error", "upstream_credential_refused"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_failure_has_its_exception(client, usable_keys, streamed, order, exception, status, kind, code, vendor):
    with pytest.raises(exception) as caught:
        ask(client, vendor, model=ordered(vendor, order), stream=streamed)
    error = caught.value
    assert (error.status_code, error.type) == (status, kind)
    assert error.body["error"]["code"] == code
    assert error.request_id == error.body["request_id"]
    (attempt,) = error.body["error"]["attempts"]
    assert attempt["deployment"].endswith(vendor)
    if status == 429:
        assert 0 < float(error.response.headers["retry-after"]) <= 3


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client, "anthropic", model="claude-typo")
    assert caught.value.type == "not_found_error" and "claude-typo" in str(caught.value)


@EVERY_VENDOR
@pytest.mark.parametrize("order", ["mock-error-event", "mock-cut"])
def test_a_stream_that_breaks_ends_with_an_error_and_no_stop_reason(client, vendor, order):
    events = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        with ask(client, vendor, model=ordered(vendor, order), stream=True) as stream:
            events.extend(stream)
    assert caught.value.type == "api_error"
    said = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert said and "You said: hello there".startswith(said)
    assert not {event.type for event in events} & {"message_delta", "message_stop"}


@EVERY_VENDOR
def test_a_refusal_is_a_stop_reason(client, vendor):
    message = ask(client, vendor, model=ordered(vendor, "mock-refusal"))
    # Ollama has no word for it.
    assert message.stop_reason == ("end_turn" if vendor == "ollama" else "refusal")


@EVERY_VENDOR
def test_leaving_a_stream_stops_the_vendor(client, vendor, mock, sloppy_mock):
    emulator = upstream(vendor, mock, sloppy_mock)
    until("the emulator is idle", lambda: emulator.stats()["in_flight"] == 0)
    before = emulator.stats()["cancelled"]
    with client.messages.stream(
        model=ordered(vendor, "mock-drip-20"), max_tokens=64, messages=user("drip")
    ) as stream:
        assert next(stream.text_stream)
        left_at = time.monotonic()
    until("the vendor was told", lambda: emulator.stats()["cancelled"] > before, within=2)
    assert time.monotonic() - left_at < 2
    until("nothing is left", lambda: emulator.stats()["in_flight"] == 0, within=2)
