#!/usr/bin/env bash
# usage: scripts/screenshots.sh [BUILT]
#
# Makes the pictures of the README in docs/pictures: the page of a made-up history (20 targets, one of them 12 % slower),
# and the table that `coldwatch run --local` prints of real cold starts on this machine. BUILT is a folder with the built
# programs, such as target/release; without it they are built as the tests build them. Needs what
# scripts/browser-test.sh installs.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# = 0 ]; then
    cargo build --quiet --workspace --bins --examples
fi
built=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug}")
pictures=$PWD/docs/pictures
picture=$PWD/orchestrator/tests/browser/picture.mjs
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
cd "$pages"
"$built/examples/history" regression report.html
{ echo '$ coldwatch run --local'; "$built/coldwatch" run --local; } >run.txt
node "$picture" "$pages/report.html" "$pictures/report.png" 1440 900
node "$picture" "$pages/run.txt" "$pictures/run.png" 1440 400
ls -l "$pictures"/*.png >&2
