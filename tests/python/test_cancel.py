"""A client that leaves stops its call at the upstream, streaming or not."""

import asyncio
import json
import socket
import time
from urllib.parse import urlsplit

import harness
import httpx2
import pytest
from harness import until, user

#: The product promises 100 ms; a loaded test machine gets ten times as much. The measured time is printed.
ALLOWED = 1.0


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    """An emulator of its own: its counters belong to these tests alone."""
    with harness.Mock(tmp_path_factory.mktemp("mock")) as process:
        yield process


@pytest.fixture(scope="module")
def host(upstream, tmp_path_factory):
    deployment = harness.openai_deployment("mock", upstream, ["gpt-4", "mock-drip-50", "mock-hang"])
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), harness.config(deployment)) as process:
        yield process


@pytest.fixture
def cancelled(upstream):
    """Waits until the emulator counts one more cancelled request; measures from the moment the client left."""
    until("the emulator is idle", lambda: upstream.stats()["in_flight"] == 0)
    before = upstream.stats()["cancelled"]

    def wait(left_at, what):
        seen = until(f"the emulator sees that {what}", lambda: upstream.stats()["cancelled"] - before, within=2)
        measured = time.monotonic() - left_at
        print(f"{what}: seen at the upstream after {measured * 1000:.1f} ms")
        assert measured < ALLOWED
        assert seen == 1, "one request is counted once"
        assert upstream.stats()["in_flight"] == 0
        assert upstream.stats()["streams_open"] == 0

    return wait


def in_flight(upstream):
    until("the request reached the upstream", lambda: upstream.stats()["in_flight"] == 1)


def test_leaving_a_stream_stops_the_upstream(host, cancelled):
    with host.client() as client:
        stream = client.chat.completions.create(model="mock-drip-50", messages=user("drip"), stream=True)
        first = [next(stream) for _ in range(3)]
        assert len(first) == 3
        left_at = time.monotonic()
        stream.close()
        cancelled(left_at, "the client closed its stream")


def test_leaving_before_a_whole_answer_stops_the_upstream(host, upstream, cancelled):
    body = {"model": "mock-hang", "messages": user("wait")}

    async def leave():
        async with httpx2.AsyncClient(trust_env=False, timeout=harness.PATIENCE) as client:
            request = asyncio.create_task(client.post(host.url + "/v1/chat/completions", json=body))
            await asyncio.to_thread(in_flight, upstream)
            left_at = time.monotonic()
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            await asyncio.to_thread(cancelled, left_at, "the client closed its connection")

    asyncio.run(leave())


def test_cancelling_a_call_of_the_sdk_stops_the_upstream(host, upstream, cancelled):
    async def leave():
        async with host.async_client() as client:
            call = asyncio.create_task(client.chat.completions.create(model="mock-hang", messages=user("wait")))
            await asyncio.to_thread(in_flight, upstream)
            left_at = time.monotonic()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert call.cancelled()
            await asyncio.to_thread(cancelled, left_at, "the SDK call was cancelled")

    asyncio.run(leave())


def test_leaving_before_the_first_event_stops_the_upstream(host, upstream, cancelled):
    async def leave():
        async with host.async_client() as client:
            call = asyncio.create_task(
                client.chat.completions.create(model="mock-hang", messages=user("wait"), stream=True)
            )
            await asyncio.to_thread(in_flight, upstream)
            left_at = time.monotonic()
            if call.done():
                # The host may send its response head before the first event; then there is a stream to close.
                await call.result().close()
            else:
                call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.to_thread(cancelled, left_at, "the client left before the first event")

    asyncio.run(leave())


def test_clients_that_left_leave_the_host_working(host, upstream):
    until("the emulator is idle", lambda: upstream.stats()["in_flight"] == 0)
    before = upstream.stats()["cancelled"]
    with host.client() as client:
        answer = client.chat.completions.create(model="gpt-4", messages=user("next"))
    assert answer.choices[0].message.content == "You said: next"
    assert answer.usage.total_tokens > 0
    assert upstream.stats()["cancelled"] == before, "a request that ended is not counted as cancelled"


def test_a_client_that_stops_reading_loses_its_stream_at_the_deadline(upstream, tmp_path):
    """More than any buffer on the way holds, and nobody takes it."""
    model = "mock-big-67108864"
    deployment = harness.openai_deployment("mock", upstream, [model], timeout="1s")
    body = json.dumps({"model": model, "stream": True, "messages": user("a lot")}).encode()
    with harness.Wharf(tmp_path, harness.config(deployment)) as host:
        until("the emulator is idle", lambda: upstream.stats()["in_flight"] == 0)
        before = upstream.stats()["cancelled"]
        parts = urlsplit(host.url)
        with socket.create_connection((parts.hostname, parts.port)) as stalled:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: wharf\r\ncontent-length: {len(body)}\r\n\r\n"
            stalled.sendall(head.encode() + body)
            until("the upstream is let go of", lambda: upstream.stats()["cancelled"] > before)
            assert upstream.stats()["in_flight"] == 0
