#!/usr/bin/env bash
# usage: scripts/long-tests.sh [PART ...]
#
# Runs what takes too long for every commit. Prints one line for each part, with its figures, and ends with code 1
# if a part fails; the others still run. Without arguments it runs all parts:
#
#   packages   scripts/package.sh: all zips, arm64 too
#   weight     scripts/weigh-orchestrator.sh: init, zip and memory of the packaged orchestrator against their goals
#   faults     a run under every pair of faults, slow ones too
#   kills      the command and the orchestrator, killed COLDWATCH_KILLS times each  [500]
#   sleep      the command, stopped for longer than its lock is valid, COLDWATCH_SLEEPS times at once  [3]
#   fuzz       the readers of logs and of their envelopes, for FUZZ_SECONDS each  [600]; needs the nightly compiler, and
#              builds cargo-fuzz once. Then PROPTEST_CASES damaged suites, rows, records and state files each  [200000]
#   speed      the speed of reading files, and of bursts over HTTP/2, against their goals
#
# What the tests need is installed as in scripts/test.sh.
set -uo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
all=(packages weight faults kills sleep fuzz speed)
[ $# -gt 0 ] || set -- "${all[@]}"
for part in "$@"; do
    case " ${all[*]} " in *" $part "*) ;; *) echo "there is no part \`$part\`: allowed are ${all[*]}" >&2; exit 2 ;; esac
done
logs=target/long-tests
mkdir -p $logs
export COLDWATCH_KILLS=${COLDWATCH_KILLS:-500} FUZZ_SECONDS=${FUZZ_SECONDS:-600} COLDWATCH_SLEEPS=${COLDWATCH_SLEEPS:-3}

whole() { # NAME: the tests of that module, built with the features of scripts/test.sh
    cargo test --workspace --test whole -- "$1" --nocapture
}

packages() { scripts/package.sh; }
weight() { scripts/weigh-orchestrator.sh; }
faults() { COLDWATCH_FAULT_PAIRS=all whole faults::; }
kills() { whole kill::; }
sleep() { whole asleep::; }
fuzz() {
    cargo +nightly fuzz --version >/dev/null 2>&1 || cargo install --locked --quiet cargo-fuzz --version 0.13.2 || return
    local limits=(-max_total_time="$FUZZ_SECONDS" -print_final_stats=1)
    # Freed memory that the sanitizer keeps back does not count.
    export ASAN_OPTIONS=quarantine_size_mb=16
    mkdir -p fuzz/corpus/report_line fuzz/corpus/envelopes
    cargo +nightly fuzz run report_line fuzz/corpus/report_line fuzz/seeds/report_line -- \
        "${limits[@]}" -dict=fuzz/report_line.dict &&
        cargo +nightly fuzz run envelopes fuzz/corpus/envelopes fuzz/seeds/envelopes -- \
            "${limits[@]}" -rss_limit_mb=256 &&
        PROPTEST_CASES=${PROPTEST_CASES:-200000} cargo test --workspace --lib --bins --test whole -- damaged
}
speed() {
    cargo run --quiet --release -p log-envelopes --example speed && scripts/http2.sh
}

figures() { # PART LOG: what of the log is worth a line
    case $1 in
        packages) grep -o '^target/package.*' "$2" ;;
        weight) grep -E '^(init|zip|peak)' "$2" ;;
        faults) echo "$(grep -c '^case ' "$2") cases; $(grep '^test result' "$2")" ;;
        kills) echo "$COLDWATCH_KILLS kills of each; $(grep '^test result' "$2")" ;;
        sleep) echo "$COLDWATCH_SLEEPS sleeps of the command; $(grep -h '^[0-9]* sleeps\|^test result' "$2" | paste -sd ';')" ;;
        fuzz) grep -E '^stat::(number_of_executed_units|new_units_added)' "$2" ;;
        speed) grep -v '^ *Compiling' "$2" ;;
    esac | sed 's/^/    /'
}

failed=()
for part in "$@"; do
    began=$SECONDS log=$logs/$part.log verdict=passed
    "$part" >"$log" 2>&1 || { verdict="FAILED, see $log" && failed+=("$part"); }
    echo "$part: $verdict after $((SECONDS - began)) s"
    figures "$part" "$log"
    [ "$verdict" = passed ] || tail -5 "$log" >&2
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
