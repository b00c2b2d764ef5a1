"""A conversation of ten turns with tools that begins with one vendor and goes on with another when the first is gone.

The first vendor dies in the middle of a round: it has called two tools, and their results are for the second one. What
both vendors are asked is recorded on its way, so that identifiers and order can be looked at in the vendor's own words;
the emulators of Anthropic and Gemini check them too, and refuse signatures that are not theirs.
"""

import http.client
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import permutations

import harness
import pytest
from doors import CONVERSING
from harness import route
from vendors import MODELS, SETTINGS

TURNS = 10
#: The turn in which the first vendor dies.
LAST_OF_FIRST = 5

#: vendor → component. Azure's requests are OpenAI's.
SPEAKERS = {
    "openai": "openai",
    "responses": "openai",
    "localai": "openai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
}
#: `localai` numbers the calls of each answer from the start, since its server names none.
NAMES = MODELS | {"localai": "mock-quirks-no-ids+no-usage"}

PAIRS = list(permutations(SPEAKERS, 2))

OBJECT = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
TOOLS = [
    {"name": name, "description": f"{name} at a place", "parameters": OBJECT | {"additionalProperties": False}}
    for name in ("depth", "tide")
]


class Server(ThreadingHTTPServer):
    #: More than there are connections at once: one that has to wait is only tried again after a second.
    request_queue_size = 128


class Recorder:
    """Hands requests on to an emulator and keeps their bodies."""

    def __init__(self, upstream):
        self.bodies = []
        recorder, authority = self, upstream.url.removeprefix("http://")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                recorder.bodies.append((self.path, json.loads(body)))
                connection = http.client.HTTPConnection(authority, timeout=harness.PATIENCE)
                try:
                    connection.request("POST", self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                self.send_response(answer.status)
                self.send_header("content-type", answer.headers["content-type"])
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def about(self, name):
        """What was asked in one conversation: the first words of the user say which it is."""
        return [(path, body) for path, body in self.bodies if f"{name}: turn 1." in json.dumps(body)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Talk:
    """One conversation as its client sees it."""

    door: object
    first: str
    second: str
    history: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    asked_of: list = field(default_factory=list)
    #: What ended it early.
    problem: Exception | None = None

    @property
    def name(self):
        return f"{self.door.name} {self.first} {self.second}"

    def ask(self, host, turn):
        # Every other turn is streamed.
        said = self.door.ask(
            host, f"{self.first}-{self.second}", self.history, stream=turn % 2 == 0, tools=TOOLS, thinks=True
        )
        self.history += said.history
        self.asked_of.append(said.deployment)
        return said

    def call(self, host, turn):
        """The user says something, and the model calls both tools."""
        self.history += self.door.user(f"{self.name}: turn {turn}.")
        self.calls = self.ask(host, turn).calls

    def answer(self, host, turn):
        """The tools answer, and so does the model."""
        results = [self.door.result(call, f"{call.name} of turn {turn}") for call in self.calls]
        if self.door.name == "messages":
            # Anthropic's clients send the results of a turn together.
            blocks = [block for (message,) in results for block in message["content"]]
            results = [[{"role": "user", "content": blocks}]]
        for result in results:
            self.history += result
        said = self.ask(host, turn)
        assert not said.calls
        self.answers.append(said.text)


def talks_of_all():
    return [Talk(door, first, second) for door in CONVERSING for first, second in PAIRS]


def held(host, talks, first_dies):
    """All conversations at once, from their beginning to their end."""

    def begin(talk):
        for turn in range(1, LAST_OF_FIRST):
            talk.call(host, turn)
            talk.answer(host, turn)
        talk.call(host, LAST_OF_FIRST)

    def go_on(talk):
        talk.answer(host, LAST_OF_FIRST)
        for turn in range(LAST_OF_FIRST + 1, TURNS + 1):
            talk.call(host, turn)
            talk.answer(host, turn)

    def noted(part):
        def run(talk):
            try:
                if talk.problem is None:
                    part(talk)
            # Each conversation has a test of its own that tells of it.
            except Exception as problem:
                talk.problem = problem

        return run

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(noted(begin), talks))
        first_dies()
        list(pool.map(noted(go_on), talks))


@pytest.fixture(scope="module")
def held_talks(tmp_path_factory):
    """name → conversation, and the requests at the first and at the second vendor."""
    with (
        harness.Mock(tmp_path_factory.mktemp("first"), name="first") as first,
        harness.Mock(tmp_path_factory.mktemp("second"), name="second") as second,
    ):
        before, after = Recorder(first), Recorder(second)
        entries, routes = [], {}
        for vendor, component in SPEAKERS.items():
            for place, recorder in (("first", before), ("second", after)):
                own = {"settings": SETTINGS[vendor]} if vendor in SETTINGS else {}
                entries.append(harness.deployment(f"{place}-{vendor}", component, recorder, [NAMES[vendor]], **own))
            routes[f"only-{vendor}"] = route((f"second-{vendor}", NAMES[vendor]))
        for a, b in PAIRS:
            routes[f"{a}-{b}"] = route((f"first-{a}", NAMES[a]), fallbacks={"any": f"only-{b}"})
        config = harness.config(
            *entries,
            retry=harness.ONE_ATTEMPT,
            circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
            routes=routes,
        )

        def first_dies():
            first.kill()
            before.close()

        talks = talks_of_all()
        with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as host:
            held(host, talks, first_dies)
        after.close()
        yield {talk.name: talk for talk in talks}, before, after


EVERY_TALK = pytest.mark.parametrize("name", [talk.name for talk in talks_of_all()])


@EVERY_TALK
def test_a_conversation_goes_on_with_another_vendor(held_talks, name):
    talks, _, _ = held_talks
    talk = talks[name]
    assert talk.problem is None, f"it ended after {len(talk.answers)} turns: {talk.problem!r}"
    assert talk.answers == [f"The tool said: tide of turn {turn}" for turn in range(1, TURNS + 1)]
    by_first = 2 * LAST_OF_FIRST - 1
    expected = [f"first-{talk.first}"] * by_first + [f"second-{talk.second}"] * (2 * TURNS - by_first)
    assert talk.asked_of == expected


@EVERY_TALK
def test_calls_and_results_are_in_order_and_under_valid_identifiers(held_talks, name):
    talks, before, after = held_talks
    talk = talks[name]
    for recorder, vendor, last_turn in ((before, talk.first, LAST_OF_FIRST), (after, talk.second, TURNS)):
        requests = recorder.about(name)
        assert requests, "nothing was asked"
        for path, body in requests:
            check(vendor, path, told(vendor, body))
        _, whole = max(requests, key=lambda request: len(json.dumps(request[1])))
        turns = [text for kind, text in told(vendor, whole) if kind == "user"]
        assert turns == [f"{name}: turn {turn}." for turn in range(1, last_turn + 1)]


@EVERY_TALK
def test_thoughts_go_back_to_the_vendor_that_sealed_them_and_to_no_other(held_talks, name):
    talks, before, after = held_talks
    talk = talks[name]
    _, last_of_first = max(before.about(name), key=lambda request: len(json.dumps(request[1])))
    _, last = max(after.about(name), key=lambda request: len(json.dumps(request[1])))
    if talk.first in SEALED:
        # One for each round of calls that was answered.
        assert len(sealed(talk.first, last_of_first)) >= LAST_OF_FIRST - 1
        theirs = sealed(talk.first, last_of_first)
        # Two deployments of OpenAI's are one vendor where both are asked for responses.
        if talk.first != "responses" or "input" not in last:
            assert not any(seal in json.dumps(last) for seal in theirs), "another vendor would refuse them"
    if talk.second in SEALED:
        assert len(sealed(talk.second, last)) >= TURNS - LAST_OF_FIRST
    assert "wharf:" not in json.dumps(last), "no vendor knows the host's marks"


#: The vendors that seal what their models think.
SEALED = ["responses", "anthropic", "gemini"]


def sealed(vendor, body):
    """The seals in a request."""
    match vendor:
        case "anthropic":
            blocks = [block for message in body["messages"] for block in message["content"] if isinstance(block, dict)]
            return [block["signature"] for block in blocks if block["type"] == "thinking"]
        case "gemini":
            parts = [part for content in body["contents"] for part in content["parts"]]
            return [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]
        case _:
            return [item["encrypted_content"] for item in body["input"] if item["type"] == "reasoning"]


@dataclass(frozen=True)
class Tool:
    """A call or a result in a vendor's request; what the vendor's API does not tell is None."""

    id: str | None
    name: str | None


def check(vendor, path, steps):
    """Every call has its result, in the same order, before anybody says anything else."""
    where = f"{vendor} at {path}: {steps}"
    open_calls, used = [], []
    for kind, what in steps:
        if kind == "call":
            assert what.name in ("depth", "tide"), where
            check_id(vendor, path, what.id, where)
            assert what.id is None or what.id not in [call.id for call in open_calls], where
            assert vendor != "anthropic" or what.id not in used, where
            open_calls.append(what)
            used.append(what.id)
        elif kind == "result":
            assert open_calls, f"a result without a call: {where}"
            call = open_calls.pop(0)
            assert what.id in (None, call.id) and what.name in (None, call.name), where
        else:
            assert not open_calls, f"a call without its result: {where}"
    assert not open_calls, where
    # Both tools in each round, each answered.
    kinds = [kind for kind, _ in steps]
    assert kinds.count("call") == kinds.count("result") and kinds.count("call") % 2 == 0, where


def check_id(vendor, path, value, where):
    match vendor:
        case "anthropic":
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", value), where
        case "localai":
            assert value and len(value) <= 40, where
        case "openai" | "responses":
            # Chat completions take 40.
            assert value and len(value) <= (64 if path.endswith("/responses") else 40), where
        case _:
            # Without an identifier the order and the name tell; an empty one tells nothing.
            assert value != "", where


def told(vendor, body):
    """What happens in a request of this vendor: ("user" | "model", text), ("call" | "result", Tool)."""
    match vendor:
        case "anthropic":
            return told_anthropic(body)
        case "gemini":
            return told_gemini(body)
        case _ if "input" in body:
            return told_responses(body)
        case _:
            return told_openai(body, is_ollama=vendor == "ollama")


def told_openai(body, is_ollama):
    steps = []
    for message in body["messages"]:
        if message["role"] == "tool":
            steps.append(("result", Tool(message.get("tool_call_id"), message.get("tool_name"))))
            continue
        content = message.get("content")
        texts = [content] if isinstance(content, str) else [part["text"] for part in content or []]
        if any(texts):
            steps.append(("user" if message["role"] == "user" else "model", "".join(texts)))
        for call in message.get("tool_calls") or []:
            assert isinstance(call["function"]["arguments"], dict if is_ollama else str)
            steps.append(("call", Tool(call.get("id"), call["function"]["name"])))
    return steps


def told_responses(body):
    """The responses of `openai` are asked for by clients of the responses API only, those of `responses` by all."""
    steps = []
    for item in body["input"]:
        match item["type"]:
            case "message":
                content = item["content"]
                texts = [content] if isinstance(content, str) else [part["text"] for part in content]
                if any(texts):
                    steps.append(("user" if item["role"] == "user" else "model", "".join(texts)))
            case "function_call":
                assert isinstance(item["arguments"], str)
                steps.append(("call", Tool(item["call_id"], item["name"])))
            case "function_call_output":
                steps.append(("result", Tool(item["call_id"], None)))
    return steps


def told_anthropic(body):
    steps, roles = [], []
    for message in body["messages"]:
        roles.append(message["role"])
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match block["type"]:
                case "text":
                    steps.append(("user" if message["role"] == "user" else "model", block["text"]))
                case "tool_use":
                    assert isinstance(block["input"], dict)
                    steps.append(("call", Tool(block["id"], block["name"])))
                case "tool_result":
                    steps.append(("result", Tool(block["tool_use_id"], None)))
    assert_turns_alternate(roles)
    return steps


def told_gemini(body):
    steps, roles = [], []
    for content in body["contents"]:
        roles.append(content["role"])
        for part in content["parts"]:
            if "functionCall" in part:
                call = part["functionCall"]
                assert isinstance(call["args"], dict)
                steps.append(("call", Tool(call.get("id"), call["name"])))
            elif "functionResponse" in part:
                response = part["functionResponse"]
                steps.append(("result", Tool(response.get("id"), response["name"])))
            elif not part.get("thought") and part.get("text"):
                steps.append(("user" if content["role"] == "user" else "model", part["text"]))
    assert_turns_alternate(roles)
    return steps


def assert_turns_alternate(roles):
    assert all(one != other for one, other in zip(roles, roles[1:], strict=False)), roles
