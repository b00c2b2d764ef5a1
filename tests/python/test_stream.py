"""Streamed answers through the official SDK: the same content as whole ones, in pieces and to the end."""

import asyncio

import openai
import pytest
from harness import text_of, user
from pydantic import BaseModel


class Ship(BaseModel):
    name: str
    length: int


def streamed(client, model, content, **options):
    with client.chat.completions.create(model=model, messages=user(content), stream=True, **options) as stream:
        return list(stream)


def test_a_stream_carries_the_text_in_pieces(client):
    words = "one two three four five six seven eight"
    chunks = streamed(client, "gpt-4", words)
    assert len(chunks) > 1
    assert text_of(chunks) == f"You said: {words}"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert reasons == ["stop"], "there is one finish reason"
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id, "all chunks have the answer's id"


def test_a_stream_is_server_sent_events_that_nobody_may_store(client):
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4", messages=user("raw"), stream=True
    ) as answer:
        body = answer.read().decode()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-request-id"]
    events = [event for event in body.split("\n\n") if event]
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    assert events.count("data: [DONE]") == 1


def test_usage_is_streamed_when_asked_for(client):
    chunks = streamed(client, "gpt-4", "count", stream_options={"include_usage": True})
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []
    usage = chunks[-1].usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_usage_is_not_streamed_unasked(client):
    chunks = streamed(client, "gpt-4", "do not count")
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)


def test_n_choices_are_streamed_side_by_side(client):
    chunks = streamed(client, "gpt-4", "twice", n=2)
    for index in (0, 1):
        assert "twice" in text_of(chunks, choice=index)
    finished = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert sorted(finished) == [0, 1]


def test_reasoning_is_streamed_apart_from_the_text(client):
    chunks = streamed(client, "mock-reasoning", "think")
    extras = [choice.delta.model_extra or {} for chunk in chunks for choice in chunk.choices]
    reasoning = "".join(extra.get("reasoning_content") or "" for extra in extras)
    assert reasoning
    assert "think" in text_of(chunks)
    assert reasoning not in text_of(chunks)


def test_a_refusal_is_streamed(client):
    chunks = streamed(client, "mock-refusal", "please")
    assert "".join(choice.delta.refusal or "" for chunk in chunks for choice in chunk.choices)
    assert text_of(chunks) == ""


def test_the_sdks_stream_helper_parses_a_json_schema(client):
    with client.chat.completions.stream(model="gpt-4", messages=user("a ship"), response_format=Ship) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == Ship(name="mock", length=1)


def test_fields_of_a_streamed_request_reach_the_upstream(client):
    chunks = streamed(
        client, "gpt-4", "fields", seed=7, extra_body={"vendor_number": 9007199254740993, "mock_echo": True}
    )
    echoed = [chunk.model_extra["mock_request"] for chunk in chunks if "mock_request" in (chunk.model_extra or {})]
    assert echoed, "no chunk carries the emulator's own field"
    assert echoed[0]["seed"] == 7
    assert echoed[0]["vendor_number"] == 9007199254740993
    assert echoed[0]["stream"] is True


def test_an_answer_that_is_cut_is_an_error_and_not_an_end(client):
    received = []
    with pytest.raises(openai.APIError):
        with client.chat.completions.create(model="mock-cut", messages=user("cut me off"), stream=True) as stream:
            received.extend(stream)
    assert text_of(received), "what came before the cut is delivered"
    assert not any(choice.finish_reason for chunk in received for choice in chunk.choices)


def test_an_error_within_a_stream_reaches_the_client(client):
    received = []
    with pytest.raises(openai.APIError) as caught:
        with client.chat.completions.create(model="mock-error-event", messages=user("fail"), stream=True) as stream:
            received.extend(stream)
    assert not isinstance(caught.value, openai.APIConnectionError), "it is an event, not a broken connection"
    assert caught.value.message
    assert not any(choice.finish_reason for chunk in received for choice in chunk.choices)


def test_fifty_streams_at_once_each_get_their_own_text(wharf):
    async def one(client, number):
        words = f"stream {number} " + " ".join(f"w{number}-{position}" for position in range(40))
        stream = await client.chat.completions.create(model="gpt-4", messages=user(words), stream=True)
        async with stream:
            chunks = [chunk async for chunk in stream]
        return words, chunks

    async def all_of_them():
        async with wharf.async_client() as client:
            return await asyncio.gather(*(one(client, number) for number in range(50)))

    answers = asyncio.run(all_of_them())
    assert len(answers) == 50
    for words, chunks in answers:
        assert text_of(chunks) == f"You said: {words}"
    assert len({chunks[0].id for _, chunks in answers}) == 50
