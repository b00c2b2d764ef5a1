"""`wharf models` and the admin API behind it: the models that vendors have, and having one fetched or deleted."""

import contextlib
import fcntl
import http.server
import json
import os
import re
import signal
import struct
import subprocess
import termios
import threading

import harness
import pytest
from harness import UPSTREAM_KEY, openai_deployment, run, until

MODELS = "/admin/v1/models"
SHOW = "/admin/v1/models/show"
PULL = "/admin/v1/models/pull"

#: Two layers of a model, as Ollama names them.
LAYERS = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]


class Vendor:
    """An Ollama server whose pulls a test directs: by the name of the model."""

    def __init__(self):
        vendor = self
        self.models = {"small:1b": 1_321_098_329, "large:70b": 42_520_397_873}
        self.pulls = []
        self.keys = set()
        self.left = threading.Event()
        self.ended = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                vendor.answer(self)

            do_POST = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        length = int(request.headers.get("content-length", 0))
        asked = json.loads(request.rfile.read(length)) if length else {}
        self.keys.add(request.headers.get("authorization"))
        name = asked.get("model")
        known = name in self.models
        match request.command, request.path:
            case "GET", "/api/version":
                send(request, 200, {"version": "0.12.0"})
            case "GET", "/api/tags":
                send(request, 200, {"models": [self.entry(name) for name in self.models]})
            case "GET", "/api/ps":
                send(request, 200, {"models": [self.entry("small:1b")]})
            case "POST", "/api/show" if known:
                info = {"general.architecture": "llama", "llama.context_length": 131072}
                capabilities = ["completion", "tools"]
                shown = {"capabilities": capabilities, "model_info": info, "modified_at": "2024-09-25T14:03:59Z"}
                send(request, 200, shown)
            case "DELETE", "/api/delete" if known:
                del self.models[name]
                send(request, 200, None)
            case "POST", "/api/pull":
                self.pulls.append(name)
                self.pull(request, name)
            case _:
                send(request, 404, {"error": f"model '{name}' not found"})

    def entry(self, name):
        size = self.models[name]
        return {"name": name, "model": name, "modified_at": "2024-09-25T14:03:59Z", "size": size, "details": {}}

    def pull(self, request, name):
        request.send_response(200)
        request.send_header("content-type", "application/x-ndjson")
        request.end_headers()

        def say(status, digest=None, completed=None):
            step = {"status": status}
            if digest:
                step |= {"digest": digest, "total": 4_000_000} | ({"completed": completed} if completed else {})
            request.wfile.write(json.dumps(step).encode() + b"\n")
            request.wfile.flush()

        try:
            say("pulling manifest")
            if name == "no-such:model":
                request.wfile.write(b'{"error":"pull model manifest: file does not exist"}\n')
                return
            for layer in LAYERS:
                for completed in (None, 1_000_000, 2_000_000, 4_000_000):
                    say(f"pulling {layer[7:19]}", layer, completed)
                    if name == "cut":
                        return
                    if name == "silent":
                        self.ended.wait(harness.PATIENCE)
                        return
                    if name == "steady":
                        self.ended.wait(0.2)
            while name == "endless" and not self.ended.wait(0.02):
                say(f"pulling {LAYERS[0][7:19]}", LAYERS[0], 1_000_000)
            say("verifying sha256 digest")
            say("success")
            self.models[name] = 8_000_000
        except OSError:
            self.left.set()


def send(request, status, body):
    content = b"" if body is None else json.dumps(body).encode()
    with contextlib.suppress(OSError):
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@pytest.fixture
def vendor():
    with Vendor() as running:
        yield running


def ollama(name, vendor, **settings):
    """A deployment of a server that speaks Ollama's API."""
    settings = {"component": "ollama", "base_url": vendor.url, "credential": "bearer"} | settings
    return openai_deployment(name, vendor, ['"small:1b"'], **settings)


@pytest.fixture
def host(vendor, start_wharf):
    """One deployment that can manage models, and one whose provider knows nothing of that."""
    limits = {"timeout": "1s", "idle_timeout": "1s"}
    return start_wharf(ollama("local", vendor, **limits), harness.ECHO_DEPLOYMENT)


def models(host, *arguments, **environment):
    place = os.path.dirname(harness.BINARY)
    return run("models", *arguments, "--admin", host.admin_url, cwd=place, **environment)


def ok(result):
    assert result.returncode == 0, result.stderr
    return result


def row(screen, *first):
    """The cells of the line that begins with these cells; at least two blanks are between two cells."""
    rows = [re.split(r" {2,}", line.strip()) for line in screen.splitlines()]
    (found,) = (cells for cells in rows if cells[: len(first)] == list(first))
    return found


def test_a_list_shows_size_load_and_date(host, vendor):
    told = ok(models(host, "list")).stdout
    assert row(told, "DEPLOYMENT")[1:] == ["MODEL", "SIZE", "LOADED", "MODIFIED (UTC)"]
    assert row(told, "local", "small:1b")[2:] == ["1.3 GB", "yes", "2024-09-25 14:03"]
    assert row(told, "local", "large:70b")[2:] == ["42.5 GB", "no", "2024-09-25 14:03"]
    assert "echo" not in told, "its provider has no models to list"
    assert vendor.keys == {f"Bearer {UPSTREAM_KEY}"}, "asked with the deployment's credential"
    assert UPSTREAM_KEY not in told


def test_a_list_as_json_is_what_the_api_gives(host):
    told = json.loads(ok(models(host, "list", "--json")).stdout)
    assert told == host.admin("GET", MODELS).raise_for_status().json()
    (local,) = told["deployments"]
    assert local["deployment"] == "local" and "error" not in local
    small = harness.named(local["models"], "small:1b", by="id")
    assert (small["size"], small["loaded"], small["created"]) == (1_321_098_329, True, 1_727_273_039)


def test_a_deployment_that_fails_does_not_hide_the_others(vendor, start_wharf):
    with harness.Address() as nobody:
        host = start_wharf(ollama("gone", nobody), ollama("local", vendor))
        result = models(host, "list")
        assert result.returncode == 1, "not all was listed"
        assert row(result.stdout, "gone", "-")[2].startswith("not known: ")
        assert row(result.stdout, "local", "small:1b")
        ok(models(host, "list", "--deployment", "local"))
        named = models(host, "list", "--deployment", "gone")
        assert (named.returncode, named.stdout) == (1, "") and named.stderr


def test_one_model_is_shown_with_what_it_can_do(host):
    told = ok(models(host, "show", "small:1b")).stdout
    assert row(told, "model", "small:1b") and row(told, "deployment", "local")
    assert row(told, "context") == ["context", "131072 tokens"]
    assert "tools" in row(told, "can")[1]
    shown = json.loads(ok(models(host, "show", "small:1b", "--json")).stdout)
    assert shown["deployment"] == "local"
    assert shown["capabilities"]["tools"] is True and shown["capabilities"]["context_tokens"] == 131072


def test_a_model_is_deleted(host, vendor):
    assert ok(models(host, "rm", "large:70b")).stdout == "deleted large:70b at local\n"
    assert list(vendor.models) == ["small:1b"]
    again = models(host, "rm", "large:70b", "--deployment", "local")
    assert again.returncode == 1 and "large:70b" in again.stderr
    answer = json.loads(ok(models(host, "rm", "small:1b", "--json")).stdout)
    assert answer == {"deleted": {"deployment": "local", "model": "small:1b"}}


def test_a_pull_tells_how_far_it_is(host, vendor):
    result = ok(models(host, "pull", "hf.co/maker/new:Q4_K_M"))
    assert result.stdout == "pulled hf.co/maker/new:Q4_K_M at local\n"
    expected = [
        "pulling manifest",
        *(f"{letter * 12}: {share}% of 4.0 MB" for letter in "ab" for share in (0, 20, 50, 100)),
        "verifying sha256 digest",
        "success",
    ]
    assert result.stderr.splitlines() == expected
    assert vendor.pulls == ["hf.co/maker/new:Q4_K_M"]
    assert row(ok(models(host, "list")).stdout, "local", "hf.co/maker/new:Q4_K_M")


def test_a_pull_as_json_is_a_line_for_each_step(host):
    lines = [json.loads(line) for line in ok(models(host, "pull", "new", "--json")).stdout.splitlines()]
    assert lines[0] == {"status": "pulling manifest"} and lines[-1] == {"status": "success"}
    step = {"status": "pulling " + "a" * 12, "digest": LAYERS[0], "total": 4_000_000}
    assert lines[1:3] == [step, step | {"completed": 1_000_000}]


def test_the_api_writes_each_step_when_it_is_there(host, vendor):
    request = {"json": {"model": "endless"}, "timeout": harness.PATIENCE, "trust_env": False, "verify": False}
    with harness.httpx2.stream("POST", host.admin_url + PULL, **request) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.headers["x-wharf-deployment"] == "local"
        assert json.loads(next(answer.iter_lines())) == {"status": "pulling manifest"}
    until("the vendor may stop when the client has left", vendor.left.is_set)


def test_a_pull_may_take_longer_than_any_answer(host):
    ok(models(host, "pull", "steady"))


@pytest.mark.parametrize(
    ("model", "words"), [("no-such:model", "file does not exist"), ("cut", ""), ("silent", "fell silent")]
)
def test_a_pull_that_fails_says_why(host, model, words):
    result = models(host, "pull", model)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("pulling manifest\n") and words in result.stderr.splitlines()[-1]
    lines = models(host, "pull", model, "--json").stdout.splitlines()
    assert words in json.loads(lines[-1])["error"]["message"]


def start(host, *arguments, **options):
    return subprocess.Popen(
        [str(harness.BINARY), "models", *arguments, "--admin", host.admin_url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=harness.environment(TERM="xterm"),
        **options,
    )


def test_ctrl_c_ends_the_pull_at_the_vendor(host, vendor):
    with start(host, "pull", "endless", stderr=subprocess.PIPE, text=True) as process:
        until("the pull has begun", lambda: vendor.pulls)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=harness.PATIENCE)
    assert (process.returncode, told) == (1, "")
    assert errors.splitlines()[-1] == "error: cancelled; endless was not pulled"
    until("the vendor may stop", vendor.left.is_set)


def test_a_terminal_shows_a_bar_for_each_layer(host):
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with start(host, "pull", "steady", stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        # The end of a terminal that nobody holds any more is an error.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                drawn += piece
        told = process.stdout.read()
        assert process.wait(timeout=harness.PATIENCE) == 0
    os.close(ours)
    assert told == b"pulled steady at local\n"
    for layer in LAYERS:
        assert re.search(rb"%s \[=+>? *\]" % layer[7:19].encode(), drawn), drawn
    assert b"\x1b[" in drawn, "it is drawn over"


def test_the_deployment_has_to_be_named_when_there_are_several(vendor, start_wharf):
    host = start_wharf(ollama("one", vendor), ollama("two", vendor))
    for arguments in (["pull", "new"], ["rm", "small:1b"], ["show", "small:1b"]):
        result = models(host, *arguments)
        assert result.returncode == 1
        assert "one, two" in result.stderr and "--deployment" in result.stderr
    assert vendor.pulls == [] and "small:1b" in vendor.models
    assert ok(models(host, "pull", "new", "--deployment", "two")).stdout == "pulled new at two\n"


def test_a_host_without_such_a_provider_says_so(start_wharf):
    host = start_wharf(harness.ECHO_DEPLOYMENT)
    assert ok(models(host, "list")).stdout == "no deployment can tell which models it has\n"
    assert json.loads(ok(models(host, "list", "--json")).stdout) == {"deployments": []}
    result = models(host, "pull", "new")
    assert result.returncode == 1 and "manage models" in result.stderr
    result = models(host, "pull", "new", "--deployment", "echo")
    assert result.returncode == 1 and "echo" in result.stderr, "its provider has no such interface"


@pytest.mark.parametrize("arguments", [["list"], ["show", "small:1b"], ["pull", "x"], ["rm", "small:1b"]])
def test_an_unknown_deployment_is_told_with_those_that_there_are(host, arguments):
    result = models(host, *arguments, "--deployment", "locl")
    assert (result.returncode, result.stdout) == (1, "")
    assert "`local`" in result.stderr and "local, echo" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["pull"], ["rm"], ["show"], ["pull", ""], ["list", "x"], ["rm", "a", "b"]])
def test_wrong_usage_has_its_own_exit_code(host, arguments):
    assert models(host, *arguments).returncode == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", MODELS + "?deploymnet=local", None),
        ("GET", MODELS + "?model=x", None),
        ("GET", SHOW, None),
        ("DELETE", MODELS, None),
        ("DELETE", MODELS + "?model=", None),
        ("POST", PULL, {}),
        ("POST", PULL, {"name": "x"}),
        ("POST", PULL, ["local", "x"]),
    ],
)
def test_what_is_not_understood_is_refused_with_what_to_write(host, vendor, method, path, body):
    answer = host.admin(method, path, json=body)
    assert answer.status_code == 400
    assert "write " in answer.json()["error"]["message"]
    assert vendor.pulls == [] and len(vendor.models) == 2


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}], ids=str)
def test_web_pages_neither_see_nor_touch_models(host, vendor, headers):
    for method, path, body in [
        ("GET", MODELS, None),
        ("DELETE", MODELS + "?model=small:1b", None),
        ("POST", PULL, {"model": "x"}),
    ]:
        answer = host.admin(method, path, json=body, headers=headers)
        assert answer.status_code == 403 and "small" not in answer.text
    form = host.admin("POST", PULL, content=b'{"model":"x"}', headers={"content-type": "text/plain"})
    assert form.status_code == 415
    assert vendor.pulls == [] and len(vendor.models) == 2


def test_the_emulator_manages_models_as_the_vendor_does(mock, start_wharf):
    host = start_wharf(ollama("local", mock))
    credential = {"authorization": f"Bearer {UPSTREAM_KEY}"}

    def known():
        tags = mock.get("/api/tags", headers=credential).raise_for_status().json()["models"]
        (local,) = json.loads(ok(models(host, "list", "--json")).stdout)["deployments"]
        assert [model["id"] for model in local["models"]] == [model["model"] for model in tags]
        return tags

    known()
    steps = [json.loads(line) for line in ok(models(host, "pull", "new:1b", "--json")).stdout.splitlines()]
    assert steps[-1] == {"status": "success"}
    assert any(step.get("digest") and step.get("total") for step in steps), "it has layers"
    ok(models(host, "pull", "new:1b"))
    ok(models(host, "rm", "new:1b"))
    known()
