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
