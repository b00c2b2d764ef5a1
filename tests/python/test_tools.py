"""Tool calls: asked for, streamed in pieces, and answered."""

import json

from harness import user

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TIME = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}
EXPECTED = {"get_weather": {"city": "mock", "days": 1}, "get_time": {"zone": "mock"}}


def ask(client, tools, **options):
    return client.chat.completions.create(model="gpt-4", messages=user("what now?"), tools=tools, **options)


def test_a_tool_is_called_with_arguments_of_its_schema(client):
    choice = ask(client, [WEATHER]).choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.id
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == EXPECTED["get_weather"]


def test_tools_are_called_in_parallel(client):
    calls = ask(client, [WEATHER, TIME]).choices[0].message.tool_calls
    assert {call.function.name: json.loads(call.function.arguments) for call in calls} == EXPECTED
    assert len({call.id for call in calls}) == 2


def test_parallel_tool_calls_are_streamed_in_pieces(client):
    calls = {}
    reasons = []
    with ask(client, [WEATHER, TIME], stream=True) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                reasons += [choice.finish_reason] if choice.finish_reason else []
                for piece in choice.delta.tool_calls or []:
                    call = calls.setdefault(piece.index, {"id": [], "name": "", "arguments": ""})
                    call["id"] += [piece.id] if piece.id else []
                    call["name"] += piece.function.name or ""
                    call["arguments"] += piece.function.arguments or ""
    assert sorted(calls) == [0, 1]
    assert {call["name"]: json.loads(call["arguments"]) for call in calls.values()} == EXPECTED
    assert reasons == ["tool_calls"]
    ids = [call["id"] for call in calls.values()]
    assert all(len(set(each)) == 1 for each in ids) and ids[0] != ids[1], "each call has one id of its own"


def test_the_sdks_stream_helper_assembles_tool_calls(client):
    with client.chat.completions.stream(model="gpt-4", messages=user("what now?"), tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == EXPECTED["get_weather"]


def test_the_result_of_a_tool_is_answered(client):
    asked = ask(client, [WEATHER]).choices[0].message
    (call,) = asked.tool_calls
    conversation = [
        *user("what now?"),
        asked.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny, 21 degrees"},
    ]
    answer = client.chat.completions.create(
        model="gpt-4", messages=conversation, tools=[WEATHER], extra_body={"mock_echo": True}
    )
    assert answer.choices[0].message.content == "The tool said: sunny, 21 degrees"
    assert answer.choices[0].finish_reason == "stop"
    _, upstream_call, upstream_result = answer.model_extra["mock_request"]["messages"]
    assert upstream_call["tool_calls"][0]["id"] == call.id
    assert upstream_call["tool_calls"][0]["function"]["arguments"] == call.function.arguments
    assert upstream_result == conversation[-1]


def test_the_choice_of_a_tool_reaches_the_upstream(client):
    chosen = {"type": "function", "function": {"name": "get_time"}}
    answer = ask(
        client, [WEATHER, TIME], tool_choice=chosen, parallel_tool_calls=False, extra_body={"mock_echo": True}
    )
    upstream = answer.model_extra["mock_request"]
    assert upstream["tool_choice"] == chosen
    assert upstream["parallel_tool_calls"] is False
    assert upstream["tools"] == [WEATHER, TIME]
    assert "get_time" in [call.function.name for call in answer.choices[0].message.tool_calls]
