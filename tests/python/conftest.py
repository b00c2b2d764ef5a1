"""What most tests share: one emulator and one host for the whole run."""

import os

import harness
import pytest

#: Models of the deployment `mock`: one ordinary name, and names that order a behaviour from the emulator.
MODELS = [
    "gpt-4",
    *(f"mock-status-{status}" for status in (400, 401, 403, 404, 429, 500, 502, 503, 529)),
    "mock-context-length",
    "mock-content-filter",
    "mock-quota",
    "mock-cut",
    "mock-error-event",
    "mock-garbage",
    "mock-reasoning",
    "mock-refusal",
    "mock-big-1048576",
    "mock-slow-100",
]


def pytest_configure():
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]
    for path, recipe in [
        (harness.BINARY, "just host"),
        (harness.PLUGINS / "echo.wasm", "just components"),
        (harness.PLUGINS / "openai.wasm", "just components"),
    ]:
        if not path.is_file():
            pytest.exit(f"{path} is missing: run `{recipe}` first", returncode=2)


@pytest.fixture(scope="session")
def mock(tmp_path_factory):
    with harness.Mock(tmp_path_factory.mktemp("mock")) as process:
        yield process


@pytest.fixture(scope="session")
def wharf(mock, tmp_path_factory):
    config = harness.config(
        harness.openai_deployment("mock", mock, MODELS),
        harness.openai_deployment("badkey", mock, ["bad-key-model"], api_key="sk-wrong"),
        harness.openai_deployment("impatient", mock, ["mock-slow-10000"], timeout="500ms"),
        harness.ECHO_DEPLOYMENT,
    )
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as process:
        yield process


@pytest.fixture(scope="session")
def client(wharf):
    with wharf.client() as client:
        yield client
