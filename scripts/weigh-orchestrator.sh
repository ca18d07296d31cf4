#!/usr/bin/env bash
# usage: scripts/weigh-orchestrator.sh [--repeats 21]
#
# Prints size and memory of the packaged orchestrator, each figure with its goal:
#   init under AWS's Runtime Interface Emulator: at most 3 times the Rust target's
#   zip: at most 6 MB
#   peak memory while it measures a suite of 100 targets in the local cloud: at most 128 MB
# Exit code 1 if a goal is missed. Uses target/package as scripts/package.sh left it for this machine's architecture, and
# builds it first if it is missing or older than the sources. No AWS account is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
repeats=21
while [ $# -gt 0 ]; do
    case $1 in
        --repeats) repeats=${2:-}; shift $(($# > 1 ? 2 : 1)) ;;
        -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) echo "unknown argument \`$1\`: see scripts/weigh-orchestrator.sh --help" >&2; exit 2 ;;
    esac
done
[[ $repeats =~ ^[0-9]+$ ]] && [ "$repeats" -ge 6 ] || { echo "--repeats is \`$repeats\`: use a number of at least 6, fewer give no interval" >&2; exit 2; }
case $(uname -m) in aarch64 | arm64) architecture=arm64 option= ;; *) architecture=x86_64 option=--no-arm64 ;; esac
packaged=target/package/orchestrator.zip
if [ "$(cat target/package/architecture 2>/dev/null)" != "$architecture" ] \
    || [ -n "$(find orchestrator/src orchestrator/crates target-function/src Cargo.lock scripts/package.toml -newer $packaged -print -quit)" ]; then
    scripts/package.sh $option >&2
fi
[ -n "${COLDWATCH_RIE:-}" ] || eval "$(scripts/fetch-test-tools.sh)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m zipfile -e $packaged "$work/orchestrator"
python3 -m zipfile -e "target/package/target-$architecture.zip" "$work/target"
chmod +x "$work"/*/bootstrap
cargo build --quiet --workspace --bins --examples >&2
"${CARGO_TARGET_DIR:-target}/debug/examples/scale" --targets 100 --orchestrator "$work/orchestrator/bootstrap" >"$work/suite.txt" \
    || { cat "$work/suite.txt" >&2; exit 1; }
python3 scripts/weigh.py "$COLDWATCH_RIE" "$work" "$repeats" "$packaged"
