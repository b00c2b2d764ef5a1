# Tasks of this repository. Without `just` on the machine: ./justw RECIPE
#
# Everything native is built in the release profile and for the whole workspace. A second profile, or a build of
# single packages, would select other features of shared dependencies and compile wasmtime a second time, which is
# most of the time a fresh machine needs.

set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes
default:
    @just --justfile {{ quote(justfile()) }} --list --unsorted

# Build everything that runs: target/release/wharf and the providers in plugins/
[group('build')]
build: host components

# `--examples` selects the features of the dev-dependencies too, as `cargo test` does: without it the tests would
# compile tokio and all that stands on it once more.
#
# Build the host binary
[group('build')]
host:
    cargo build --release --workspace --bins --examples

# Build the provider components into plugins/ (`--guests`: the misbehaving ones of the tests as well)
[group('build')]
components *ARGS:
    scripts/components {{ ARGS }}

# Build what is missing and run every test
[group('check')]
test: (components "--guests") host test-rust test-python

# The Rust tests; they expect what `just components --guests` and `just host` build
[group('check')]
test-rust *ARGS:
    # A test reads the metadata of all packages, those of other platforms included, without the network.
    cargo fetch --quiet --locked
    cargo test --release --workspace --no-fail-fast {{ ARGS }}

# The Python tests: the official SDKs and the command line against target/release/wharf
[group('check')]
test-python *ARGS: venv node
    target/venv/bin/python -m pytest -p no:cacheprovider tests/python {{ ARGS }}

# The Python environment of the tests, made again when its requirements change
[private]
venv:
    #!/usr/bin/env bash
    set -euo pipefail
    if ! cmp -s tests/python/requirements.txt target/venv/requirements.txt; then
        python3 -m venv --clear target/venv
        target/venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
        cp tests/python/requirements.txt target/venv/requirements.txt
    fi

# The Node packages of the tests, likewise
[private]
node:
    #!/usr/bin/env bash
    set -euo pipefail
    # npm keeps its own copy of what it has installed; an installation that broke off has none.
    if ! [[ -f target/node/node_modules/.package-lock.json ]] \
        || ! cmp -s tests/node/package-lock.json target/node/package-lock.json; then
        mkdir -p target/node
        cp tests/node/package.json tests/node/package-lock.json target/node/
        npm ci --silent --no-audit --no-fund --prefix target/node
    fi

# Format, clippy, documentation and dependency rules; warnings fail
[group('check')]
lint:
    cargo fmt --all --check
    cargo clippy --release --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps
    if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; else echo "cargo-deny is not installed: dependency rules are checked by tests/tidy alone" >&2; fi

# Format all code
[group('check')]
fmt:
    cargo fmt --all

# What continuous integration runs: lint, then test
[group('check')]
ci: lint test

# Start a mock upstream and the host in front of it, and send two requests (`--once`: then stop)
[group('run')]
demo *ARGS:
    scripts/demo {{ ARGS }}

# Print the availability simulation
[group('run')]
sim:
    cargo test --release --workspace --test availability -- --nocapture --test-threads 1

# Remove what this project built, and keep its compiled dependencies
[group('build')]
clean:
    cargo clean --release $(awk -F'"' '/^name = / && !seen[FILENAME]++ { print "-p", $2 }' host/*/Cargo.toml sdk/*/Cargo.toml providers/*/Cargo.toml tests/Cargo.toml tests/guests/Cargo.toml)
    rm -rf target/guests target/node target/venv
    rm -f plugins/*.wasm
