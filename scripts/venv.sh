#!/usr/bin/env bash
# usage: scripts/venv.sh NAME
#
# Installs the Python packages of infra/python/NAME.txt into .venv-NAME, if they are missing, and prints the folder of
# their programs.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:---help} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
requirements=infra/python/$1.txt
venv=$PWD/.venv-$1
[ -f "$requirements" ] || { echo "there is no $requirements" >&2; exit 2; }
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python 3 with venv is missing: install python3-venv" >&2; exit 1; }
    # What a link leads to is somebody else's: --clear would empty it.
    [ ! -L "$venv" ] || rm "$venv"
    python3 -m venv --clear "$venv" >&2
    # uv installs in a third of the time that pip takes.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement infra/python/uv.txt >&2
    export UV_PYTHON_DOWNLOADS=never
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes --requirement "$requirements" >&2
    cp "$requirements" "$venv/installed.txt"
fi
echo "$venv/bin"
