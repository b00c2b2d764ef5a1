"""The proxy of the environment: the host's requests go through it, and only those it is meant for."""

import base64
import http.server
import threading
import urllib.request
from urllib.parse import urlsplit

import harness
import openai
import pytest
from harness import user

#: A name that no resolver knows: a request for it only succeeds through the proxy.
ELSEWHERE = "api.wharf-test.invalid"


class Proxy(http.server.ThreadingHTTPServer):
    """A proxy for plain HTTP. Whatever is asked of it, it asks the emulator."""

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Forward)
        self.upstream = upstream
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Forward(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.asked.append((self.path, self.headers.get("proxy-authorization")))
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in ("authorization", "content-type")}
        request = urllib.request.Request(self.server.upstream + urlsplit(self.path).path, body, headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            data = answer.read()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy(mock):
    with Proxy(mock.url) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(host):
    with host.client() as client:
        return client.chat.completions.create(model="gpt-4", messages=user("through")).choices[0].message.content


def test_requests_go_through_the_proxy_of_the_environment(mock, proxy, tmp_path):
    deployment = harness.openai_deployment("far", mock, ["gpt-4"], base_url=f"http://{ELSEWHERE}/v1")
    with_name = proxy.url.replace("http://", "http://user:word@")
    with harness.Wharf(tmp_path, harness.config(deployment), HTTP_PROXY=with_name) as host:
        assert ask(host) == "You said: through"
    basic = "Basic " + base64.b64encode(b"user:word").decode()
    assert proxy.asked == [(f"http://{ELSEWHERE}/v1/chat/completions", basic)]


@pytest.mark.parametrize("how", ["NO_PROXY", "proxy: false"])
def test_no_proxy_and_the_deployment_can_go_past_it(mock, proxy, tmp_path, how):
    past = {"NO_PROXY": ELSEWHERE} if how == "NO_PROXY" else {}
    settings = {"proxy": "false"} if how == "proxy: false" else {}
    deployment = harness.openai_deployment("far", mock, ["gpt-4"], base_url=f"http://{ELSEWHERE}/v1", **settings)
    config = harness.config(deployment, retry=harness.ONE_ATTEMPT)
    with harness.Wharf(tmp_path, config, HTTP_PROXY=proxy.url, **past) as host:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(host)
        assert caught.value.code == "upstream_unavailable", "the name does not resolve without the proxy"
    assert proxy.asked == []


def test_what_is_near_is_never_asked_for_through_a_proxy(mock, proxy, tmp_path):
    deployment = harness.openai_deployment("near", mock, ["gpt-4"])
    with harness.Wharf(tmp_path, harness.config(deployment), HTTP_PROXY=proxy.url) as host:
        assert ask(host) == "You said: through"
    assert proxy.asked == [], "a key for a server on this machine stays on it"
