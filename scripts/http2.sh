#!/usr/bin/env bash
# usage: scripts/http2.sh
#
# Measures large bursts over HTTP/2, with 128 requests at once on a connection as on AWS, and over HTTP/1.1. Prints
# invocations, rounds and platform overhead of both, and their ratios. Ends with code 1 if a goal is missed. Takes about
# a minute, on two cores that do nothing else. No AWS account is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo build --quiet --workspace --bins --examples >&2
exec "${CARGO_TARGET_DIR:-target}/debug/examples/http2"
