"""The native API, `POST /v1/generate`, and the health addresses."""

import pytest


def test_generate_answers_with_text_model_usage_and_metadata(wharf):
    answer = wharf.post(
        "/v1/generate",
        json={
            "prompt": "what is a wharf?",
            "model": "gpt-4",
            "max_tokens": 64,
            "temperature": 0.5,
            "context": ["Ships are loaded there.", "It is a place in a harbour."],
            "options": {"top_p": 0.25, "seed": 7},
        },
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"text", "model", "usage", "metadata"}
    assert "what is a wharf?" in body["text"]
    assert body["model"]
    assert isinstance(body["metadata"], dict)
    counts = [value for value in body["usage"].values() if isinstance(value, int)]
    assert counts and sum(counts) > 0


def test_generate_passes_settings_context_and_options_on(wharf):
    sent = {
        "prompt": "the question",
        "model": "gpt-4",
        "max_tokens": 64,
        "temperature": 0.5,
        "context": ["the first fact", "the second fact"],
        "options": {"top_p": 0.25, "seed": 7, "mock_echo": True},
    }
    upstream = wharf.post("/v1/generate", json=sent).raise_for_status().json()["metadata"]["mock_request"]
    assert upstream["temperature"] == 0.5
    assert 64 in (upstream.get("max_tokens"), upstream.get("max_completion_tokens"))
    assert (upstream["top_p"], upstream["seed"]) == (0.25, 7)
    said = str(upstream["messages"])
    positions = [said.find(words) for words in ("the first fact", "the second fact", "the question")]
    assert -1 not in positions, f"something is missing in {said}"
    assert positions == sorted(positions), "the context comes first, in its order"


def test_a_prompt_and_a_model_are_enough(wharf):
    answer = wharf.post("/v1/generate", json={"prompt": "hello", "model": "gpt-4"})
    assert answer.status_code == 200
    assert answer.json()["text"] == "You said: hello"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"model": "gpt-4"}, 400, "prompt"),
        ({"prompt": "hello", "model": "no-such-model"}, 404, "no-such-model"),
        ({"prompt": "hello", "model": "gpt-4", "max_tokens": "many"}, 400, "max_tokens"),
        ({"prompt": "hello", "model": "mock-status-503"}, 503, ""),
        ({"prompt": "hello", "model": "bad-key-model"}, 502, ""),
    ],
)
def test_generate_says_what_went_wrong(wharf, body, status, named):
    answer = wharf.post("/v1/generate", json=body)
    assert answer.status_code == status
    assert answer.headers["x-request-id"]
    assert answer.headers["content-type"].startswith("application/json")
    assert named in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_running_host_is_healthy_and_ready(wharf, path):
    assert wharf.get(path).status_code == 200
