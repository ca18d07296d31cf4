#!/usr/bin/env bash
# usage: scripts/scale.sh [--targets 300] [--samples 20] [--timeout 900] [--parallel N] [--history RUNS] [--at-most RATIO]
#
# Measures a large suite of simulated functions with the deployed orchestrator in the local cloud, at AWS's 15 control calls a
# second, and prints time, bound and their ratio, who measured what in a chain of invocations, and the orchestrator's peak
# memory. No AWS account is needed. `scripts/scale.sh --help` has all options; with `--timeout 75` it is handed on.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo build --quiet --package coldwatch --bin orchestrator --example scale >&2
exec "${CARGO_TARGET_DIR:-target}/debug/examples/scale" "$@"
