"""The admin API and the commands that use it: what an operator sees, and who else does not."""

import json
import re
from urllib.parse import urlsplit

import harness
import pytest
from harness import RESET, STATE, UPSTREAM_KEY, ask, failure, openai_deployment, route, run

TOKEN = "admin-token-of-the-tests"


@pytest.fixture
def host(mock, start_wharf):
    """One answered and one failed request behind it."""
    host = start_wharf(
        openai_deployment("a", mock, ["gpt-4", "mock-status-500"]),
        openai_deployment("b", mock, ["gpt-4"], priority=1),
        "    gone:\n      component: no-such-component\n      models: [gpt-5]\n",
        retry=harness.ONE_ATTEMPT,
        routes={"chat": route(("a", "gpt-4"), fallbacks={"any": "gpt-4"})},
    )
    with host.client() as client:
        ask(client, "chat")
        failure(client, "mock-status-500")
    return host


def status(host, tmp_path, *arguments, **environment):
    return run("status", "--admin", host.admin_url, *arguments, cwd=tmp_path, **environment)


def row(screen, *first):
    """The cells of the line that begins with these cells; at least two blanks are between two cells."""
    rows = [re.split(r" {2,}", line.strip()) for line in screen.splitlines()]
    (found,) = (cells for cells in rows if cells[: len(first)] == list(first))
    return found


def test_status_shows_routes_and_deployments(host, tmp_path):
    result = status(host, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert row(result.stdout, "ROUTE")[1:] == [
        *("STRATEGY", "REQUESTS", "OK", "FAILED", "RETRIES", "BUDGET", "FALLBACKS")
    ]
    assert row(result.stdout, "chat")[1:] == ["round_robin", "1", "1", "0", "0", "100", "any→gpt-4"]
    assert row(result.stdout, "mock-status-500")[1:] == ["round_robin", "1", "0", "1", "0", "100", "-"]
    answered = row(result.stdout, "a", "gpt-4")
    assert answered[2].startswith("closed for ") and answered[3] == "0"
    assert answered[6:] == ["-", "ok", "1 usable"]
    failed = row(result.stdout, "a", "mock-status-500")
    assert re.fullmatch(r"upstream_unavailable \(500\) \S+ ago", failed[6]), failed
    assert row(result.stdout, "gone", "-")[2].startswith("not available: ")
    assert "no-such-component" in result.stdout


def test_status_as_json_is_the_state_as_the_api_gives_it(host, tmp_path):
    result = status(host, tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert set(told) == {"at", "routes", "deployments"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["at"])
    (chat,) = (route for route in told["routes"] if route["name"] == "chat")
    assert chat["members"] == [{"deployment": "a", "model": "gpt-4", "priority": 0, "weight": 1}]
    assert chat["fallbacks"] == {"any": "gpt-4"}
    assert chat["counts"] == host.counts("chat")
    assert [deployment["name"] for deployment in told["deployments"]] == ["a", "b", "gone"]
    gone = told["deployments"][-1]
    assert gone["available"] is False and "no-such-component" in gone["reason"]
    (target,) = (target for target in told["deployments"][0]["targets"] if target["model"] == "mock-status-500")
    assert target["attempts"] == {"started": 1, "succeeded": 0, "failed": 1, "cancelled": 0}
    assert (target["last_error"]["kind"], target["last_error"]["status"]) == ("upstream_unavailable", 500)
    assert target["breaker"]["consecutive_failures"] == 1


def test_the_state_holds_no_secret(host, tmp_path):
    shown = host.admin("GET", STATE).text + status(host, tmp_path).stdout + status(host, tmp_path, "--json").stdout
    for secret in (UPSTREAM_KEY, harness.CLIENT_KEY):
        assert secret not in shown


def test_a_reset_names_what_it_has_reset(host, tmp_path):
    def reset(*arguments):
        return run("breaker", "reset", *arguments, "--admin", host.admin_url, cwd=tmp_path)

    assert reset().stdout == "reset a/gpt-4\nreset a/mock-status-500\nreset b/gpt-4\n"
    assert reset("a/mock-status-500").stdout == "reset a/mock-status-500\n"
    answer = json.loads(reset("b", "--keys", "--json").stdout)
    assert answer == {"reset": [{"deployment": "b", "model": "gpt-4"}]}
    assert host.target("a", "mock-status-500")["breaker"]["history"][-1]["cause"] == "reset"


@pytest.mark.parametrize(("which", "known"), [("c", "a, b, gone"), ("a/gpt-3", "gpt-4, mock-status-500")])
def test_a_reset_of_something_unknown_names_what_there_is(host, tmp_path, which, known):
    result = run("breaker", "reset", which, "--admin", host.admin_url, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert f"`{which.removeprefix('a/')}`" in result.stderr and known in result.stderr


@pytest.mark.parametrize(
    ("body", "status"),
    [({"deploymnet": "a"}, 400), ({"model": "gpt-4"}, 400), ([], 400), ({"deployment": "zzz"}, 404)],
)
def test_a_reset_that_is_not_understood_is_refused(host, body, status):
    answer = host.admin("POST", RESET, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_the_configuration_says_where_the_admin_api_is(mock, tmp_path):
    with harness.Address() as place:
        config = harness.config(openai_deployment("a", mock, ["gpt-4"]), admin=f'{{listen: "{place.authority}"}}')
        with harness.Wharf(tmp_path, config) as host:
            assert host.admin_url == place.url
            result = run("status", cwd=tmp_path)
            assert result.returncode == 0, result.stderr
            assert row(result.stdout, "a", "gpt-4")
            result = run("breaker", "reset", "--config", tmp_path / "wharf.yaml", cwd="/")
            assert (result.returncode, result.stdout) == (0, "reset a/gpt-4\n"), result.stderr
        result = run("status", cwd=tmp_path)
    assert result.returncode == 1
    assert "wharf serve" in result.stderr and "admin.listen" in result.stderr, "nobody listens there any more"


def test_a_port_that_is_only_known_to_the_host_has_to_be_passed(host, tmp_path):
    result = run("status", "--config", tmp_path / "wharf.yaml", cwd=tmp_path)
    assert result.returncode == 1
    assert "--admin" in result.stderr
    result = run("status", cwd=tmp_path, WHARF_ADMIN=host.admin_url)
    assert result.returncode == 0, result.stderr


def test_a_taken_admin_address_stops_the_start_and_names_the_setting(host, tmp_path):
    taken = urlsplit(host.admin_url).netloc
    other = tmp_path / "other.yaml"
    other.write_text(harness.config(harness.ECHO_DEPLOYMENT, admin=f'{{listen: "{taken}"}}'), encoding="utf-8")
    result = run("serve", "--config", other, cwd=tmp_path)
    assert result.returncode == 1
    assert "admin.listen" in result.stderr and taken in result.stderr
    assert "listening" not in result.stdout


def test_a_token_is_needed_where_one_is_set(mock, tmp_path):
    config = harness.config(
        openai_deployment("a", mock, ["gpt-4"]),
        admin='{listen: "127.0.0.1:0", token: "${WHARF_TEST_ADMIN_TOKEN}"}',
    )
    with harness.Wharf(tmp_path, config, WHARF_TEST_ADMIN_TOKEN=TOKEN) as host:
        for method, path in [("GET", STATE), ("POST", RESET), ("GET", "/nowhere")]:
            for headers in [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}]:
                answer = host.admin(method, path, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert TOKEN not in answer.text
        answer = host.admin("GET", STATE, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200 and TOKEN not in answer.text

        result = status(host, tmp_path)
        assert result.returncode == 1 and "--token" in result.stderr
        result = status(host, tmp_path, "--token", "wrong")
        assert result.returncode == 1 and "token" in result.stderr and "wrong" not in result.stderr
        assert row(status(host, tmp_path, "--token", TOKEN).stdout, "a", "gpt-4")
        assert row(status(host, tmp_path, WHARF_ADMIN_TOKEN=TOKEN).stdout, "a", "gpt-4")
        assert TOKEN not in host.log()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8081"},
    ],
    ids=lambda headers: "=".join(*headers.items()),
)
def test_web_pages_are_kept_out(host, headers):
    for method, path, body in [("GET", STATE, None), ("POST", RESET, {})]:
        answer = host.admin(method, path, json=body, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"]["message"]
        assert "deployments" not in answer.text


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_reset_that_any_form_could_send_is_refused(host, kind):
    before = host.target("a", "gpt-4")["breaker"]["history"]
    answer = host.admin("POST", RESET, content=b"{}", headers={"content-type": kind} if kind else {})
    assert answer.status_code == 415
    assert host.target("a", "gpt-4")["breaker"]["history"] == before == []


def test_the_admin_api_is_not_on_the_public_address(host):
    for method, path in [("GET", STATE), ("POST", RESET)]:
        public = harness.plain(method, host.url + path, json={} if method == "POST" else None)
        assert public.status_code == 404
        assert "deployments" not in public.text
    assert host.admin("GET", "/v1/models").status_code == 404, "and the public API is not on the admin's"


def test_an_unknown_admin_path_names_what_there_is(host):
    answer = host.admin("GET", "/admin/v1/nothing")
    assert answer.status_code == 404
    for path in (STATE, RESET):
        assert path in answer.json()["error"]["message"]
