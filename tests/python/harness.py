"""Runs the real binary for the tests: the host, its upstream emulator, and its one-shot commands.

Nothing here sleeps to wait for something to be true: `until` asks again until it is, or fails at its deadline.
"""

import os
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx2
import openai

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("WHARF_BIN", ROOT / "target/release/wharf")).resolve()
PLUGINS = Path(os.environ.get("WHARF_PLUGINS", ROOT / "plugins")).resolve()

#: What the emulator accepts. It reaches the host through the environment, as an operator would do it.
UPSTREAM_KEY = "sk-upstream-secret"
UPSTREAM_KEY_VARIABLE = "WHARF_TEST_UPSTREAM_KEY"
#: What the client sends to the host. The host must keep it to itself.
CLIENT_KEY = "sk-client-only"

#: Long enough for a loaded machine, short enough that a hang is a failure and not a coffee break.
PATIENCE = 30.0


def environment(**extra):
    """This process's environment without what would change the outcome: proxies, other keys, log levels."""
    dropped = re.compile(r"(?i)^(https?|all|no)_proxy$|^OPENAI_|^WHARF_|^RUST_LOG$")
    kept = {name: value for name, value in os.environ.items() if not dropped.search(name)}
    return kept | {UPSTREAM_KEY_VARIABLE: UPSTREAM_KEY} | extra


def until(what, condition, within=PATIENCE, every=0.005):
    """Returns the first true value of `condition()`; fails when there is none within `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(every)


class Process:
    """A running `wharf` that says where it listens in its first line."""

    def __init__(self, *arguments, announces, log, **extra_environment):
        self._log = Path(log)
        self._lines = queue.Queue()
        with self._log.open("wb") as stderr:
            self._child = subprocess.Popen(
                [str(BINARY), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(**extra_environment),
                text=True,
            )
        # Reads to the end, so that the process never waits for a full pipe.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            first = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            first = None
        found = re.match(re.escape(announces) + r" (http://127\.0\.0\.1:\d+)\s*$", first or "")
        if not found:
            self.stop()
            raise AssertionError(f"expected '{announces} http://…' as the first line, got {first!r}:\n{self.log()}")
        self.url = found[1]

    def _read(self):
        with self._child.stdout:
            for line in self._child.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def log(self):
        """Everything written to standard error so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def get(self, path):
        return httpx2.get(self.url + path, timeout=PATIENCE, trust_env=False)

    def post(self, path, **arguments):
        return httpx2.post(self.url + path, timeout=PATIENCE, trust_env=False, **arguments)

    def terminate(self):
        self._child.send_signal(signal.SIGTERM)

    def wait(self, within=PATIENCE):
        """The exit code."""
        return self._child.wait(timeout=within)

    def stop(self):
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(timeout=10)
        self._reader.join(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Mock(Process):
    """The upstream emulator."""

    def __init__(self, directory, *arguments):
        super().__init__(
            *("mock", "--listen", "127.0.0.1:0", "--models", "*", "--api-key", UPSTREAM_KEY, *arguments),
            announces="mock upstream listening on",
            log=Path(directory) / "mock.log",
        )

    def stats(self):
        return self.get("/mock/stats").raise_for_status().json()

    def client(self):
        """A client that speaks to the emulator directly, past the host."""
        return openai.OpenAI(api_key=UPSTREAM_KEY, **sdk_options(self.url, openai.DefaultHttpxClient))


class Wharf(Process):
    """The host, ready to serve."""

    def __init__(self, directory, config, **extra_environment):
        path = Path(directory) / "wharf.yaml"
        path.write_text(config, encoding="utf-8")
        super().__init__(
            *("serve", "--config", path),
            announces="wharf listening on",
            log=Path(directory) / "wharf.log",
            **extra_environment,
        )
        try:
            until("the host is ready", lambda: self.get("/readyz").status_code == 200, every=0.02)
        except BaseException:
            self.stop()
            raise

    def client(self, **options):
        return openai.OpenAI(api_key=CLIENT_KEY, **sdk_options(self.url, openai.DefaultHttpxClient) | options)

    def async_client(self, **options):
        return openai.AsyncOpenAI(api_key=CLIENT_KEY, **sdk_options(self.url, openai.DefaultAsyncHttpxClient) | options)


def sdk_options(url, http_client):
    """One try per request: what the host answers is what the test sees."""
    return {
        "base_url": url + "/v1",
        "max_retries": 0,
        "timeout": PATIENCE,
        "http_client": http_client(trust_env=False, timeout=PATIENCE),
    }


def openai_deployment(name, mock, models, **settings):
    """One entry of `ai_services.providers` that speaks to the emulator."""
    values = {
        "component": "openai",
        "base_url": f"{mock.url}/v1",
        "private": "true",
        "api_key": f'"${{{UPSTREAM_KEY_VARIABLE}}}"',
        "models": "[" + ", ".join(models) + "]",
    } | settings
    return f"    {name}:\n" + "".join(f"      {key}: {value}\n" for key, value in values.items())


def config(*deployments, plugins=PLUGINS):
    return f'listen: 127.0.0.1:0\nplugins: "{plugins}"\nai_services:\n  providers:\n' + "".join(deployments)


ECHO_DEPLOYMENT = "    echo:\n      component: echo\n      models: [echo]\n"


def run(*arguments, cwd, stdin="", **extra_environment):
    """A command that ends by itself; standard input is `stdin` and then closed."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(**extra_environment),
    )


def user(content):
    """The messages of a conversation that starts with these words (or parts)."""
    return [{"role": "user", "content": content}]


def text_of(chunks, choice=0):
    """The text of one choice of a stream."""
    return "".join(
        part.delta.content for chunk in chunks for part in chunk.choices if part.index == choice and part.delta.content
    )
