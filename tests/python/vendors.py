"""One deployment of every vendor, all in front of emulators, and what a test needs to know to ask them alike."""

import harness

#: deployment → component. `openai` has both of OpenAI's APIs for its clients, and `responses` is asked by that one alone,
#: whatever the client speaks. `localai` is the component `openai` in front of a server that imitates OpenAI badly.
VENDORS = {
    "openai": "openai",
    "responses": "openai",
    "azure": "azure_openai",
    "localai": "openai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
}

#: What the server behind `localai` leaves out and adds.
SLOPPY = "no-usage,no-ids,no-finish,extra-fields,tight-data,plain-vectors"

#: deployment → a model whose name its vendor could have.
MODELS = {
    "openai": "gpt-4o",
    "responses": "gpt-5.1",
    "azure": "gpt-4o-production",
    "localai": "hermes-2",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "ollama": "qwen3:8b",
}

#: deployment → settings of its provider.
SETTINGS = {"openai": "{api: both}", "responses": "{api: responses, summary: auto}"}

#: A model for embeddings, which every deployment has.
EMBEDDER = "embed-small"

#: Models that order a behaviour from the emulator; see docs/mock.md. Every deployment has them.
ORDERS = [
    "mock-context-length",
    "mock-status-500",
    "mock-error-event",
    "mock-cut",
    "mock-refusal",
    "mock-slow-100",
    "mock-drip-20",
]

#: Orders that are held against a key, with the beginning of the name of the deployment that has nothing else.
AGAINST_KEYS = {"limited": "mock-status-429", "refused": "mock-status-401"}

#: What the emulator thinks when it is asked to.
THOUGHTS = "The user said something. I should say it back."


def model(vendor):
    """The name under which a client asks this vendor and no other."""
    return f"{vendor}/{MODELS[vendor]}"


def ordered(vendor, order):
    """The same for a model that orders a behaviour."""
    for beginning, against_key in AGAINST_KEYS.items():
        if order == against_key:
            return f"{beginning}-{vendor}/{order}"
    return f"{vendor}/{order}"


def upstream(vendor, mock, sloppy_mock):
    """The emulator behind a deployment."""
    return sloppy_mock if vendor == "localai" else mock


def config(mock, sloppy_mock):
    """A host that makes one attempt for each request and trips no breaker."""
    entries = []
    for vendor, component in VENDORS.items():
        place = upstream(vendor, mock, sloppy_mock)
        own = {"settings": SETTINGS[vendor]} if vendor in SETTINGS else {}
        entries.append(harness.deployment(vendor, component, place, [MODELS[vendor], EMBEDDER, *ORDERS], **own))
        for beginning, order in AGAINST_KEYS.items():
            entries.append(harness.deployment(f"{beginning}-{vendor}", component, place, [order], **own))
    return harness.config(
        *entries,
        retry=harness.ONE_ATTEMPT,
        circuit_breaker="{failure_threshold: 1000, minimum_requests: 10000}",
    )
