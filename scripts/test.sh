#!/usr/bin/env bash
# usage: scripts/test.sh [ARGUMENTS OF `cargo test`]
#
# Installs what the tests need (into .venv) and runs all of them. Needs Rust, Python 3 and Node.js.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in cargo python3 node; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: the tests start real functions with it" >&2; exit 1; }
done
eval "$(scripts/fetch-test-tools.sh)"
cargo build --workspace --all-targets
cargo test --workspace "$@"
