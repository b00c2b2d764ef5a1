"""The official `openai` package for Node against the host; `just node` installs it into target/node."""

import json
import subprocess

import harness
import pytest
from vendors import VENDORS, model

SCRIPT = harness.ROOT / "tests/node/openai.mjs"
INSTALLED = harness.ROOT / "target/node"


@pytest.fixture(scope="module")
def report(every_vendor):
    """What the script saw: model → what it was told."""
    assert (INSTALLED / "node_modules/openai").is_dir(), f"{INSTALLED} is missing: run `just node` first"
    models = json.dumps([model(vendor) for vendor in VENDORS])
    # A module on standard input finds its packages from the working directory.
    ran = subprocess.run(
        ["node", "--input-type=module"],
        cwd=INSTALLED,
        stdin=SCRIPT.open("rb"),
        capture_output=True,
        text=True,
        timeout=2 * harness.PATIENCE,
        env=harness.environment(WHARF_URL=every_vendor.url, WHARF_MODELS=models),
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("vendor", VENDORS)
def test_chats_are_answered_whole_and_streamed(report, vendor):
    chat = report[model(vendor)]["chat"]
    assert chat["whole"] == chat["helper"] == "".join(chat["pieces"]) == "You said: hello there"
    assert len(chat["pieces"]) > 1 and chat["reasons"] == ["stop"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_chats_call_tools_and_take_their_results(report, vendor):
    expected = {
        "name": "get_weather",
        "arguments": {"city": "mock", "days": 1},
        "answered": "The tool said: sunny",
    }
    assert report[model(vendor)]["tools"] == expected


@pytest.mark.parametrize("vendor", VENDORS)
def test_responses_are_answered_whole_and_streamed(report, vendor):
    told = report[model(vendor)]["responses"]
    assert told["whole"] == told["final"] == "".join(told["pieces"]) == "You said: hello there"
    assert len(told["pieces"]) > 1 and told["status"] == "completed"
    assert (told["name"], told["arguments"]) == ("get_weather", {"city": "mock", "days": 1})
    assert told["answered"] == "The tool said: sunny"


def test_an_unknown_model_is_an_error_of_its_own_class(report):
    assert report["failure"] == {"type": "NotFoundError", "status": 404, "code": "model_not_found"}
