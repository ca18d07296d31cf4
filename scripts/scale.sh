#!/usr/bin/env bash
# usage: scripts/scale.sh [--targets 300] [--samples 20] [--timeout 900] [--parallel N] [--history RUNS] [--at-most RATIO]
#
# Measures a large suite of simulated functions with the deployed orchestrator in the local cloud, at AWS's 15 control
# calls a second. Prints the time, the shortest possible time and their ratio, which invocation measured what, and the
# orchestrator's peak memory. With `--timeout 75` the run is handed on. No AWS account is needed.
# `scripts/scale.sh --help` lists all options.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo build --quiet --workspace --bins --examples >&2
exec "${CARGO_TARGET_DIR:-target}/debug/examples/scale" "$@"
