"""Retries, breakers and fallbacks: what a failing upstream costs the client, and what it costs the upstream."""

import json
import time

import harness
import openai
import pytest
from harness import ask, failure, finish_reasons, openai_deployment, route, run, text_of, until, user

#: An emulator that refuses everything; with status 500 unless told otherwise.
REFUSES = ("--failure-rate", "1")
#: An emulator that refuses its first request and answers the next seven.
REFUSES_ONCE = ("--failure-rate", "0.5", "--seed", "85")

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def text(answer):
    """The text of an answer, whole or streamed."""
    parsed = answer.parse()
    if isinstance(parsed, openai.Stream):
        return text_of(list(parsed))
    return parsed.choices[0].message.content


def kinds(error):
    return [(attempt["deployment"], attempt["kind"]) for attempt in error.body["attempts"]]


@FORMS
@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_the_upstream_is_asked_exactly_as_often_as_the_error_says(start_mock, start_wharf, attempts, stream):
    upstream = start_mock("upstream", *REFUSES)
    retry = f"{{max_attempts: {attempts}, base_delay: 10ms, max_delay: 50ms}}"
    host = start_wharf(openai_deployment("a", upstream, ["gpt-4"]), retry=retry)
    with host.client() as client:
        error = failure(client, "gpt-4", stream=stream)
    assert (error.status_code, error.code) == (502, "upstream_unavailable")
    assert kinds(error) == [("a", "upstream_unavailable")] * attempts
    assert error.response.headers["x-wharf-attempts"] == str(attempts)
    assert upstream.stats()["requests"] == attempts
    assert host.counts("gpt-4")["retries"] == attempts - 1


@FORMS
def test_a_deployment_that_was_not_asked_yet_answers_when_the_first_fails(start_mock, start_wharf, stream):
    broken, sound = start_mock("broken", *REFUSES), start_mock("sound")
    host = start_wharf(
        openai_deployment("first", broken, ["gpt-4"], priority=0),
        openai_deployment("second", sound, ["gpt-4"], priority=1),
        # So long that a test which waited for it would not pass.
        retry="{base_delay: 60s, max_delay: 60s, jitter: false}",
    )
    with host.client() as client:
        answer = ask(client, "gpt-4", "over here", stream=stream)
        assert text(answer) == "You said: over here"
    assert answer.headers["x-wharf-attempts"] == "2"
    assert answer.headers["x-wharf-deployment"] == "second"
    assert (broken.stats()["requests"], sound.stats()["requests"]) == (1, 1)
    assert host.counts("gpt-4")["succeeded"] == 1


def test_an_error_tells_every_attempt_in_its_order(start_mock, start_wharf):
    broken, full = start_mock("broken", *REFUSES), start_mock("full", *REFUSES, "--failure-status", "503")
    host = start_wharf(
        openai_deployment("broken", broken, ["gpt-4"], priority=0),
        openai_deployment("full", full, ["gpt-4"], priority=1),
    )
    with host.client() as client:
        error = failure(client, "gpt-4")
    expected = [("broken", "upstream_unavailable"), ("full", "overloaded"), ("broken", "upstream_unavailable")]
    assert kinds(error) == expected
    assert all(set(attempt) == {"deployment", "kind", "milliseconds"} for attempt in error.body["attempts"])
    assert all(0 <= attempt["milliseconds"] < 30_000 for attempt in error.body["attempts"])
    assert (error.status_code, error.code) == (502, "upstream_unavailable"), "the last attempt decides"
    assert error.response.headers["x-wharf-deployment"] == "broken"


def test_a_tripped_breaker_spares_the_upstream_until_it_is_reset(start_mock, start_wharf, tmp_path):
    upstream = start_mock("upstream", *REFUSES)
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 3, reset_timeout: 60s}",
    )
    with host.client() as client:
        for _ in range(3):
            assert failure(client, "gpt-4").code == "upstream_unavailable"
        error = failure(client, "gpt-4")
        assert (error.status_code, error.code) == (503, "no_deployment")
        assert 0 < int(error.response.headers["retry-after"]) <= 66, "the open time and a tenth of it"
        assert "attempts" not in error.body and "x-wharf-attempts" not in error.response.headers
        assert "breaker" in error.message and "a:" in error.message, "it says what is in the way"
        assert upstream.stats()["requests"] == 3
        assert host.target("a", "gpt-4")["breaker"]["state"] == "open"

        told = run("breaker", "reset", "a", "--admin", host.admin_url, cwd=tmp_path)
        assert (told.returncode, told.stdout) == (0, "reset a/gpt-4\n"), told.stderr
        assert host.target("a", "gpt-4")["breaker"]["state"] == "closed"
        assert failure(client, "gpt-4").code == "upstream_unavailable"
    assert upstream.stats()["requests"] == 4


def test_a_request_that_trips_the_breaker_on_its_way_stops_there(start_mock, start_wharf):
    upstream = start_mock("upstream", *REFUSES)
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        retry="{max_attempts: 5, base_delay: 10ms, max_delay: 50ms}",
        circuit_breaker="{failure_threshold: 2}",
    )
    with host.client() as client:
        error = failure(client, "gpt-4")
    assert len(error.body["attempts"]) == 2
    assert error.code == "upstream_unavailable", "the attempt's own error tells more than the breaker"
    assert upstream.stats()["requests"] == 2


def test_a_deployment_that_comes_back_is_found_by_probes(start_mock, start_wharf):
    with harness.Address() as place:
        host = start_wharf(
            openai_deployment("a", place, ["gpt-4"]),
            retry=harness.ONE_ATTEMPT,
            circuit_breaker="{failure_threshold: 2, reset_timeout: 100ms, half_open_max_calls: 2}",
        )
        with host.client() as client:

            def answered():
                try:
                    return client.chat.completions.create(model="gpt-4", messages=user("back?"))
                except openai.APIStatusError as error:
                    assert error.code == "no_deployment", "once it is there, only the breaker is in the way"
                    return None

            for _ in range(2):
                assert failure(client, "gpt-4").code == "upstream_unavailable"
            upstream = start_mock("late", listen=place.authority)
            until("the first probe is answered", answered)
            assert host.target("a", "gpt-4")["breaker"]["state"] == "half_open", "one probe of two does not close it"
            assert answered()
        breaker = host.target("a", "gpt-4")["breaker"]
        assert breaker["state"] == "closed"
        assert [change["cause"] for change in breaker["history"]] == [
            "consecutive_failures",
            "reset_timeout",
            "recovered",
        ]
        assert upstream.stats()["requests"] == 2


def test_probes_that_fail_open_the_breaker_for_longer(start_mock, start_wharf):
    upstream = start_mock("upstream", *REFUSES)
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 2, reset_timeout: 1s}",
    )

    def breaker():
        return host.target("a", "gpt-4")["breaker"]

    with host.client() as client:
        for _ in range(2):
            failure(client, "gpt-4")
        until("it probes", lambda: breaker()["state"] == "half_open")
        # Half of three probes are two.
        for _ in range(2):
            assert failure(client, "gpt-4").code == "upstream_unavailable", "the probe reached the upstream"
    told = breaker()
    assert (told["state"], told["trips"]) == ("open", 2)
    assert told["history"][-1]["cause"] == "probe_failed"
    # Twice the open time and a tenth of it, of which a little has passed.
    assert 1100 < told["next_probe_ms"] <= 2200
    assert upstream.stats()["requests"] == 4


def test_the_callers_mistakes_are_neither_repeated_nor_counted(start_mock, start_wharf):
    upstream = start_mock("upstream")
    host = start_wharf(openai_deployment("a", upstream, ["mock-status-400"]), circuit_breaker="{failure_threshold: 2}")
    with host.client() as client:
        for _ in range(6):
            assert failure(client, "mock-status-400").status_code == 400
    assert upstream.stats()["requests"] == 6
    breaker = host.target("a", "mock-status-400")["breaker"]
    assert (breaker["state"], breaker["window_requests"]) == ("closed", 0)


@pytest.mark.parametrize("fault", ["--error-after", "--cut-after"])
def test_a_stream_that_fails_before_it_says_anything_is_answered_by_another(start_mock, start_wharf, fault):
    broken, sound = start_mock("broken", fault, "0"), start_mock("sound")
    host = start_wharf(
        openai_deployment("first", broken, ["gpt-4"], priority=0),
        openai_deployment("second", sound, ["gpt-4"], priority=1),
    )
    with host.client() as client:
        answer = ask(client, "gpt-4", "one clean answer", stream=True)
        chunks = list(answer.parse())
    assert answer.headers["x-wharf-attempts"] == "2"
    assert answer.headers["x-wharf-deployment"] == "second"
    assert text_of(chunks) == "You said: one clean answer"
    assert finish_reasons(chunks) == ["stop"]
    assert [choice.delta.role for chunk in chunks for choice in chunk.choices].count("assistant") == 1
    assert len({chunk.id for chunk in chunks}) == 1, "nothing of the first stream is left in it"
    assert (broken.stats()["requests"], sound.stats()["requests"]) == (1, 1)
    assert host.target("first", "gpt-4")["attempts"]["failed"] == 1


def test_a_stream_that_fails_after_its_first_content_is_not_repeated(start_mock, start_wharf):
    broken, sound = start_mock("broken", "--error-after", "2"), start_mock("sound")
    host = start_wharf(
        openai_deployment("first", broken, ["gpt-4"], priority=0),
        openai_deployment("second", sound, ["gpt-4"], priority=1),
    )
    with host.client() as client:
        with client.chat.completions.with_streaming_response.create(
            model="gpt-4", messages=user("one two three four five six seven eight"), stream=True
        ) as answer:
            body = answer.read().decode()
        assert answer.status_code == 200 and answer.headers["x-wharf-attempts"] == "1"
    events = [json.loads(event.removeprefix("data: ")) for event in body.split("\n\n") if event]
    assert "error" in events[-1], "the stream ends with an error event, and without [DONE]"
    assert events[-1]["error"]["code"] == "upstream_unavailable"
    choices = [choice for event in events[:-1] for choice in event["choices"]]
    assert "".join(choice["delta"].get("content") or "" for choice in choices), "what came before is delivered"
    assert not any(choice.get("finish_reason") for choice in choices)
    assert (broken.stats()["requests"], sound.stats()["requests"]) == (1, 0)
    until("the request is counted", lambda: host.counts("gpt-4")["failed"] == 1)
    assert host.target("first", "gpt-4")["breaker"]["window_failures"] == 1, "it counts against the deployment"


@FORMS
def test_a_prompt_that_is_too_long_goes_to_the_route_that_is_named_for_it(start_mock, start_wharf, stream):
    upstream = start_mock("upstream")
    host = start_wharf(
        openai_deployment("small", upstream, ["mock-context-length"]),
        openai_deployment("large", upstream, ["gpt-4-32k", "gpt-4-mini"]),
        routes={
            "chat": route(
                ("small", "mock-context-length"), fallbacks={"any": "gpt-4-mini", "context_length_exceeded": "long"}
            ),
            "long": route(("large", "gpt-4-32k")),
        },
    )
    with host.client() as client:
        answer = ask(client, "chat", "a long story", stream=stream)
        assert text(answer) == "You said: a long story"
        assert answer.headers["x-wharf-deployment"] == "large"
        assert answer.headers["x-wharf-attempts"] == "2", "attempts are counted through"
    counts = host.counts("chat")
    assert (counts["requests"], counts["fallbacks"], counts["succeeded"], counts["retries"]) == (1, 1, 0, 0)
    counts = host.counts("long")
    assert (counts["requests"], counts["succeeded"]) == (1, 1)
    assert host.counts("gpt-4-mini")["requests"] == 0, "the class that is named wins over any"
    breaker = host.target("small", "mock-context-length")["breaker"]
    assert breaker["window_failures"] == 0, "a prompt that is too long says nothing about the deployment"


def test_a_fallback_for_any_error_takes_over_when_the_breaker_is_open(start_mock, start_wharf):
    broken, sound = start_mock("broken", *REFUSES), start_mock("sound")
    host = start_wharf(
        openai_deployment("broken", broken, ["gpt-4"]),
        openai_deployment("sound", sound, ["gpt-4-mini"]),
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 2}",
        routes={"chat": route(("broken", "gpt-4"), fallbacks={"any": "gpt-4-mini"})},
    )
    with host.client() as client:
        attempts = [ask(client, "chat").headers["x-wharf-attempts"] for _ in range(4)]
    assert attempts == ["2", "2", "1", "1"], "from the third on the broken deployment is left in peace"
    assert (broken.stats()["requests"], sound.stats()["requests"]) == (2, 4)


def test_a_rate_limit_is_waited_out_as_long_as_the_vendor_asks(start_mock, start_wharf):
    upstream = start_mock("upstream", *REFUSES_ONCE, "--failure-status", "429", "--retry-after", "1s")
    host = start_wharf(openai_deployment("a", upstream, ["gpt-4"]))
    with host.client() as client:
        began = time.monotonic()
        answer = ask(client, "gpt-4")
        waited = time.monotonic() - began
    print(f"asked to wait 1 s, answered after {waited:.3f} s")
    assert answer.headers["x-wharf-attempts"] == "2"
    assert waited >= 1
    assert upstream.stats()["requests"] == 2
    breaker = host.target("a", "gpt-4")["breaker"]
    assert breaker["window_failures"] == 0, "a limited rate says nothing against the deployment"


def test_a_wait_longer_than_allowed_is_cut(start_mock, start_wharf):
    upstream = start_mock("upstream", *REFUSES_ONCE, "--failure-status", "429", "--retry-after", "3600s")
    retry = "{base_delay: 10ms, max_delay: 50ms, max_retry_after: 300ms}"
    host = start_wharf(openai_deployment("a", upstream, ["gpt-4"]), retry=retry)
    with host.client() as client:
        began = time.monotonic()
        answer = ask(client, "gpt-4")
        assert time.monotonic() - began >= 0.3
    assert answer.headers["x-wharf-attempts"] == "2"


def test_a_route_with_a_fallback_for_rate_limits_does_not_wait(start_mock, start_wharf):
    limited = start_mock("limited", *REFUSES, "--failure-status", "429", "--retry-after", "50s")
    sound = start_mock("sound")
    host = start_wharf(
        openai_deployment("limited", limited, ["gpt-4"]),
        openai_deployment("sound", sound, ["gpt-4-mini"]),
        routes={"chat": route(("limited", "gpt-4"), fallbacks={"rate_limited": "gpt-4-mini"})},
    )
    with host.client() as client:
        # The client itself would not wait as long as the vendor asks.
        answers = [ask(client, "chat") for _ in range(3)]
    assert [answer.headers["x-wharf-deployment"] for answer in answers] == ["sound"] * 3
    assert [answer.headers["x-wharf-attempts"] for answer in answers] == ["2", "1", "1"]
    assert limited.stats()["requests"] == 1, "while it rests it is not asked"
    (key,) = host.deployment("limited")["keys"]
    assert key["state"] == "resting" and 0 < key["for_ms"] <= 50_000


def test_a_retry_budget_keeps_an_outage_from_multiplying(start_mock, start_wharf):
    upstream = start_mock("upstream", *REFUSES)
    host = start_wharf(
        openai_deployment("a", upstream, ["gpt-4"]),
        # A floor of one retry a second over a window of a minute: sixty, for as long as this test runs.
        retry="{max_attempts: 3, base_delay: 1ms, max_delay: 1ms, "
        "budget: {ratio: 0, min_per_second: 1, window: 60s}}",
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
    )
    with host.client() as client:
        made = [len(failure(client, "gpt-4").body["attempts"]) for _ in range(50)]
    assert made == [3] * 30 + [1] * 20, "when the budget is used up, requests fail with their first error"
    assert upstream.stats()["requests"] == sum(made)
    counts = host.counts("gpt-4")
    assert (counts["retries"], counts["retries_denied"]) == (60, 20)
