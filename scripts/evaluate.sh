#!/usr/bin/env bash
# usage: scripts/evaluate.sh DATA_DIR
# Measures how far the statistics can be trusted, and prints one table: goal, measured value, verdict.
# DATA_DIR/changepoints holds labelled sets (folders with truth.json and series/*.csv, and R's results in wilcox.csv) or
# *.tar.xz of them. Otava 0.8 and KernelCPD of ruptures, from a pinned venv, analyse the same files for comparison.
# DATA_DIR/lambda-perf-raw.csv.gz is a history in which platform events and type I errors are counted.
# Simulations have fixed seeds. Needs python3 and about ten minutes of two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:---help} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
[ -d "$1" ] || { echo "error: $1 is not a folder" >&2; exit 2; }
data=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sets="$data/changepoints"
[ -d "$sets" ] || { echo "error: $sets does not exist; DATA_DIR must contain changepoints/" >&2; exit 2; }
for archive in "$sets"/*.tar.xz; do
  if [ -e "$archive" ]; then tar -xf "$archive" -C "$work"; fi
done
for folder in "$sets"/*/; do
  if [ -e "$folder/truth.json" ]; then ln -sfn "${folder%/}" "$work/$(basename "$folder")"; fi
done

cargo build -q --release --workspace --bins --examples
python="$(scripts/venv.sh evaluate)/python"
built=${CARGO_TARGET_DIR:-target}/release
history=$data/lambda-perf-raw.csv.gz
if [ -e "$history" ]; then set -- "$history"; else set --; fi
"$python" scripts/evaluate.py "$built/coldwatch" "$built/examples/operating" "$work" "$@"
