"""Five deployments behind one route, four of them broken each in its own way: the clients hardly notice.

Counts what became of every single request. The measured numbers are printed.
"""

import asyncio
import collections
import time

import openai
import pytest
from harness import finish_reasons, openai_deployment, text_of, until, user

REQUESTS = 2000
AT_ONCE = 100
#: So many requests have ended when one of the emulators is killed.
KILL_AFTER = 500
#: The share of requests that must be answered in spite of everything.
PROMISED = 0.995
#: All of it takes some ten seconds. This is for a hang.
LIMIT = 100

#: What is wrong with each deployment.
UPSTREAMS = {
    "dies": (),
    "limited": ("--failure-rate", "1", "--failure-status", "429", "--retry-after", "1s"),
    "flaky": ("--failure-rate", "0.3"),
    "hangs": ("--hang",),
    "fine": (),
}


@pytest.fixture
def upstreams(start_mock):
    return {name: start_mock(name, *arguments) for name, arguments in UPSTREAMS.items()}


# Everything else is as it comes, but for the wait before a retry, which makes the test faster.
@pytest.fixture(params=["round_robin", "weighted", "least_connections", "latency"])
def host(request, upstreams, start_wharf):
    return start_wharf(
        *(openai_deployment(name, mock, ["gpt-4"], timeout="2s") for name, mock in upstreams.items()),
        load_balancer=f"{{strategy: {request.param}}}",
        retry="{base_delay: 10ms}",
    )


async def one(client, number):
    """What became of a request: an answer, which is checked, or the code of the error."""
    words = f"request {number} of many"
    streamed = number % 2 == 1
    try:
        answer = await client.chat.completions.create(model="gpt-4", messages=user(words), stream=streamed)
        if streamed:
            async with answer as stream:
                chunks = [chunk async for chunk in stream]
            text, reasons = text_of(chunks), finish_reasons(chunks)
        else:
            (choice,) = answer.choices
            text, reasons = choice.message.content, [choice.finish_reason]
    except openai.APIConnectionError:
        # The host itself must never be the one that breaks: this is no outcome.
        raise
    except openai.APIError as error:
        return f"{'streamed' if streamed else 'whole'}: {error.code}"
    assert (text, reasons) == (f"You said: {words}", ["stop"])
    return "answered"


async def load(host, doomed):
    outcomes = []
    numbers = iter(range(REQUESTS))

    async def worker(client):
        for number in numbers:
            outcomes.append(await one(client, number))
            if len(outcomes) == KILL_AFTER:
                doomed.kill()

    async with asyncio.timeout(LIMIT), host.async_client() as client:
        await asyncio.gather(*(worker(client) for _ in range(AT_ONCE)))
    return collections.Counter(outcomes)


def test_one_good_deployment_of_five_is_enough(host, upstreams):
    began = time.monotonic()
    outcomes = asyncio.run(load(host, upstreams["dies"]))
    seconds = time.monotonic() - began

    until("nothing is in flight", lambda: host.in_flight() == 0)
    targets = {name: host.target(name, "gpt-4") for name in UPSTREAMS}
    attempts = {name: target["attempts"] for name, target in targets.items()}
    started = sum(counts["started"] for counts in attempts.values())
    counts = host.counts("gpt-4")
    print(f"{REQUESTS} requests, {AT_ONCE} at once, {seconds:.1f} s: {dict(outcomes)}")
    print(f"{started} attempts ({started / REQUESTS:.2f} for each request), {counts['retries_denied']} retries denied")
    for name, target in targets.items():
        print(f"{name}: {attempts[name]}, breaker {target['breaker']['state']}, {target['breaker']['trips']} trips")

    assert outcomes.total() == REQUESTS, "every request has an outcome"
    assert outcomes["answered"] >= PROMISED * REQUESTS
    assert (counts["requests"], counts["cancelled"]) == (REQUESTS, 0)
    assert counts["succeeded"] == outcomes["answered"], "the host counts as its clients do"
    assert counts["requests"] == sum(counts[end] for end in ("succeeded", "failed", "cancelled", "fallbacks"))
    assert started == REQUESTS + counts["retries"], "each attempt is counted once"
    for name, each in attempts.items():
        assert each["started"] == each["succeeded"] + each["failed"] + each["cancelled"], name
    for name in ("limited", "flaky", "hangs", "fine"):
        assert upstreams[name].stats()["requests"] == attempts[name]["started"], f"{name}: an attempt is one request"
    for name in ("dies", "hangs"):
        assert targets[name]["breaker"]["trips"] >= 1, f"{name} is not asked for ever"
    assert targets["fine"]["breaker"]["trips"] == 0
    assert targets["limited"]["breaker"]["trips"] == 0, "a limited rate trips no breaker"
    until("no upstream has a request left", lambda: all(idle(upstreams[name]) for name in UPSTREAMS if name != "dies"))


def idle(upstream):
    stats = upstream.stats()
    return (stats["in_flight"], stats["streams_open"]) == (0, 0)
