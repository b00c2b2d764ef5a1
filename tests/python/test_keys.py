"""Several keys of one deployment: a refused one is retired and costs one attempt, and none is ever shown."""

import json

import harness
import pytest
from harness import RESET, STATE, UPSTREAM_KEY, UPSTREAM_KEY_VARIABLE, ask, failure, openai_deployment, run, text_of

GOOD = f"${{{UPSTREAM_KEY_VARIABLE}}}"
WRONG = "sk-wrong-1"
ALSO_WRONG = "sk-wrong-2"


@pytest.fixture
def upstream(start_mock):
    return start_mock("upstream")


@pytest.fixture
def start(start_wharf, upstream):
    """A host whose one deployment has these keys."""
    return lambda *keys, **sections: start_wharf(
        openai_deployment("a", upstream, ["gpt-4"], api_keys=json.dumps(keys)), **sections
    )


def states(host):
    return [key["state"] for key in host.deployment("a")["keys"]]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_refused_key_costs_one_attempt_and_is_not_used_again(start, upstream, stream):
    host = start(WRONG, GOOD)
    with host.client() as client:
        attempts = []
        for _ in range(8):
            answer = ask(client, "gpt-4", stream=stream)
            parsed = answer.parse()
            text = text_of(list(parsed)) if stream else parsed.choices[0].message.content
            assert text == "You said: hello"
            attempts.append(int(answer.headers["x-wharf-attempts"]))
    assert sorted(attempts) == [1] * 7 + [2], "one request met the refusal, and was answered all the same"
    assert upstream.stats()["requests"] == 9
    assert states(host) == ["retired", "usable"]
    breaker = host.target("a", "gpt-4")["breaker"]
    assert (breaker["state"], breaker["window_failures"]) == ("closed", 0), "a key is not the deployment"


def test_the_state_of_keys_is_shown_and_the_keys_are_not(start, tmp_path):
    host = start(WRONG, GOOD)
    with host.client() as client:
        for _ in range(2):
            ask(client, "gpt-4")
    retired, usable = host.deployment("a")["keys"]
    assert usable == {"key": 2, "state": "usable"}
    assert retired.pop("since_ms") >= 0
    assert retired == {"key": 1, "state": "retired", "kind": "unauthenticated", "status": 401}
    status = run("status", "--admin", host.admin_url, cwd=tmp_path)
    assert "1 usable, 1 retired" in status.stdout, status.stderr
    shown = host.admin("GET", STATE).text + status.stdout + status.stderr + host.log()
    for secret in (WRONG, UPSTREAM_KEY):
        assert secret not in shown


def test_a_deployment_whose_keys_are_all_refused_is_not_asked_again(start, upstream):
    host = start(WRONG, ALSO_WRONG)
    with host.client() as client:
        error = failure(client, "gpt-4")
        assert (error.status_code, error.code) == (502, "upstream_credential_refused")
        assert [attempt["kind"] for attempt in error.body["attempts"]] == ["unauthenticated"] * 2
        assert upstream.stats()["requests"] == 2, "each key was tried"
        assert states(host) == ["retired", "retired"]
        for stream in (False, True):
            error = failure(client, "gpt-4", stream=stream)
            assert (error.status_code, error.code) == (502, "upstream_credential_refused")
            assert "attempts" not in error.body
    assert upstream.stats()["requests"] == 2, "what is known is not asked again"


def test_a_reset_with_keys_brings_them_back_and_one_without_does_not(start, upstream):
    host = start(WRONG, retry=harness.ONE_ATTEMPT)
    with host.client() as client:
        failure(client, "gpt-4")
        assert host.admin_post(RESET, {}) == {"reset": [{"deployment": "a", "model": "gpt-4"}]}
        assert states(host) == ["retired"]
        failure(client, "gpt-4")
        assert upstream.stats()["requests"] == 1
        host.admin_post(RESET, {"deployment": "a", "keys": True})
        assert states(host) == ["usable"]
        failure(client, "gpt-4")
    assert upstream.stats()["requests"] == 2


def test_another_deployment_answers_for_one_whose_keys_are_refused(start_wharf, upstream):
    host = start_wharf(
        openai_deployment("refused", upstream, ["gpt-4"], api_key=WRONG, priority=0),
        openai_deployment("accepted", upstream, ["gpt-4"], priority=1),
    )
    with host.client() as client:
        answers = [ask(client, "gpt-4") for _ in range(3)]
    assert [answer.headers["x-wharf-deployment"] for answer in answers] == ["accepted"] * 3
    assert [answer.headers["x-wharf-attempts"] for answer in answers] == ["2", "1", "1"]


def test_a_key_whose_rate_is_limited_rests_while_the_other_works(start_mock, start_wharf):
    # The first request is refused, the next seven are answered.
    limits = ("--failure-rate", "0.5", "--seed", "85", "--failure-status", "429", "--retry-after", "50s")
    upstream = start_mock("limited", *limits)
    # The emulator accepts one key, so the two are the same; nobody but the host can tell them apart.
    keys = json.dumps([GOOD, GOOD])
    host = start_wharf(openai_deployment("a", upstream, ["gpt-4"], api_keys=keys))
    with host.client() as client:
        attempts = [ask(client, "gpt-4").headers["x-wharf-attempts"] for _ in range(4)]
    assert attempts == ["2", "1", "1", "1"], "the other key is used at once, without a wait"
    resting, usable = host.deployment("a")["keys"]
    assert (resting["state"], usable["state"]) == ("resting", "usable")
    assert 0 < resting["for_ms"] <= 50_000
