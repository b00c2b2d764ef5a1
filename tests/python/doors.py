"""The front doors in one vocabulary, so that one expectation holds for all of them.

Each door writes a request in its own wire shape and reads an answer of that shape, whole or streamed. Nothing of an
official SDK is in here: those have tests of their own, and they forgive what must not be forgiven.

A history is a list of messages in the door's own words: what `user`, `said` and `result` give, in that order.
"""

import json
from dataclasses import dataclass, field

import httpx2
from harness import PATIENCE

#: One for all: connections are used again.
CLIENT = httpx2.Client(trust_env=False, verify=False, timeout=PATIENCE)


@dataclass
class Call:
    """A tool that the model wants called."""

    id: str
    name: str
    arguments: dict


@dataclass
class Said:
    """An answer in no door's words."""

    text: str
    calls: list[Call]
    thoughts: str
    #: In the door's own word.
    finish: str
    #: Input and output tokens, if both were counted.
    tokens: tuple[int, int] | None
    #: What a client adds to its history.
    history: list
    deployment: str
    attempts: int


class Refused(Exception):
    """An answer that is an error, before or inside a stream."""

    def __init__(self, status, error, deployment=None, before=""):
        super().__init__(f"{status} {error}")
        self.status = status
        self.code = error["code"]
        self.message = error["message"]
        self.param = error.get("param")
        self.kind = error["type"]
        self.deployment = deployment
        #: What a stream had said until then.
        self.before = before


@dataclass
class Wishes:
    """What a request asks for besides an answer."""

    tools: list = field(default_factory=list)
    #: The name of the tool that has to be called.
    forced: str | None = None
    schema: dict | None = None
    thinks: bool = False


class Door:
    """One front door. Subclasses say what its wire shapes are."""

    name = ""
    path = ""
    headers = {}
    streaming = {"stream": True}
    #: The words for an answer that is complete, and for one that wants tools called.
    done = called = ""
    #: What it says when nobody counted the tokens.
    uncounted = None

    # Each has `body`, the request without `stream`; `user` and `result`, messages for a history; `read`, the fields of
    # `Said` that stand in a whole answer; `assembled`, the whole answer that a stream's events add up to; and `piece`,
    # the text in one of these events.

    def ask(self, host, model, history, stream=False, **wishes):
        """Asks and gives what was said, or raises what was refused."""
        request = self.body(model, history, Wishes(**wishes)) | (self.streaming if stream else {})
        answer = CLIENT.post(host.url + self.path, json=request, headers=self.headers)
        deployment = answer.headers.get("x-wharf-deployment")
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.json()["error"], deployment)
        if not stream:
            assert answer.headers["content-type"].startswith("application/json")
            body = answer.json()
        else:
            assert answer.headers["content-type"].startswith("text/event-stream")
            body = self.assembled(self.checked(events(answer.text), deployment))
        return Said(deployment=deployment, attempts=int(answer.headers["x-wharf-attempts"]), **self.read(body))

    def checked(self, events, deployment):
        """The events of a stream, unless an error is the last of them."""
        _, last = events[-1]
        if not (isinstance(last, dict) and last.get("error")):
            return events
        before = "".join(self.piece(data) for _, data in events[:-1])
        raise Refused(200, last["error"], deployment, before)


def events(text):
    """The events of a stream: the name, if it has one, and the data."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            data = fields["data"]
            found.append((fields.get("event"), data if data == "[DONE]" else json.loads(data)))
    return found


def of(kind, entries):
    """The blocks or items of this type."""
    return [entry for entry in entries if entry["type"] == kind]


class Chat(Door):
    """OpenAI's chat completions."""

    name = "chat"
    path = "/v1/chat/completions"
    streaming = {"stream": True, "stream_options": {"include_usage": True}}
    done, called = "stop", "tool_calls"

    def body(self, model, history, wishes):
        body = {"model": model, "messages": history}
        if wishes.tools:
            body["tools"] = [{"type": "function", "function": tool} for tool in wishes.tools]
        if wishes.forced:
            body["tool_choice"] = {"type": "function", "function": {"name": wishes.forced}}
        if wishes.schema:
            named = {"name": "answer", "schema": wishes.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        if wishes.thinks:
            body["reasoning_effort"] = "low"
        return body

    def user(self, text, image=None):
        if image is None:
            return [{"role": "user", "content": text}]
        parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": image}}]
        return [{"role": "user", "content": parts}]

    def result(self, call, text):
        return [{"role": "tool", "tool_call_id": call.id, "content": text}]

    def read(self, body):
        (choice,) = body["choices"]
        message = choice["message"]
        usage = body.get("usage")
        return {
            "text": message["content"] or "",
            "calls": [
                Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                for call in message.get("tool_calls") or []
            ],
            "thoughts": message.get("reasoning_content") or message.get("reasoning") or "",
            "finish": choice["finish_reason"],
            "tokens": usage and (usage["prompt_tokens"], usage["completion_tokens"]),
            "history": [{name: value for name, value in message.items() if value is not None}],
        }

    def assembled(self, events):
        assert events[-1] == (None, "[DONE]"), "a stream has an end mark"
        message = {"role": "assistant", "content": ""}
        calls, finish, usage = {}, None, None
        for _, chunk in events[:-1]:
            assert chunk["object"] == "chat.completion.chunk" and chunk["id"] and chunk["model"]
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                delta = choice["delta"]
                message["content"] += delta.get("content") or ""
                for name in ("reasoning_content", "reasoning"):
                    if delta.get(name):
                        message[name] = message.get(name, "") + delta[name]
                if "thinking_blocks" in delta:
                    message.setdefault("thinking_blocks", []).extend(delta["thinking_blocks"])
                for piece in delta.get("tool_calls") or []:
                    join_call(calls.setdefault(piece["index"], {}), piece)
                finish = choice["finish_reason"] or finish
        if calls:
            message["tool_calls"] = [calls[index] for index in sorted(calls)]
        return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}

    def piece(self, event):
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"])


def join_call(call, piece):
    """Adds a piece of a streamed call of chat completions: arguments grow, everything else is said once."""
    for name, value in piece.items():
        if name == "function":
            function = call.setdefault("function", {"name": "", "arguments": ""})
            function["name"] += value.get("name") or ""
            function["arguments"] += value.get("arguments") or ""
        elif name != "index":
            call[name] = value


class Messages(Door):
    """Anthropic's messages."""

    name = "messages"
    path = "/v1/messages"
    done, called = "end_turn", "tool_use"
    headers = {"anthropic-version": "2023-06-01"}
    #: The official clients have plain numbers here.
    uncounted = (0, 0)

    def body(self, model, history, wishes):
        body = {"model": model, "messages": history, "max_tokens": 4096}
        if wishes.tools:
            body["tools"] = [
                {"input_schema" if name == "parameters" else name: value for name, value in tool.items()}
                for tool in wishes.tools
            ]
        if wishes.forced:
            body["tool_choice"] = {"type": "tool", "name": wishes.forced}
        if wishes.schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": wishes.schema}}
        if wishes.thinks:
            body["thinking"] = {"type": "adaptive"}
            body["output_config"] = body.get("output_config", {}) | {"effort": "low"}
        return body

    def user(self, text, image=None):
        if image is None:
            return [{"role": "user", "content": text}]
        if image.startswith("data:"):
            media_type, data = image.removeprefix("data:").split(";base64,")
            source = {"type": "base64", "media_type": media_type, "data": data}
        else:
            source = {"type": "url", "url": image}
        return [{"role": "user", "content": [{"type": "text", "text": text}, {"type": "image", "source": source}]}]

    def result(self, call, text):
        block = {"type": "tool_result", "tool_use_id": call.id, "content": text}
        return [{"role": "user", "content": [block]}]

    def read(self, body):
        blocks, usage = body["content"], body["usage"]
        tokens = (usage["input_tokens"], usage["output_tokens"])
        return {
            "text": "".join(block["text"] for block in of("text", blocks)),
            "calls": [Call(block["id"], block["name"], block["input"]) for block in of("tool_use", blocks)],
            "thoughts": "".join(block["thinking"] for block in of("thinking", blocks)),
            "finish": body["stop_reason"],
            "tokens": None if None in tokens else tokens,
            "history": [{"role": "assistant", "content": blocks}],
        }

    def assembled(self, events):
        body, blocks, is_open = {}, [], False
        names = [name for name, _ in events]
        assert names[0] == "message_start" and names[-2:] == ["message_delta", "message_stop"]
        for name, event in events:
            assert name == event["type"], "an event tells its type twice"
            match name:
                case "message_start":
                    body = event["message"]
                case "content_block_start":
                    assert not is_open and event["index"] == len(blocks), "one block after the other"
                    blocks.append(event["content_block"] | {"json": ""})
                    is_open = True
                case "content_block_delta":
                    assert is_open and event["index"] == len(blocks) - 1
                    join_block(blocks[-1], event["delta"])
                case "content_block_stop":
                    assert is_open and event["index"] == len(blocks) - 1
                    is_open = False
                    written = blocks[-1].pop("json")
                    if blocks[-1]["type"] == "tool_use":
                        blocks[-1]["input"] = json.loads(written or "{}")
                case "message_delta":
                    assert not is_open, "every block has an end"
                    body = body | event["delta"] | {"usage": body["usage"] | event["usage"]}
        return body | {"content": blocks}

    def piece(self, event):
        return event.get("delta", {}).get("text", "")


def join_block(block, delta):
    """Adds a piece of a block of a streamed message."""
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["json"] += delta["partial_json"]


class Responses(Door):
    """OpenAI's responses."""

    name = "responses"
    path = "/v1/responses"
    done = called = "completed"

    def body(self, model, history, wishes):
        body = {"model": model, "input": history}
        if wishes.tools:
            body["tools"] = [{"type": "function", "strict": False} | tool for tool in wishes.tools]
        if wishes.forced:
            body["tool_choice"] = {"type": "function", "name": wishes.forced}
        if wishes.schema:
            form = {"type": "json_schema", "name": "answer", "schema": wishes.schema, "strict": True}
            body["text"] = {"format": form}
        if wishes.thinks:
            body["reasoning"] = {"effort": "low", "summary": "auto"}
            body["include"] = ["reasoning.encrypted_content"]
        return body

    def user(self, text, image=None):
        parts = [{"type": "input_text", "text": text}]
        if image is not None:
            parts.append({"type": "input_image", "image_url": image, "detail": "auto"})
        return [{"role": "user", "content": parts}]

    def result(self, call, text):
        return [{"type": "function_call_output", "call_id": call.id, "output": text}]

    def read(self, body):
        assert body["object"] == "response" and body["id"].startswith("resp_")
        items, usage = body["output"], body["usage"]
        parts = [part for item in of("message", items) for part in item["content"]]
        return {
            "text": "".join(part["text"] for part in parts if part["type"] == "output_text"),
            "calls": [
                Call(item["call_id"], item["name"], json.loads(item["arguments"]))
                for item in of("function_call", items)
            ],
            "thoughts": "".join(part["text"] for item in of("reasoning", items) for part in item["summary"]),
            "finish": body["status"],
            "tokens": usage and (usage["input_tokens"], usage["output_tokens"]),
            "history": items,
        }

    def assembled(self, events):
        assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
        assert all(name == event["type"] for name, event in events)
        names = [name for name, _ in events]
        assert names[:2] == ["response.created", "response.in_progress"]
        ended = [event["item"] for name, event in events if name == "response.output_item.done"]
        _, last = events[-1]
        whole = last["response"]
        assert names[-1] == f"response.{whole['status']}"
        assert sorted(item["id"] for item in ended) == sorted(item["id"] for item in whole["output"])
        text = "".join(self.piece(event) for _, event in events)
        assert text == self.read(whole)["text"], "the pieces are the whole"
        return whole

    def piece(self, event):
        return event["delta"] if event["type"] == "response.output_text.delta" else ""


class Generate(Door):
    """The host's own API. It has one prompt, and fields of its own for none of the other things."""

    name = "generate"
    path = "/v1/generate"
    done, called = "stop", "tool_calls"

    def body(self, model, history, wishes):
        (prompt,) = history
        body = {"model": model} | (prompt if isinstance(prompt, dict) else {"prompt": prompt})
        wanted = {"tools": wishes.tools, "response_format": wishes.schema, "reasoning_effort": wishes.thinks}
        return body | {name: value for name, value in wanted.items() if value}

    def user(self, text, image=None):
        return [text] if image is None else [{"prompt": text, "images": [image]}]

    def read(self, body):
        usage, metadata = body["usage"], body["metadata"]
        counted = "prompt_tokens" in usage and "completion_tokens" in usage
        return {
            "text": body["text"],
            "calls": [],
            "thoughts": metadata.get("reasoning", ""),
            "finish": metadata["finish_reason"],
            "tokens": (usage["prompt_tokens"], usage["completion_tokens"]) if counted else None,
            "history": [],
        }


DOORS = [Chat(), Messages(), Responses(), Generate()]
#: The doors through which a conversation goes on.
CONVERSING = DOORS[:3]
