#!/usr/bin/env bash
# usage: scripts/screenshots.sh
#
# Makes the pictures of the README in docs/pictures: the report of a made-up history (20 targets, one of them 12 % slower), and
# the table that `coldwatch run --local` prints of real cold starts on this machine. Needs what scripts/browser-test.sh installs.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release --package coldwatch --bin coldwatch --example history --package target-function --bin target-function
built=${CARGO_TARGET_DIR:-$PWD/target}/release
pictures=$PWD/docs/pictures
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
cd "$pages"
"$built/examples/history" regression report.html
{ echo '$ coldwatch run --local'; "$built/coldwatch" run --local; } >run.txt
picture=$OLDPWD/orchestrator/tests/browser/picture.mjs
node "$picture" "$pages/report.html" "$pictures/report.png" 1440 900
node "$picture" "$pages/run.txt" "$pictures/run.png" 1440 400
ls -l "$pictures"/*.png >&2
