#!/usr/bin/env bash
# usage: scripts/destroy.sh [--stack NAME] [--with-history] [--yes]
#
# Removes what scripts/deploy.sh has put into the account, after asking. The table with the history stays, and the
# next scripts/deploy.sh goes on with it, unless --with-history removes it too, now or later. --yes asks nothing.
# First the schedule is switched off, the run under way is waited for, and functions that a dead run has left changed
# are put back with target/release/coldwatch, or coldwatch on the PATH. If one cannot be, nothing is deleted.
# What stays is the bucket of the SAM CLI with the packages, which all deployments with that tool share.
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
