#!/usr/bin/env bash
# usage: scripts/destroy.sh [--stack NAME] [--with-history] [--yes]
#
# Removes what scripts/deploy.sh has deployed, after asking. --yes does not ask.
# First it switches off the schedule, and waits for the run under way. Then it restores functions that a killed run left
# changed, with target/release/coldwatch, or coldwatch on the PATH. If one cannot be restored, nothing is deleted.
# The table with the history stays, and the next scripts/deploy.sh uses it again. --with-history removes it too, now or
# later. The SAM CLI's bucket with the packages also stays, because all deployments with that tool share it.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=coldwatch history=keep sure=no
while [ $# -gt 0 ]; do
    case $1 in
        --stack) [ $# -ge 2 ] || { echo "--stack needs a value" >&2; exit 2; }; stack=$2; shift ;;
        --with-history) history=delete ;;
        --yes) sure=yes ;;
        -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) echo "unknown argument \`$1\`: see scripts/destroy.sh --help" >&2; exit 2 ;;
    esac
    shift
done
if [ -n "${AWS_REGION:-}" ]; then export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-$AWS_REGION}; fi
tools=$(scripts/venv.sh sam)
program=${CARGO_TARGET_DIR:-target}/release/coldwatch
[ -x "$program" ] || program=$(command -v coldwatch) || program=''
exec "$tools/python" infra/python/destroy.py "$stack" $history $sure "$program"
