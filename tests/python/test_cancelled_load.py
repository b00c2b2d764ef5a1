"""Ten thousand clients that leave, in every phase a request can be in: nothing of them stays behind.

A round is a crowd of clients with one request each. All of them leave once all are known to be where the round wants
them, so each is counted in exactly one phase.
"""

import contextlib
import json
import re
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from harness import PATIENCE, ask, openai_deployment, until, user

#: Clients of a round.
CROWD = 100
#: Rounds of each phase in a batch. Two batches of five phases: ten thousand requests.
ROUNDS = 10
BATCHES = 2

#: A request to this route is never answered.
HANGS = "mock-hang"
#: A stream of this route says something every tenth of a second.
DRIPS = "mock-drip-100"
#: Requests to these fail and are made again after ten seconds. So many of them that none trips its breaker.
FAILS = ["mock-status-500", "mock-status-502", "mock-status-503"]
#: The rate of this one is limited for a minute.
LIMITED = "limited"
ROUTES = [HANGS, DRIPS, *FAILS, LIMITED]

#: What the process may grow from one batch to the next: a share of what it had, and what one batch happens to need.
GROWTH, SLACK = 1.05, 4 << 20


@pytest.fixture
def upstreams(start_mock):
    limits = ("--failure-rate", "1", "--failure-status", "429", "--retry-after", "60s")
    return {"slow": start_mock("slow"), "failing": start_mock("failing"), "limited": start_mock("limited", *limits)}


@pytest.fixture
def host(upstreams, start_wharf):
    return start_wharf(
        openai_deployment("slow", upstreams["slow"], [HANGS, DRIPS, "gpt-4"]),
        openai_deployment("failing", upstreams["failing"], FAILS),
        openai_deployment("limited", upstreams["limited"], [LIMITED]),
        retry="{max_attempts: 3, base_delay: 10s, max_delay: 10s, jitter: false, budget: {min_per_second: 1000}}",
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
    )


@contextlib.contextmanager
def crowd(host, model, stream):
    """Clients that have sent a request each, and leave at the end without having read an answer."""
    body = json.dumps({"model": model, "stream": stream, "messages": user("wait for me")}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: wharf\r\ncontent-length: {len(body)}\r\n\r\n"
    parts = urlsplit(host.url)
    with contextlib.ExitStack() as clients:
        connections = []
        for _ in range(CROWD):
            connection = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
            connections.append(clients.enter_context(connection))
            connection.sendall(head.encode() + body)
        yield connections


def read_content(connection):
    """Reads a stream up to its first content."""
    read = b""
    while b'"content":"drip' not in read:
        piece = connection.recv(65536)
        assert piece, f"the stream ended: {read!r}"
        read += piece


def waiting(counts):
    """The requests of a route that have not ended."""
    return counts["requests"] - sum(counts[end] for end in ("succeeded", "failed", "cancelled", "fallbacks"))


@contextlib.contextmanager
def leaving(host, model, stream=False):
    """One round: in the body its crowd is there, and after it each of them has been counted as cancelled."""
    before = host.counts(model)
    assert waiting(before) == 0
    with crowd(host, model, stream) as connections:
        yield connections
    until(
        f"all {CROWD} requests to {model} are cancelled",
        lambda: host.counts(model)["cancelled"] == before["cancelled"] + CROWD,
    )
    assert waiting(host.counts(model)) == 0


def before_the_first_byte(host, upstreams, stream):
    with leaving(host, HANGS, stream):
        until("all requests are at the upstream", lambda: upstreams["slow"].stats()["in_flight"] == CROWD)
    until("the upstream is let go of", lambda: upstreams["slow"].stats()["in_flight"] == 0)


def in_the_middle_of_a_stream(host, upstreams):
    with leaving(host, DRIPS, stream=True) as connections:
        for connection in connections:
            read_content(connection)
        assert upstreams["slow"].stats()["streams_open"] == CROWD
    until("the upstream is let go of", lambda: upstreams["slow"].stats()["in_flight"] == 0)


def during_the_backoff(host, model):
    failed = host.target("failing", model)["attempts"]["failed"]
    with leaving(host, model):
        until(
            "all requests wait for their second attempt",
            lambda: host.target("failing", model)["attempts"]["failed"] == failed + CROWD,
        )
        assert waiting(host.counts(model)) == CROWD


def while_the_key_rests(host):
    def all_wait():
        return waiting(host.counts(LIMITED)) == CROWD and host.target("limited", LIMITED)["in_flight"] == 0

    with leaving(host, LIMITED):
        until("all requests wait for the key", all_wait)


def batch(host, upstreams):
    for number in range(ROUNDS):
        before_the_first_byte(host, upstreams, stream=False)
        before_the_first_byte(host, upstreams, stream=True)
        in_the_middle_of_a_stream(host, upstreams)
        during_the_backoff(host, FAILS[number % len(FAILS)])
        while_the_key_rests(host)
    until("nothing is in flight", lambda: host.in_flight() == 0)


def memory(host):
    """What the process has in memory, in bytes."""
    status = Path(f"/proc/{host.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[1]) << 10


def test_ten_thousand_clients_that_left_leave_nothing_behind(host, upstreams):
    began = time.monotonic()
    sizes = []
    for _ in range(BATCHES):
        batch(host, upstreams)
        sizes.append(memory(host))
    seconds = time.monotonic() - began
    sent = BATCHES * ROUNDS * 5 * CROWD
    print(f"{sent} cancelled requests in {seconds:.1f} s; MiB after each batch: {[size >> 20 for size in sizes]}")

    counts = {name: host.counts(name) for name in ROUTES}
    assert sum(each["cancelled"] for each in counts.values()) == sent == 10_000
    for name, each in counts.items():
        assert each["cancelled"] == each["requests"], f"{name}: nobody got an answer, and none was counted as failed"
        assert (each["succeeded"], each["failed"], each["retries_denied"]) == (0, 0, 0)
    targets = {
        target["model"]: target for deployment in host.state()["deployments"] for target in deployment["targets"]
    }
    for model, target in targets.items():
        attempts = target["attempts"]
        assert attempts["started"] == attempts["succeeded"] + attempts["failed"] + attempts["cancelled"], model
        assert (target["breaker"]["state"], target["breaker"]["trips"]) == ("closed", 0), model
    for model in (HANGS, DRIPS):
        assert targets[model]["attempts"]["cancelled"] == targets[model]["attempts"]["started"], model
        assert targets[model]["breaker"]["window_failures"] == 0, "a client that leaves says nothing of the deployment"

    stats = upstreams["slow"].stats()
    assert (stats["in_flight"], stats["streams_open"]) == (0, 0)
    # What asks now, and perhaps the connection of the health checks.
    until("the connections are closed", lambda: upstreams["slow"].stats()["connections_open"] <= 3)
    with host.client() as client:
        assert ask(client, "gpt-4", "still there?").parse().choices[0].message.content == "You said: still there?"

    warm, later = sizes
    assert later <= warm * GROWTH + SLACK, "what is cancelled must be given back"
