"""Start and stop: broken plugins do not stop a host, and a stopping host finishes what it began."""

import shutil
import socket
from urllib.parse import urlsplit

import harness
import httpx2
from harness import PLUGINS, text_of, until, user

#: A thousand chunks, one every two milliseconds: long enough to look around while it runs.
DRIP = "mock-drip-2"


def refuses_new_requests(host):
    try:
        answer = httpx2.get(host.url + "/readyz", timeout=5, trust_env=False)
    except httpx2.TransportError:
        return True
    return answer.status_code == 503


def test_a_stopping_host_finishes_its_streams_and_exits_cleanly(mock, tmp_path):
    with mock.client() as direct, direct.chat.completions.create(
        model=DRIP, messages=user("drip"), stream=True
    ) as stream:
        expected = text_of(list(stream))

    deployment = harness.openai_deployment("mock", mock, [DRIP])
    with harness.Wharf(tmp_path, harness.config(deployment)) as host, host.client() as client:
        with client.chat.completions.create(model=DRIP, messages=user("drip"), stream=True) as stream:
            chunks = [next(stream) for _ in range(5)]
            host.terminate()
            until("new requests are refused", lambda: refuses_new_requests(host), within=2)
            chunks.extend(stream)
        same = text_of(chunks) == expected
        assert same, f"{len(text_of(chunks))} of {len(expected)} characters arrived"
        reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
        assert reasons == ["stop"]
        assert host.wait(within=10) == 0


def test_an_idle_host_stops_at_once(tmp_path):
    with harness.Wharf(tmp_path, harness.config(harness.ECHO_DEPLOYMENT)) as host:
        host.terminate()
        assert host.wait(within=5) == 0
        with socket.socket() as connection:
            assert connection.connect_ex(("127.0.0.1", urlsplit(host.url).port)) != 0, "the port is free again"


def test_broken_plugins_do_not_stop_the_host(tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    shutil.copy(PLUGINS / "echo.wasm", plugins)
    whole = (PLUGINS / "echo.wasm").read_bytes()
    (plugins / "text.wasm").write_text("this is not WebAssembly")
    (plugins / "truncated.wasm").write_bytes(whole[: len(whole) // 2])
    (plugins / "empty.wasm").write_bytes(b"")

    with harness.Wharf(tmp_path, harness.config(harness.ECHO_DEPLOYMENT, plugins=plugins)) as host:
        with host.client() as client:
            answer = client.chat.completions.create(model="echo", messages=user("still here"))
        assert "still here" in answer.choices[0].message.content
        for name in ("text.wasm", "truncated.wasm", "empty.wasm"):
            until(f"the log names {name}", lambda: name in host.log(), within=5)


def test_the_drain_limit_ends_what_still_runs(mock, tmp_path):
    deployment = harness.openai_deployment("mock", mock, ["mock-hang"])
    limited = "server: {drain_timeout: 300ms}\n" + harness.config(deployment)
    before = mock.stats()["cancelled"]
    with harness.Wharf(tmp_path, limited) as host, socket.create_connection(address_of(host), timeout=10) as waiting:
        body = b'{"model":"mock-hang","messages":[{"role":"user","content":"wait"}]}'
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: wharf\r\ncontent-length: {len(body)}\r\n\r\n"
        in_flight = mock.stats()["in_flight"]
        waiting.sendall(head.encode() + body)
        until("the request reached the upstream", lambda: mock.stats()["in_flight"] > in_flight)
        host.terminate()
        assert host.wait(within=10) == 0
        assert waiting.recv(1) == b"", "the connection was closed without an answer"
        assert "ended running connections" in host.log()
    until("the upstream sees that nobody waits any more", lambda: mock.stats()["cancelled"] > before)


def address_of(host):
    parts = urlsplit(host.url)
    return parts.hostname, parts.port


def replaced(whole, name, other):
    """The component with one of its names replaced by another of the same length."""
    assert len(name) == len(other) and name in whole
    return whole.replace(name, other)


def test_each_unusable_plugin_says_what_it_is_and_what_to_do(tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    shutil.copy(PLUGINS / "echo.wasm", plugins)
    whole = (PLUGINS / "echo.wasm").read_bytes()
    provider = b"wharf:provider/provider@0.1.0"
    files = {
        "text": b"this is not WebAssembly",
        "module": b"\0asm\x01\0\0\0",
        "world": replaced(whole, provider, b"wrong:provider/provider@0.1.0"),
        "newer": replaced(whole, provider, b"wharf:provider/provider@0.3.0"),
        "wants": replaced(whole, b"wharf:provider/config@0.1.0", b"acmes:provider/config@0.1.0"),
    }
    for name, data in files.items():
        (plugins / f"{name}.wasm").write_bytes(data)

    with harness.Wharf(tmp_path, harness.config(harness.ECHO_DEPLOYMENT, plugins=plugins)) as host:
        told = {name: [line for line in host.log().splitlines() if f"{name}.wasm" in line] for name in files}
        assert host.get("/readyz").status_code == 200
    assert all(len(lines) == 1 for lines in told.values()), told
    expected = {
        "text": ["not a WebAssembly file", "remove the file"],
        "module": ["a core WebAssembly module", "wasm32-wasip2"],
        "world": ["not a Wharf provider", "ai-provider"],
        "newer": ["0.3.0", "0.1.0", "upgrade the host, or rebuild"],
        "wants": ["acmes:provider/config@0.1.0", "remove the others"],
    }
    for name, words in expected.items():
        for word in words:
            assert word in told[name][0], f"{word!r} in {told[name][0]!r}"
