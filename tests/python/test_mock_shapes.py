"""The official packages of the other vendors against the emulator itself: what they understand has the vendor's shape.

Ollama's package is in test_ollama_client.py; that OpenAI's chats have OpenAI's shape, all other tests rely on.
"""

import base64
import json

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors, types
from harness import PATIENCE, UPSTREAM_KEY, Mock, sdk_options, text_of, user
from test_chat import PIXEL
from vendors import THOUGHTS

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
ARGUMENTS = {"city": "mock", "days": 1}
SEEN = f"I see 1 image(s) of {len(PIXEL)} bytes. Types: image/png. You said: what is it?"


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    """An emulator with models to list."""
    with Mock(tmp_path_factory.mktemp("vendor"), "--models", "claude-sonnet-4-5,gemini-2.5-flash,gpt-4o") as process:
        yield process


# ---- Anthropic ----


@pytest.fixture(scope="module")
def claude(vendor):
    with vendor.anthropic_client() as client:
        yield client


def message(client, content="hello there", **options):
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 4096, "messages": user(content)} | options
    return client.messages.create(**asked)


def test_anthropic_answers_whole_and_streamed(claude):
    whole = message(claude)
    assert (whole.content[0].text, whole.stop_reason) == ("You said: hello there", "end_turn")
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (2, 4)
    with claude.messages.stream(model="claude-sonnet-4-5", max_tokens=64, messages=user("hello there")) as stream:
        assert "".join(stream.text_stream) == "You said: hello there"
        assert stream.get_final_message().usage.output_tokens == 4


def test_anthropic_calls_tools_and_wants_each_call_answered(claude):
    tools = [{"name": "get_weather", "input_schema": SCHEMA}]
    asked = message(claude, "what now?", tools=tools)
    (call,) = asked.content
    assert (call.type, call.name, call.input, asked.stop_reason) == ("tool_use", "get_weather", ARGUMENTS, "tool_use")
    history = [*user("what now?"), {"role": "assistant", "content": asked.content}]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    answered = message(claude, tools=tools, messages=[*history, {"role": "user", "content": [result]}])
    assert answered.content[0].text == "The tool said: sunny"
    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
        message(claude, tools=tools, messages=[*history, *user("never mind")])
    strange = {"type": "tool_result", "tool_use_id": "toolu_strange", "content": "sunny"}
    with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id`"):
        message(claude, tools=tools, messages=[*history, {"role": "user", "content": [result, strange]}])


def test_anthropic_signs_thoughts_and_takes_no_others(claude):
    thinks = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    with claude.messages.stream(
        model="claude-sonnet-4-5", max_tokens=4096, messages=user("think"), **thinks
    ) as stream:
        thought, said = stream.get_final_message().content
    assert (thought.thinking, said.text) == (THOUGHTS, "You said: think")
    assert thought.signature

    def go_on(signature):
        block = {"type": "thinking", "thinking": THOUGHTS, "signature": signature}
        answer = {"role": "assistant", "content": [block, {"type": "text", "text": said.text}]}
        return message(claude, messages=[*user("think"), answer, *user("again")], **thinks)

    assert go_on(thought.signature).content[-1].text == "You said: again"
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        go_on("Zm9yZWlnbg==")


def test_anthropic_sees_images_and_counts_tokens(claude):
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PIXEL).decode()}
    content = [{"type": "text", "text": "what is it?"}, {"type": "image", "source": source}]
    assert message(claude, content).content[0].text == SEEN
    counted = claude.messages.count_tokens(model="claude-sonnet-4-5", messages=user("one two three"))
    assert counted.input_tokens == 3


def test_anthropic_lists_its_models_in_pages(claude):
    assert "claude-sonnet-4-5" in [each.id for each in claude.models.list(limit=1)]
    assert claude.models.retrieve("claude-sonnet-4-5").type == "model"


@pytest.mark.parametrize(
    ("model", "exception", "kind"),
    [
        ("mock-status-401", anthropic.AuthenticationError, "authentication_error"),
        ("mock-status-429", anthropic.RateLimitError, "rate_limit_error"),
        ("mock-status-500", anthropic.InternalServerError, "api_error"),
        ("mock-status-529", anthropic.OverloadedError, "overloaded_error"),
        ("mock-context-length", anthropic.BadRequestError, "invalid_request_error"),
    ],
)
def test_anthropics_errors_have_their_exceptions(claude, model, exception, kind):
    with pytest.raises(exception) as caught:
        message(claude, model=model)
    assert caught.value.type == kind and caught.value.request_id


# ---- Gemini ----


@pytest.fixture(scope="module")
def gemini(vendor):
    ours = {"trust_env": False, "verify": False}
    options = types.HttpOptions(
        base_url=vendor.url, api_version="v1beta", timeout=int(PATIENCE * 1000), client_args=ours
    )
    with genai.Client(api_key=UPSTREAM_KEY, http_options=options) as client:
        yield client.models


FLASH = "gemini-2.5-flash"
FUNCTIONS = types.Tool(
    function_declarations=[types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)]
)
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


def test_gemini_answers_whole_and_streamed(gemini):
    whole = gemini.generate_content(model=FLASH, contents="hello there")
    assert whole.text == "You said: hello there"
    assert whole.candidates[0].finish_reason == types.FinishReason.STOP
    usage = whole.usage_metadata
    assert (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count) == (2, 4, 6)
    assert whole.model_version == FLASH and whole.response_id
    parts = list(gemini.generate_content_stream(model=FLASH, contents="hello there"))
    assert len(parts) > 2
    assert "".join(part.text or "" for part in parts) == "You said: hello there"
    assert parts[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_gemini_calls_functions_and_wants_each_call_answered(gemini):
    config = types.GenerateContentConfig(tools=[FUNCTIONS], automatic_function_calling=BY_HAND)
    asked = gemini.generate_content(model=FLASH, contents="what now?", config=config)
    (call,) = asked.function_calls
    assert (call.name, call.args) == ("get_weather", ARGUMENTS)
    history = [types.UserContent("what now?"), asked.candidates[0].content]
    response = types.Part.from_function_response(name="get_weather", response={"output": "sunny"})
    answered = gemini.generate_content(model=FLASH, contents=[*history, types.UserContent(response)], config=config)
    assert answered.text == "The tool said: sunny"
    with pytest.raises(errors.ClientError, match="number of function response parts"):
        gemini.generate_content(model=FLASH, contents=[*history, types.UserContent("never mind")], config=config)


def test_gemini_marks_its_thoughts(gemini):
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    thought, said = gemini.generate_content(model=FLASH, contents="think", config=config).candidates[0].content.parts
    assert (thought.thought, thought.text) == (True, THOUGHTS)
    assert said.text == "You said: think" and said.thought_signature


def test_gemini_honours_schemas_and_sees_images(gemini):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=SCHEMA)
    answer = gemini.generate_content(model=FLASH, contents="a place", config=config)
    assert json.loads(answer.text) == ARGUMENTS
    contents = ["what is it?", types.Part.from_bytes(data=PIXEL, mime_type="image/png")]
    assert gemini.generate_content(model=FLASH, contents=contents).text == SEEN


def test_gemini_embeds_counts_tokens_and_lists_models(gemini):
    answer = gemini.embed_content(
        model="gemini-embedding-001",
        contents=["hello there", "boats"],
        config=types.EmbedContentConfig(output_dimensionality=5),
    )
    assert [len(each.values) for each in answer.embeddings] == [5, 5]
    assert gemini.count_tokens(model=FLASH, contents="one two three").total_tokens == 3
    found = gemini.get(model=FLASH)
    assert (found.name, found.input_token_limit) == (f"models/{FLASH}", 8192)
    assert f"models/{FLASH}" in [each.name for each in gemini.list(config={"page_size": 1})]


@pytest.mark.parametrize(
    ("model", "exception", "code", "status"),
    [
        ("mock-status-429", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("mock-status-503", errors.ServerError, 503, "UNAVAILABLE"),
        ("mock-context-length", errors.ClientError, 400, "INVALID_ARGUMENT"),
    ],
)
def test_geminis_errors_have_a_code_and_a_word(gemini, model, exception, code, status):
    with pytest.raises(exception) as caught:
        gemini.generate_content(model=model, contents="hello")
    assert (caught.value.code, caught.value.status) == (code, status)


def test_a_prompt_that_gemini_blocks_has_no_candidates(gemini):
    answer = gemini.generate_content(model="mock-content-filter", contents="hello")
    assert not answer.candidates and answer.prompt_feedback.block_reason


# ---- OpenAI, and OpenAI on Azure ----


def test_openai_embeds_and_lists_models(vendor):
    with vendor.client() as client:
        asked = {"model": "text-embedding-3-small", "input": ["hello there", "boats"], "dimensions": 5}
        packed = client.embeddings.create(**asked)
        plain = client.embeddings.create(**asked, encoding_format="float")
        assert [each.embedding for each in packed.data] == [pytest.approx(each.embedding) for each in plain.data]
        assert packed.usage.prompt_tokens == 3
        assert "gpt-4o" in [each.id for each in client.models.list()]


@pytest.fixture(scope="module")
def azure(vendor):
    options = sdk_options(vendor.url, openai.DefaultHttpxClient)
    del options["base_url"]
    with openai.AzureOpenAI(
        azure_endpoint=vendor.url, api_version="2024-10-21", api_key=UPSTREAM_KEY, **options
    ) as client:
        yield client


def test_azure_answers_for_a_deployment(azure):
    whole = azure.chat.completions.create(model="chat-production", messages=user("hello there"))
    assert whole.choices[0].message.content == "You said: hello there"
    assert whole.model_extra["prompt_filter_results"] and whole.choices[0].model_extra["content_filter_results"]
    with azure.chat.completions.create(model="chat-production", messages=user("hello"), stream=True) as stream:
        chunks = list(stream)
    assert chunks[0].choices == [] and chunks[0].model_extra["prompt_filter_results"]
    assert text_of(chunks) == "You said: hello"
    vector = azure.embeddings.create(model="embed-production", input="boats").data[0].embedding
    assert len(vector) == 8


def test_azures_errors_have_azures_codes(azure):
    with pytest.raises(openai.RateLimitError) as caught:
        azure.chat.completions.create(model="mock-status-429", messages=user("hello"))
    assert caught.value.code == "429"
    with pytest.raises(openai.BadRequestError) as caught:
        azure.chat.completions.create(model="mock-content-filter", messages=user("hello"))
    assert caught.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
