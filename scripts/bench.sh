#!/usr/bin/env bash
# usage: scripts/bench.sh [ARGUMENTS OF `coldwatch run --local`]
#
# Measures real cold starts of real processes on this machine; no AWS account is needed. Builds what it needs first.
# Only the program writes to stdout, so `scripts/bench.sh --json | jq` works.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo build --release --package coldwatch --bin coldwatch --package target-function --bin target-function >&2
exec "${CARGO_TARGET_DIR:-target}/release/coldwatch" run --local "$@"
