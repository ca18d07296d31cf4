#!/usr/bin/env bash
# usage: scripts/browser-test.sh
#
# Opens the HTML pages in headless Chromium. Checks for errors, network requests, accessibility (axe-core), hovering,
# zooming and choosing targets. Then a web page attacks the local cloud, which must refuse it. Installs two pinned npm
# packages, and on Debian, as root, Chromium and npm if missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
command -v npm >/dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "${missing[0]} is missing: the pages are tested with it; install it and run this again" >&2
        exit 1
    fi
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi
tests=$PWD/orchestrator/tests/browser
if ! cmp -s "$tests/package-lock.json" "$tests/node_modules/.coldwatch-lock"; then
    (cd "$tests" && npm ci --no-audit --no-fund --ignore-scripts --silent >&2)
    cp "$tests/package-lock.json" "$tests/node_modules/.coldwatch-lock"
fi

# As scripts/test.sh: other features would build the AWS SDKs anew.
cargo build --quiet --workspace --bins --examples
built=${CARGO_TARGET_DIR:-$PWD/target}/debug
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
for scene in everything names platform five-years; do "$built/examples/history" "$scene" "$pages/$scene.html"; done
(cd "$pages" && for _ in 1 2; do "$built/coldwatch" run --local --samples 6 >/dev/null; done && "$built/coldwatch" report --local --out local.html)
(cd "$pages" && seq 100 179 >before.txt && seq 109 188 >after.txt && "$built/coldwatch" compare before.txt after.txt --report compare.html >/dev/null)
CHROMIUM=$(command -v chromium) REPORTS=$pages node --test "$tests/report.test.mjs"
CHROMIUM=$(command -v chromium) COLDWATCH=$built/coldwatch node --test "$tests/doors.test.mjs"
