"""The official `openai` package against the host's three OpenAI doors, with every vendor behind them."""

import asyncio
import base64
import json
import struct

import openai
import pytest
from harness import finish_reasons, text_of, user
from pydantic import BaseModel
from vendors import EMBEDDER, THOUGHTS, VENDORS, model, ordered

EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS)
WITH_EMBEDDINGS = pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor != "anthropic"])

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "The weather in a city", "parameters": PARAMETERS}
CHAT_TOOL = {"type": "function", "function": WEATHER}
RESPONSES_TOOL = {"type": "function", "strict": False} | WEATHER
ARGUMENTS = {"city": "mock", "days": 1}


#: The vendors whose responses are OpenAI's own.
RELAYED = ["openai", "responses"]
#: How the thoughts of the others are sealed, or marked with the field they were found in, for clients of responses.
SEALS = {
    "azure": "signature:wharf:openai.chat:",
    "localai": "signature:wharf:openai.chat:",
    "anthropic": "signature:wharf:anthropic.messages:",
}


class City(BaseModel):
    name: str
    population: int
    districts: list[str]


CITY = City(name="mock", population=1, districts=[])


@pytest.fixture(scope="module")
def client(every_vendor):
    with every_vendor.client() as client:
        yield client


# ---- chat completions ----


@EVERY_VENDOR
def test_a_chat_is_answered_whole_and_streamed(client, vendor):
    asked = {"model": model(vendor), "messages": [{"role": "system", "content": "Be brief."}, *user("hello there")]}
    whole = client.chat.completions.create(**asked)
    assert whole.object == "chat.completion" and whole.id and whole.model
    assert whole.choices[0].message.content == "You said: hello there"
    assert whole.choices[0].finish_reason == "stop"
    with client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    assert text_of(chunks) == "You said: hello there"
    assert finish_reasons(chunks) == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    if vendor == "localai":
        assert whole.usage is None and not any(chunk.usage for chunk in chunks), "nobody counted"
    else:
        (counted,) = [chunk.usage for chunk in chunks if chunk.usage]
        for usage in (whole.usage, counted):
            assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (4, 4, 8)


@EVERY_VENDOR
def test_the_stream_helper_of_chats_gives_text_and_whole_answer(client, vendor):
    with client.chat.completions.stream(model=model(vendor), messages=user("hello there")) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(pieces) > 1
    assert "".join(pieces) == final.choices[0].message.content == "You said: hello there"
    assert final.choices[0].finish_reason == "stop"


@EVERY_VENDOR
def test_a_chat_is_parsed_into_its_schema_whole_and_streamed(client, vendor):
    asked = {"model": model(vendor), "messages": user("a city"), "response_format": City}
    assert client.chat.completions.parse(**asked).choices[0].message.parsed == CITY
    with client.chat.completions.stream(**asked) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == CITY


@EVERY_VENDOR
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_chat_calls_tools_and_takes_their_results(client, vendor, streamed):
    def next_message(messages):
        asked = {"model": model(vendor), "messages": messages, "tools": [CHAT_TOOL]}
        if not streamed:
            return client.chat.completions.create(**asked).choices[0].message
        with client.chat.completions.stream(**asked) as stream:
            return stream.get_final_completion().choices[0].message

    asked = next_message(user("what now?"))
    (call,) = asked.tool_calls
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert json.loads(call.function.arguments) == ARGUMENTS
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny, 21 degrees"}
    answered = next_message([*user("what now?"), asked.model_dump(exclude_none=True), result])
    assert answered.content == "The tool said: sunny, 21 degrees"
    assert not answered.tool_calls


@EVERY_VENDOR
def test_a_chat_tells_what_was_thought(client, vendor):
    asked = {"model": model(vendor), "messages": user("think"), "reasoning_effort": "low"}
    message = client.chat.completions.create(**asked).choices[0].message
    assert (message.reasoning_content, message.content) == (THOUGHTS, "You said: think")
    with client.chat.completions.create(**asked, stream=True) as stream:
        deltas = [choice.delta for chunk in stream for choice in chunk.choices]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == THOUGHTS


@EVERY_VENDOR
def test_an_asynchronous_chat_is_answered(every_vendor, vendor):
    async def ask():
        async with every_vendor.async_client() as client:
            stream = await client.chat.completions.create(model=model(vendor), messages=user("hello"), stream=True)
            return [chunk async for chunk in stream]

    assert text_of(asyncio.run(ask())) == "You said: hello"


# ---- responses ----


@EVERY_VENDOR
def test_a_response_is_answered(client, vendor):
    response = client.responses.create(model=model(vendor), instructions="Be brief.", input="hello there")
    assert (response.object, response.status, response.error) == ("response", "completed", None)
    assert response.id.startswith("resp_") and response.model
    assert response.output_text == "You said: hello there"
    assert [item.type for item in response.output] == ["message"]
    assert (response.instructions, response.store) == ("Be brief.", False)
    if vendor == "localai":
        assert response.usage is None, "nobody counted"
    else:
        usage = response.usage
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (4, 4, 8)


@EVERY_VENDOR
def test_the_events_of_a_response_come_in_openais_order(client, vendor):
    with client.responses.create(
        model=model(vendor), input="hello there", reasoning={"effort": "low", "summary": "auto"}, stream=True
    ) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    # Pieces may be any number; what surrounds them may not.
    names = [event.type for event in events if not event.type.endswith(".delta")]
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1 and "".join(deltas) == "You said: hello there"
    thoughts = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(thoughts) == THOUGHTS


@EVERY_VENDOR
def test_the_stream_helper_of_responses_gives_the_final_response(client, vendor):
    with client.responses.stream(model=model(vendor), input="hello there") as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text == "You said: hello there"
    assert final.status == "completed"


@EVERY_VENDOR
def test_a_response_is_parsed_into_its_schema_whole_and_streamed(client, vendor):
    asked = {"model": model(vendor), "input": "a city", "text_format": City}
    assert client.responses.parse(**asked).output_parsed == CITY
    with client.responses.stream(**asked) as stream:
        assert stream.get_final_response().output_parsed == CITY


@EVERY_VENDOR
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_response_calls_functions_and_takes_their_outputs(client, vendor, streamed):
    def next_response(items):
        asked = {"model": model(vendor), "input": items, "tools": [RESPONSES_TOOL]}
        if not streamed:
            return client.responses.create(**asked)
        with client.responses.stream(**asked) as stream:
            return stream.get_final_response()

    asked = next_response(user("what now?"))
    (call,) = asked.output
    assert (call.type, call.name, call.status) == ("function_call", "get_weather", "completed")
    assert json.loads(call.arguments) == ARGUMENTS
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 21 degrees"}
    answered = next_response([*user("what now?"), *items_of(asked), output])
    assert answered.output_text == "The tool said: sunny, 21 degrees"


@EVERY_VENDOR
def test_the_reasoning_of_a_response_may_be_sent_back(client, vendor):
    asked = {"model": model(vendor), "reasoning": {"effort": "low", "summary": "auto"}}
    response = client.responses.create(**asked, input=user("think"))
    reasoning, message = response.output
    assert (reasoning.type, message.type) == ("reasoning", "message")
    assert [part.text for part in reasoning.summary] == [THOUGHTS]
    seal = reasoning.encrypted_content or ""
    if vendor in RELAYED:
        assert seal and not seal.startswith("signature:"), "the vendor's own seal"
    else:
        assert seal.startswith(SEALS.get(vendor, "")) and bool(seal) == (vendor in SEALS)
    again = client.responses.create(**asked, input=[*user("think"), *items_of(response), *user("and again")])
    assert again.output_text == "You said: and again"


@pytest.mark.parametrize("vendor", RELAYED)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_only_openai_knows_passes_in_both_directions(every_vendor, vendor, streamed):
    search = {"type": "web_search", "search_context_size": "low"}
    body = {
        "model": model(vendor),
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": "patch it"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": "*** Begin Patch"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "phase": "commentary",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Done.", "annotations": []}],
            },
            {"role": "user", "content": "hello there"},
        ],
        "tools": [search, {"type": "custom", "name": "patch", "format": {"type": "text"}}],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [search]},
        "include": ["message.output_text.logprobs"],
        "metadata": {"trip": "7"},
        "truncation": "auto",
        "prompt_cache_key": "k",
        "reasoning": {"context": "all_turns"},
        "something_new": {"digits": 1.10},
        "mock_echo": True,
        "stream": streamed,
    }
    answer = every_vendor.post("/v1/responses", json=body).raise_for_status()
    if streamed:
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        sent, response = events[0]["mock_request"], events[-1]["response"]
        assert all("obfuscation" in event for event in events if event["type"].endswith(".delta"))
    else:
        response = answer.json()
        sent = response["mock_request"]
    added = {"store": False, "include": [*body["include"], "reasoning.encrypted_content"]}
    kept = body | added | {"model": model(vendor).split("/")[1]}
    if not streamed:
        del kept["stream"]
    for item in kept["input"]:
        item.setdefault("type", "message")
    assert sent == kept, "the vendor is asked what the client asked"
    (message,) = [item for item in response["output"] if item["type"] == "message"]
    assert (message["id"].split("_")[0], message["phase"]) == ("msg", "final_answer")
    assert message["content"][0]["logprobs"], "probabilities are told where they were asked for"
    assert (response["metadata"], response["service_tier"]) == ({"trip": "7"}, "default")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_conversation_over_openais_responses_keeps_its_sealed_thoughts(client, streamed):
    items = user("what now?")
    asked = {"model": model("openai"), "tools": [RESPONSES_TOOL], "reasoning": {"effort": "low"}}

    def next_response():
        if not streamed:
            return client.responses.create(**asked, input=items)
        with client.responses.stream(**asked, input=items) as stream:
            return stream.get_final_response()

    response = next_response()
    thought, call = response.output
    assert thought.encrypted_content and thought.id.startswith("rs_")
    items += [*items_of(response), {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    assert next_response().output_text == "The tool said: sunny", "the emulator checks the seal"


@pytest.mark.parametrize("vendor", ["azure", "anthropic", "gemini", "ollama"])
def test_what_a_client_says_in_an_item_of_its_own_is_refused_where_nobody_understands_it(every_vendor, vendor):
    tools = {"type": "additional_tools", "role": "developer", "tools": [RESPONSES_TOOL]}
    body = {"model": model(vendor), "input": [*user("hello"), tools]}
    answer = every_vendor.post("/v1/responses", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unsupported"


def items_of(response):
    """The output as a client sends it back."""
    return [item.model_dump(exclude_none=True) for item in response.output]


@EVERY_VENDOR
def test_a_response_that_breaks_off_ends_with_an_error_event(client, vendor):
    received = []
    with pytest.raises(openai.APIError) as caught:
        with client.responses.create(
            model=ordered(vendor, "mock-error-event"), input="hello there", stream=True
        ) as stream:
            received.extend(stream)
    assert caught.value.code == "upstream_unavailable"
    said = "".join(event.delta for event in received if event.type == "response.output_text.delta")
    assert said and "You said: hello there".startswith(said)
    assert "response.completed" not in {event.type for event in received}


@EVERY_VENDOR
def test_what_needs_state_is_refused_by_name(client, vendor):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=model(vendor), input="hello", previous_response_id="resp_1")
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "unsupported")


# ---- embeddings ----


def numbers(answer):
    assert [entry.index for entry in answer.data] == list(range(len(answer.data)))
    return [entry.embedding for entry in answer.data]


@WITH_EMBEDDINGS
def test_texts_have_one_vector_each_in_their_order(client, vendor):
    asked = {"model": f"{vendor}/{EMBEDDER}"}
    # The SDK asks for base64 by itself and decodes it.
    several = numbers(client.embeddings.create(**asked, input=["boats", "hello there", "boats"]))
    (alone,) = numbers(client.embeddings.create(**asked, input="hello there", encoding_format="float"))
    assert len(several) == 3 and several[0] == several[2]
    assert several[1] == pytest.approx(alone)
    assert sum(value * value for value in alone) == pytest.approx(1)


@WITH_EMBEDDINGS
def test_a_vector_has_the_dimensions_that_were_asked_for(client, vendor):
    answer = client.embeddings.create(model=f"{vendor}/{EMBEDDER}", input=["a", "b"], dimensions=5)
    assert [len(vector) for vector in numbers(answer)] == [5, 5]


@WITH_EMBEDDINGS
def test_base64_holds_the_same_numbers(client, vendor):
    asked = {"model": f"{vendor}/{EMBEDDER}", "input": "hello there"}
    packed = client.embeddings.create(**asked, encoding_format="base64").data[0].embedding
    plain = client.embeddings.create(**asked, encoding_format="float").data[0].embedding
    raw = base64.b64decode(packed)
    assert struct.unpack(f"<{len(raw) // 4}f", raw) == pytest.approx(plain)


@WITH_EMBEDDINGS
def test_embeddings_are_counted_by_who_counts(client, vendor):
    answer = client.embeddings.create(model=f"{vendor}/{EMBEDDER}", input=["one two", "three"])
    usage = answer.model_dump().get("usage")
    if vendor in ("gemini", "localai"):
        assert usage is None, "nobody counted"
    else:
        assert usage["prompt_tokens"] == 3


def test_a_vendor_without_embeddings_says_so(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model=f"anthropic/{EMBEDDER}", input="hello")
    assert caught.value.code == "unsupported" and "embeddings" in caught.value.message
