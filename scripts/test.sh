#!/usr/bin/env bash
# usage: scripts/test.sh [ARGUMENTS OF `cargo test`]
#
# Runs all tests; with arguments, only those of cargo. First it builds what they run, including the packages for Lambda
# (scripts/package.sh --for-tests). Needs Rust and Python 3, and installs everything else: Python packages and AWS's
# emulator into .venv and similar folders, and on Debian, as root, Node.js with npm, Python's venv and Chromium if
# missing. scripts/long-tests.sh has what takes longer.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac

install() { # PACKAGE: what the tests start real functions with
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "$1 is missing: the tests need it; install it and run this again" >&2
        exit 1
    fi
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >&2
}

for tool in cargo python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install it and run this again" >&2; exit 1; }
done
command -v node >/dev/null || install nodejs
python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
scripts/check-template.sh
eval "$(scripts/fetch-test-tools.sh)"
scripts/package.sh --for-tests
# With the examples the features are those that `cargo test` builds with, so nothing is built twice.
cargo build --workspace --bins --examples
cargo test --workspace "$@"
cargo test --manifest-path infra/module-graph/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}/module-graph"
[ "$#" -gt 0 ] && exit
scripts/scale.sh --targets 5 --samples 3 --settle 100
scripts/browser-test.sh
