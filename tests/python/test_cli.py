"""The one-shot commands: what they print where, and their exit codes."""

import json
import re
from pathlib import Path

import pytest
import yaml
from harness import PLUGINS, run
from jsonschema import Draft202012Validator


@pytest.fixture
def place(tmp_path):
    """An empty directory with the plugins in it, as a first-time user has it."""
    (tmp_path / "plugins").symlink_to(PLUGINS)
    return tmp_path


def ok(result):
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    return json.loads(ok(run("config", "schema", cwd=tmp_path_factory.mktemp("schema"))).stdout)


def test_ask_answers_without_a_configuration_and_says_who_did(place):
    result = ok(run("ask", "hello", cwd=place))
    assert "hello" in result.stdout
    assert "echo" in result.stderr
    assert result.stdout.endswith("\n")


def test_ask_as_json_prints_one_answer_and_nothing_else(place):
    answer = json.loads(ok(run("ask", "--json", "hello", cwd=place)).stdout)
    assert set(answer) == {"text", "model", "usage", "metadata"}
    assert "hello" in answer["text"]


def test_ask_reads_standard_input(place):
    result = ok(run("ask", cwd=place, stdin="from a pipe\n"))
    assert "from a pipe" in result.stdout


def test_ask_without_a_prompt_fails(place):
    result = run("ask", cwd=place, stdin="")
    assert result.returncode != 0
    assert result.stderr
    assert result.stdout == ""


def test_check_names_every_problem_with_its_line(place):
    broken = place / "wharf.yaml"
    broken.write_text(
        "\n".join(
            [
                "listen: 127.0.0.1:0",
                "plugins: ./plugins",
                "lisen: 127.0.0.1:1",
                "ai_services:",
                "  providers:",
                "    echo:",
                "      component: echo",
                "      models: [echo]",
                "      timeout: soon",
                "      api_key: ${WHARF_TEST_NOT_SET}",
                "",
            ]
        )
    )
    result = run("check", "--config", broken, cwd=place)
    assert result.returncode == 1
    told = result.stdout + result.stderr
    for line, words in [(3, "lisen"), (9, "timeout"), (10, "WHARF_TEST_NOT_SET")]:
        assert re.search(rf"(?:line |:){line}\b", told), f"line {line} is not named in:\n{told}"
        assert words in told


def test_check_accepts_a_good_file(place):
    good = place / "wharf.yaml"
    good.write_text("ai_services:\n  providers:\n    echo: {models: [echo]}\n")
    ok(run("check", "--config", good, cwd=place))


def test_serve_refuses_a_broken_file_with_the_same_words(place):
    broken = place / "wharf.yaml"
    broken.write_text("lisen: 127.0.0.1:0\n")
    result = run("serve", "--config", broken, cwd=place)
    assert result.returncode != 0
    assert "lisen" in result.stderr
    assert "listening" not in result.stdout


def test_the_schema_is_a_valid_json_schema(schema):
    Draft202012Validator.check_schema(schema)


def test_the_schema_accepts_the_seed_configuration(schema):
    seed = yaml.safe_load((Path(__file__).parent / "seed.yaml").read_text())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(seed)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"lisen": "127.0.0.1:0"},
        {"ai_services": {"providers": {"openai": {"modles": ["gpt-4"]}}}},
        {"ai_services": {"providers": ["openai"]}},
    ],
)
def test_the_schema_refuses_what_the_host_refuses(schema, wrong):
    assert not Draft202012Validator(schema).is_valid(wrong)


def test_inspect_describes_a_plugin(place):
    told = ok(run("plugin", "inspect", "plugins/echo.wasm", cwd=place)).stdout
    assert "echo" in told
    assert re.search(r"\b0\.1\b", told), "the version of the contract is named"


@pytest.mark.parametrize(
    ("plugin", "features"),
    [
        ("anthropic", ["tokens", "models"]),
        ("azure_openai", ["embeddings", "models"]),
        ("echo", []),
        ("gemini", ["embeddings", "tokens", "models"]),
        ("ollama", ["embeddings", "models"]),
        ("openai", ["embeddings", "models"]),
    ],
)
def test_inspect_says_which_optional_interfaces_a_plugin_has(place, plugin, features):
    file = f"plugins/{plugin}.wasm"
    told = ok(run("plugin", "inspect", file, cwd=place)).stdout
    assert re.search(r"^  optional +(.+)$", told, re.MULTILINE)[1] == (", ".join(features) or "none")
    described = json.loads(ok(run("plugin", "inspect", "--json", file, cwd=place)).stdout)
    assert described["features"] == {name: name in features for name in ("embeddings", "tokens", "models")}


def test_inspect_refuses_a_file_that_is_no_component(place):
    (place / "broken.wasm").write_bytes(b"this is not WebAssembly")
    result = run("plugin", "inspect", "broken.wasm", cwd=place)
    assert result.returncode != 0
    assert "broken.wasm" in result.stderr


def test_list_names_every_plugin(place):
    told = ok(run("plugin", "list", cwd=place)).stdout
    for name in ("anthropic", "azure_openai", "echo", "gemini", "ollama", "openai"):
        assert re.search(rf"^{name} ", told, re.MULTILINE), name


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["serve", "--help"], ["ask", "--help"]])
def test_help_and_version_are_printed(place, arguments):
    assert ok(run(*arguments, cwd=place)).stdout.strip()


def test_an_unknown_command_is_a_usage_error(place):
    result = run("sail", cwd=place)
    assert result.returncode == 2
    assert "sail" in result.stderr
