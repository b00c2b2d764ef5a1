"""Servers that speak OpenAI's API in their own way: they leave fields out, add others, and end streams as they like."""

import harness
import pytest
from harness import text_of, user

#: What each quirk of the emulator leaves out or does differently; `wharf mock --help` lists them.
QUIRKS = ["no-usage", "no-ids", "no-finish", "extra-fields", "tight-data", "no-done", "no-usage,no-ids,extra-fields,tight-data"]


@pytest.mark.parametrize("quirks", QUIRKS)
def test_a_server_with_quirks_is_understood(tmp_path, quirks):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    with harness.Mock(tmp_path, "--quirks", quirks) as upstream:
        deployment = harness.openai_deployment("odd", upstream, ["gpt-4"])
        with harness.Wharf(tmp_path, harness.config(deployment)) as host, host.client() as client:
            chat = client.chat.completions
            whole = chat.create(model="gpt-4", messages=user("hello"))
            assert whole.choices[0].message.content == "You said: hello"
            assert whole.choices[0].finish_reason == "stop"
            assert whole.id and whole.object == "chat.completion"
            chunks = list(chat.create(model="gpt-4", messages=user("hello"), stream=True))
            assert text_of(chunks) == "You said: hello"
            reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
            assert reasons == ["stop"]
            called = chat.create(model="gpt-4", messages=user("look"), tools=tools).choices[0].message.tool_calls
            assert [call.function.name for call in called] == ["look"]
            assert called[0].id, "a call without an id could not be answered"


def test_a_server_that_just_hangs_up_is_not_taken_for_one_that_is_done(tmp_path):
    with harness.Mock(tmp_path, "--quirks", "no-finish,no-done") as upstream:
        deployment = harness.openai_deployment("odd", upstream, ["gpt-4"])
        with harness.Wharf(tmp_path, harness.config(deployment)) as host, host.client() as client:
            with pytest.raises(harness.openai.APIError):
                list(client.chat.completions.create(model="gpt-4", messages=user("hello"), stream=True))
