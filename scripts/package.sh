#!/usr/bin/env bash
# usage: scripts/package.sh [--no-arm64 | --for-tests]
#
# Builds the orchestrator and the Rust target for Lambda, and writes them as zips to target/package:
#   orchestrator.zip, target-arm64.zip, target-x86_64.zip
# The orchestrator is built for arm64. With --no-arm64 it is built for x86-64, and there is no target for arm64.
# With --for-tests both are built for this machine, without link-time optimisation, to target/package-for-tests.
# Nothing else differs, so that the tests run what is shipped.
# cargo-lambda and zig come from PyPI, pinned, into .venv-package. Each binary is checked: provided.al2023 has version
# 2.34 of the C library, so no binary may need a later one.
set -euo pipefail
cd "$(dirname "$0")/.."
newest_glibc=34
orchestrator=arm64 targets=(arm64 x86_64) packages=target/package
for argument in "$@"; do
    case $argument in
        --no-arm64) orchestrator=x86_64 targets=(x86_64) ;;
        --for-tests)
            case $(uname -m) in aarch64 | arm64) orchestrator=arm64 ;; *) orchestrator=x86_64 ;; esac
            targets=("$orchestrator") packages=target/package-for-tests
            export CARGO_PROFILE_RELEASE_LTO=off
            ;;
        -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) echo "unknown argument \`$argument\`: see scripts/package.sh --help" >&2; exit 2 ;;
    esac
done
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }

build() { # ARCHITECTURE PACKAGE BINARY ZIP: builds, checks and moves one binary
    local flag=--arm64 target=aarch64-unknown-linux-gnu
    if [ "$1" = x86_64 ]; then flag=--x86-64 target=x86_64-unknown-linux-gnu; fi
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ] && ! rustup target add "$target" >&2; then
        echo "Rust's standard library for $target is missing and could not be fetched" >&2
        [ "$1" = x86_64 ] || echo "to deploy on x86-64 alone, use --no-arm64" >&2
        exit 1
    fi
    "$tools/cargo-lambda" lambda build --release "$flag" --config scripts/package.toml --output-format zip \
        --package "$2" --bin "$3" \
        --no-default-features --lambda-dir target/lambda >&2
    mv "target/lambda/$3/bootstrap.zip" "$packages/$4"
    check "$packages/$4"
}

check() { # ZIP: says its size, and ends here if the binary needs a C library that Lambda has not
    python3 - "$1" $newest_glibc <<'PYTHON'
import re, sys, zipfile
path, newest = sys.argv[1], int(sys.argv[2])
with zipfile.ZipFile(path) as package:
    entry = package.getinfo("bootstrap")
    needs = max(map(int, re.findall(rb"\0GLIBC_2\.(\d+)", package.read(entry))), default=0)
if not entry.external_attr >> 16 & 0o111:
    sys.exit(f"{path}: bootstrap is not executable")
if needs > newest:
    sys.exit(f"{path}: bootstrap needs glibc 2.{needs}, Lambda has 2.{newest}")
size = sum(item.compress_size for item in zipfile.ZipFile(path).infolist())
print(f"{path}: {size / 1e6:.1f} MB, needs glibc 2.{needs}")
PYTHON
}

tools=$(scripts/venv.sh package)
PATH=$tools:$PATH # where cargo-lambda looks for zig
mkdir -p "$packages"
# What an interrupted build leaves must not look whole.
rm -f "$packages"/*
build "$orchestrator" coldwatch orchestrator orchestrator.zip
for architecture in "${targets[@]}"; do
    build "$architecture" target-function target-function "target-$architecture.zip"
done
for architecture in arm64 x86_64; do
    [ -f "$packages/target-$architecture.zip" ] && continue
    # Named by the template, and left out of the deployment.
    python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("not-built", "")' "$packages/target-$architecture.zip"
done
echo "$orchestrator" >"$packages/architecture"
