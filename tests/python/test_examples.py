"""The example in every provider's README works as it stands: its settings too, which only the provider can check."""

import re

import pytest
import yaml
from harness import PLUGINS, ROOT, Wharf

READMES = sorted((ROOT / "providers").glob("*/README.md"))


def examples():
    """The YAML blocks of the READMEs, each with the name of its provider."""
    for readme in READMES:
        for block in re.findall(r"^```yaml\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            yield pytest.param(block, id=readme.parent.name)


def test_every_provider_has_an_example():
    assert READMES
    with_example = {example.id for example in examples()}
    assert with_example == {readme.parent.name for readme in READMES}


@pytest.mark.parametrize("example", examples())
def test_every_deployment_of_an_example_is_available(tmp_path, example):
    config = yaml.safe_load(example)
    config |= {"listen": "127.0.0.1:0", "admin": {"listen": "127.0.0.1:0"}, "plugins": str(PLUGINS)}
    for deployment in config["ai_services"]["providers"].values():
        # Nobody is asked in this test, least of all the vendor.
        deployment["health_check"] = False
    keys = {name: f"sk-example-{name}" for name in re.findall(r"\$\{(\w+)\}", example)}
    with Wharf(tmp_path, yaml.safe_dump(config, sort_keys=False), **keys) as wharf:
        reasons = {each["name"]: each["reason"] for each in wharf.state()["deployments"]}
    assert reasons == dict.fromkeys(config["ai_services"]["providers"])
