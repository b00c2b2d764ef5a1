"""Runs the real binary for the tests: the host, its upstream emulator, and its one-shot commands.

Nothing here sleeps to wait for something to be true: `until` asks again until it is, or fails at its deadline.
"""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("WHARF_BIN", ROOT / "target/release/wharf")).resolve()
PLUGINS = Path(os.environ.get("WHARF_PLUGINS", ROOT / "plugins")).resolve()

#: What the emulator accepts. It reaches the host through the environment, as an operator would do it.
UPSTREAM_KEY = "sk-upstream-secret"
UPSTREAM_KEY_VARIABLE = "WHARF_TEST_UPSTREAM_KEY"
#: What the client sends to the host. The host must keep it to itself.
CLIENT_KEY = "sk-client-only"

#: How the variables begin in which the official SDKs look for keys and addresses.
SDK_VARIABLES = ("OPENAI_", "ANTHROPIC_", "OLLAMA_", "GEMINI_", "GOOGLE_", "AZURE_OPENAI_")

#: Waits so short that a test need not mind them.
QUICK_RETRIES = "{base_delay: 10ms, max_delay: 50ms}"
#: For tests of what one attempt does.
ONE_ATTEMPT = "{max_attempts: 1}"

#: Where the admin API shows the state, and where it resets breakers.
STATE = "/admin/v1/state"
RESET = "/admin/v1/breakers/reset"

#: Long enough for a loaded machine, short enough that a hang is a failure and not a coffee break.
PATIENCE = 30.0


def environment(**extra):
    """This process's environment without what would change the outcome: proxies, other keys, log levels."""
    dropped = re.compile(r"(?i)^(https?|all|no)_proxy$|^WHARF_|^RUST_LOG$")
    names = [name for name in os.environ if not dropped.search(name) and not name.startswith(SDK_VARIABLES)]
    return {name: os.environ[name] for name in names} | {UPSTREAM_KEY_VARIABLE: UPSTREAM_KEY} | extra


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
    """A running `wharf` that says where it listens in its first lines."""

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
        self.url = self._announced(announces)

    def _announced(self, words):
        """The address in the next line, which begins with these words."""
        try:
            line = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = None
        found = re.match(re.escape(words) + r" (http://127\.0\.0\.1:\d+)\s*$", line or "")
        if not found:
            self.stop()
            raise AssertionError(f"expected the line '{words} http://…', got {line!r}:\n{self.log()}")
        return found[1]

    def _read(self):
        with self._child.stdout:
            for line in self._child.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def log(self):
        """Everything written to standard error so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def get(self, path, **arguments):
        return plain("GET", self.url + path, **arguments)

    def post(self, path, **arguments):
        return plain("POST", self.url + path, **arguments)

    @property
    def pid(self):
        return self._child.pid

    def terminate(self):
        self._child.send_signal(signal.SIGTERM)

    def kill(self):
        """Ends it as a crash would: nothing is finished, nobody is told."""
        self._child.kill()

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

    def __init__(self, directory, *arguments, name="mock", listen="127.0.0.1:0"):
        super().__init__(
            *("mock", "--listen", listen, "--models", "*", "--api-key", UPSTREAM_KEY, *arguments),
            announces="mock upstream listening on",
            log=Path(directory) / f"{name}.log",
        )

    def stats(self):
        return self.get("/mock/stats").raise_for_status().json()

    def client(self):
        """A client that speaks to the emulator directly, past the host."""
        return openai.OpenAI(api_key=UPSTREAM_KEY, **sdk_options(self.url, openai.DefaultHttpxClient))

    def anthropic_client(self):
        options = sdk_options(self.url, anthropic.DefaultHttpxClient, path="")
        return anthropic.Anthropic(api_key=UPSTREAM_KEY, **options)


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
        self.admin_url = self._announced("wharf admin listening on")
        try:
            until("the host is ready", lambda: self.get("/readyz").status_code == 200, every=0.02)
        except BaseException:
            self.stop()
            raise

    def admin(self, method, path, **arguments):
        """An answer of the admin API, whatever it is."""
        return plain(method, self.admin_url + path, **arguments)

    def admin_post(self, path, body):
        """What the admin API says to this body; it must accept it."""
        return self.admin("POST", path, json=body).raise_for_status().json()

    def state(self):
        return self.admin("GET", STATE).raise_for_status().json()

    def counts(self, route):
        """How the requests of a route ended."""
        return named(self.state()["routes"], route)["counts"]

    def deployment(self, name):
        """What there is to know of a deployment."""
        return named(self.state()["deployments"], name)

    def target(self, deployment, model):
        """What there is to know of a deployment with one of its models."""
        return named(self.deployment(deployment)["targets"], model, by="model")

    def in_flight(self):
        """The attempts that run now, on all deployments together."""
        return sum(target["in_flight"] for each in self.state()["deployments"] for target in each["targets"])

    def client(self, **options):
        return openai.OpenAI(api_key=CLIENT_KEY, **sdk_options(self.url, openai.DefaultHttpxClient) | options)

    def async_client(self, **options):
        return openai.AsyncOpenAI(api_key=CLIENT_KEY, **sdk_options(self.url, openai.DefaultAsyncHttpxClient) | options)

    def anthropic_client(self, **options):
        ours = sdk_options(self.url, anthropic.DefaultHttpxClient, path="")
        return anthropic.Anthropic(api_key=CLIENT_KEY, **ours | options)

    def async_anthropic_client(self, **options):
        ours = sdk_options(self.url, anthropic.DefaultAsyncHttpxClient, path="")
        return anthropic.AsyncAnthropic(api_key=CLIENT_KEY, **ours | options)


class Address:
    """A port of this machine that nobody else gets, for a process that is not always there.

    Until somebody listens there, connections are refused.
    """

    def __init__(self):
        self._held = socket.socket()
        # Who listens there later is only let in beside this socket, which never listens, if both allow it.
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._held.getsockname()[1]}"
        self.url = f"http://{self.authority}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._held.close()


def plain(method, url, **arguments):
    """One HTTP request, past every proxy and without reading any certificates: nothing here speaks TLS."""
    return httpx2.request(method, url, timeout=PATIENCE, trust_env=False, verify=False, **arguments)


def named(entries, name, by="name"):
    """The one entry of this name."""
    (found,) = (entry for entry in entries if entry[by] == name)
    return found


def sdk_options(url, http_client, path="/v1"):
    """One try per request: what the host answers is what the test sees."""
    return {
        "base_url": url + path,
        "max_retries": 0,
        "timeout": PATIENCE,
        "http_client": http_client(trust_env=False, timeout=PATIENCE),
    }


def openai_deployment(name, upstream, models, **settings):
    """One entry of `ai_services.providers` that speaks to an upstream: an emulator, or the address of one."""
    values = {
        "component": "openai",
        "base_url": f"{upstream.url}/v1",
        "private": "true",
        "api_key": f'"${{{UPSTREAM_KEY_VARIABLE}}}"',
        "models": "[" + ", ".join(models) + "]",
    } | settings
    if "api_keys" in settings:
        del values["api_key"]
    return f"    {name}:\n" + "".join(f"      {key}: {value}\n" for key, value in values.items())


#: component → what its entry says about an emulator besides its address: the path, and how the key is shown where the
#: vendor's own way is another.
COMPONENTS = {
    "openai": ("/v1", {}),
    "azure_openai": ("", {}),
    "anthropic": ("", {}),
    "gemini": ("/v1beta", {}),
    "ollama": ("", {"credential": "bearer"}),
}


def deployment(name, component, upstream, models, **settings):
    """One entry of `ai_services.providers` of any component that speaks to an upstream."""
    path, own = COMPONENTS[component]
    values = {"component": component, "base_url": upstream.url + path} | own | settings
    return openai_deployment(name, upstream, [json.dumps(model) for model in models], **values)


def config(*deployments, plugins=PLUGINS, admin='{listen: "127.0.0.1:0"}', retry=QUICK_RETRIES, **sections):
    """A configuration with these deployments. The sections of `ai_services` are YAML on one line, or values."""
    head = f'listen: 127.0.0.1:0\nadmin: {admin}\nplugins: "{plugins}"\nai_services:\n  providers:\n'
    lines = ""
    for name, value in ({"retry": retry} | sections).items():
        # JSON is YAML.
        lines += f"  {name}: {value if isinstance(value, str) else json.dumps(value)}\n"
    return head + "".join(deployments) + lines


def route(*targets, **more):
    """One entry of `ai_services.routes`, over pairs of a deployment and one of its models."""
    return {"targets": [{"provider": provider, "model": model} for provider, model in targets]} | more


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


def ask(client, model, content="hello", **options):
    """The SDK's answer with its headers; `.parse()` is the answer itself, or the stream of its chunks."""
    return client.chat.completions.with_raw_response.create(model=model, messages=user(content), **options)


def failure(client, model, content="hello", **options):
    """The error of a request that must be refused with a status."""
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=model, messages=user(content), **options)
    return caught.value


def streamed_failure(client, model, content="hello", **options):
    """What a stream said until it broke off with an error event, and that error."""
    received = []
    with pytest.raises(openai.APIError) as caught:
        with client.chat.completions.create(model=model, messages=user(content), stream=True, **options) as stream:
            received.extend(stream)
    assert not isinstance(caught.value, openai.APIConnectionError), "it is an event, not a broken connection"
    assert not isinstance(caught.value, openai.APIStatusError), "the answer had begun"
    return received, caught.value


def finish_reasons(chunks):
    """The finish reasons in a stream; one whole answer has one."""
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
