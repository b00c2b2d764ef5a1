"""Whole answers through the official SDK, and what of a request and an answer must survive the way."""

import base64

import pytest
from harness import CLIENT_KEY, UPSTREAM_KEY, user
from pydantic import BaseModel

#: The smallest PNG there is: one transparent pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class City(BaseModel):
    name: str
    population: int
    districts: list[str]


def test_a_whole_answer_has_text_finish_reason_and_usage(client):
    answer = client.chat.completions.create(model="gpt-4", messages=user("hello"))
    assert answer.object == "chat.completion"
    assert answer.id
    assert answer.model
    assert len(answer.choices) == 1
    assert answer.choices[0].index == 0
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == "You said: hello"
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens >= 0
    assert answer.usage.completion_tokens_details.reasoning_tokens >= 0


def test_the_last_user_message_of_a_conversation_is_answered(client):
    answer = client.chat.completions.create(
        model="gpt-4",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "You said: first"},
            {"role": "user", "content": [{"type": "text", "text": "second, with ünïcödé 🚢"}]},
        ],
    )
    assert answer.choices[0].message.content == "You said: second, with ünïcödé 🚢"


def test_every_answer_names_its_request(client):
    first = client.chat.completions.with_raw_response.create(model="gpt-4", messages=user("a"))
    second = client.chat.completions.with_raw_response.create(model="gpt-4", messages=user("b"))
    assert first.headers["x-request-id"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_model_name_with_a_deployment_pins_it(client):
    answer = client.chat.completions.with_raw_response.create(model="mock/gpt-4", messages=user("pinned"))
    assert answer.headers["x-wharf-deployment"] == "mock"
    assert answer.parse().choices[0].message.content == "You said: pinned"


def test_the_echo_provider_answers_without_an_upstream(client, mock):
    before = mock.stats()["requests"]
    answer = client.chat.completions.create(model="echo", messages=user("is anybody there?"))
    assert "is anybody there?" in answer.choices[0].message.content
    assert mock.stats()["requests"] == before


def test_models_lists_every_route(client):
    models = list(client.models.list())
    assert {"gpt-4", "bad-key-model", "echo", "mock-status-429"} <= {model.id for model in models}
    assert {model.object for model in models} == {"model"}


def test_a_json_schema_is_honoured_and_parsed(client):
    answer = client.chat.completions.parse(model="gpt-4", messages=user("a city"), response_format=City)
    city = answer.choices[0].message.parsed
    assert isinstance(city, City)
    assert city.name == "mock"
    assert city.population == 1


def test_an_image_by_address_reaches_the_upstream(client):
    parts = [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png", "detail": "low"}},
    ]
    answer = client.chat.completions.create(model="gpt-4", messages=user(parts))
    assert answer.choices[0].message.content.startswith("I see 1 image(s) of ")
    assert answer.choices[0].message.content.endswith("You said: what is it?")


def test_inline_images_reach_the_upstream_byte_for_byte(client):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(PIXEL).decode()}}
    answer = client.chat.completions.create(
        model="gpt-4", messages=user([{"type": "text", "text": "compare"}, image, image])
    )
    assert answer.choices[0].message.content.startswith(f"I see 2 image(s) of {2 * len(PIXEL)} bytes. ")


def test_n_choices_are_answered(client):
    answer = client.chat.completions.create(model="gpt-4", messages=user("twice"), n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all("twice" in choice.message.content for choice in answer.choices)


def test_log_probabilities_reach_the_client(client):
    answer = client.chat.completions.create(
        model="gpt-4", messages=user("likely"), logprobs=True, top_logprobs=2, extra_body={"mock_echo": True}
    )
    upstream = answer.model_extra["mock_request"]
    assert (upstream["logprobs"], upstream["top_logprobs"]) == (True, 2)
    tokens = answer.choices[0].logprobs.content
    assert tokens, "the answer carries no log probabilities"
    assert all(token.logprob <= 0 for token in tokens)


def test_request_fields_reach_the_upstream_exactly(client):
    sent = {
        "seed": 7,
        "stop": ["END", "\n\n"],
        "temperature": 0.3,
        "top_p": 0.25,
        "max_tokens": 17,
        "presence_penalty": -0.5,
        "logit_bias": {"50256": -100},
        "user": "someone",
        "metadata": {"team": "harbour"},
    }
    unknown = {
        "vendor_switch": False,
        "vendor_null": None,
        "vendor_number": 9007199254740993,
        "vendor_unsigned": 18446744073709551615,
        "vendor_nested": {"list": [1, 2.5, "three", None, {"deep": {"deeper": ["ü", "\u0000"]}}], "empty": {}},
    }
    answer = client.chat.completions.create(
        model="gpt-4", messages=user("fields"), **sent, extra_body=unknown | {"mock_echo": True}
    )
    upstream = answer.model_extra["mock_request"]
    for name, value in (sent | unknown).items():
        assert name in upstream, f"{name} did not reach the upstream"
        assert upstream[name] == value, f"{name} changed on its way"
    assert upstream["model"] == "gpt-4"
    assert upstream["messages"] == user("fields")


def test_an_unknown_number_beyond_64_bits_keeps_its_digits(client):
    digits = "123456789012345678901234567890"
    answer = client.chat.completions.with_raw_response.create(
        model="gpt-4", messages=user("big"), extra_body={"vendor_huge": int(digits), "mock_echo": True}
    )
    assert digits in answer.text


def test_unknown_response_fields_reach_the_client(client):
    answer = client.chat.completions.create(model="gpt-4", messages=user("x"), extra_body={"mock_echo": True})
    assert answer.system_fingerprint
    assert {"mock_request", "mock_headers"} <= set(answer.model_extra)


def test_reasoning_reaches_the_client(client):
    message = client.chat.completions.create(model="mock-reasoning", messages=user("think")).choices[0].message
    assert message.model_extra["reasoning_content"]
    assert "think" in message.content
    assert message.model_extra["reasoning_content"] not in message.content


def test_a_refusal_reaches_the_client(client):
    message = client.chat.completions.create(model="mock-refusal", messages=user("please")).choices[0].message
    assert message.refusal
    assert not message.content


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_credentials_stay_on_their_own_side(client, stream):
    """The client's never reach the upstream; the upstream's never reach the client, even when it repeats them."""
    secrets = {"x-api-key": "sk-client-header", "cookie": "session=sk-client-cookie"}
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4",
        messages=user("who am I?"),
        stream=stream,
        extra_headers=secrets,
        extra_body={"mock_echo": True},
    ) as answer:
        body = answer.read().decode()
    seen = body + str(answer.headers)
    assert "mock_headers" in body, "the emulator repeats what it received"
    assert answer.status_code == 200, "the emulator accepts nothing but its own key: an answer proves that it got it"
    for secret in (UPSTREAM_KEY, CLIENT_KEY, "sk-client-header", "sk-client-cookie"):
        assert secret not in seen
