#!/usr/bin/env bash
# usage: scripts/check.sh
#
# Everything that a commit must pass: format, lints, documentation, licences (if cargo-deny is installed), tests.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
if command -v cargo-deny >/dev/null; then cargo deny --all-features check; fi
scripts/test.sh
