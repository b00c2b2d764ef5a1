"""What most tests share: one emulator and one host for the whole run."""

import contextlib
import os

import harness
import pytest
import vendors

#: Models of the deployment `mock`: one ordinary name, and names that order a behaviour from the emulator.
MODELS = [
    "gpt-4",
    *(f"mock-status-{status}" for status in (400, 404, 500, 502, 503, 529)),
    "mock-context-length",
    "mock-content-filter",
    "mock-cut",
    "mock-error-event",
    "mock-garbage",
    "mock-reasoning",
    "mock-refusal",
    "mock-big-1048576",
    "mock-slow-100",
]

#: Names that order a refusal which is held against the key. Each has a deployment of its own: the others share theirs.
REFUSING_KEYS = ["mock-status-401", "mock-status-403", "mock-status-429", "mock-quota"]


def pytest_configure():
    for name in [name for name in os.environ if name.startswith(harness.SDK_VARIABLES)]:
        del os.environ[name]
    components = ["echo", *harness.COMPONENTS]
    for path, recipe in [
        (harness.BINARY, "just host"),
        *((harness.PLUGINS / f"{component}.wasm", "just components") for component in components),
    ]:
        if not path.is_file():
            pytest.exit(f"{path} is missing: run `{recipe}` first", returncode=2)


@pytest.fixture(scope="session")
def mock(tmp_path_factory):
    with harness.Mock(tmp_path_factory.mktemp("mock")) as process:
        yield process


@pytest.fixture(scope="session")
def wharf(mock, tmp_path_factory):
    """Makes one attempt for each request and trips no breaker: what a test orders is what it gets."""
    config = harness.config(
        harness.openai_deployment("mock", mock, MODELS),
        *(harness.openai_deployment(f"only-{model}", mock, [model]) for model in REFUSING_KEYS),
        harness.openai_deployment("badkey", mock, ["bad-key-model"], api_key="sk-wrong"),
        harness.openai_deployment("impatient", mock, ["mock-slow-10000"], timeout="500ms"),
        harness.ECHO_DEPLOYMENT,
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
    )
    with harness.Wharf(tmp_path_factory.mktemp("wharf"), config) as process:
        yield process


@pytest.fixture(scope="session")
def client(wharf):
    with wharf.client() as client:
        yield client


@pytest.fixture(scope="session")
def sloppy_mock(tmp_path_factory):
    """An emulator of a server that imitates OpenAI and leaves out whatever can be left out."""
    with harness.Mock(tmp_path_factory.mktemp("sloppy"), "--quirks", vendors.SLOPPY, name="sloppy") as process:
        yield process


@pytest.fixture(scope="session")
def every_vendor(mock, sloppy_mock, tmp_path_factory):
    """A host with a deployment of every vendor; like `wharf`, it makes one attempt and trips nothing."""
    config = vendors.config(mock, sloppy_mock)
    with harness.Wharf(tmp_path_factory.mktemp("every_vendor"), config) as process:
        yield process


@pytest.fixture
def start_mock(tmp_path):
    """Starts emulators by name; they end with the test."""
    with contextlib.ExitStack() as running:
        yield lambda name, *arguments, **options: running.enter_context(
            harness.Mock(tmp_path, *arguments, name=name, **options)
        )


@pytest.fixture
def start_wharf(tmp_path):
    """Starts a host with these deployments and sections; it ends with the test."""
    with contextlib.ExitStack() as running:
        yield lambda *deployments, **sections: running.enter_context(
            harness.Wharf(tmp_path, harness.config(*deployments, **sections))
        )
