#!/usr/bin/env bash
# Fetches what the tests need beside cargo: boto3 and AWS's Runtime Interface Emulator (RIE) into .venv, the SAM CLI,
# ministack and the readers of exports into .venv-sam, .venv-ministack and .venv-exports.
# Usage: eval "$(scripts/fetch-test-tools.sh)"
# Prints the variables to export; fetches nothing that is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

sam_cli=aws-sam-cli==1.170.0 # its wheel carries the RIE
requirements=infra/local/tests/requirements.txt
venv=$PWD/.venv
case $(uname -m) in
    x86_64) rie=aws-lambda-rie-x86_64 sha256=6b1e686e62ab2baf5759c412c4864276ef2a88b094fca53ec070637ccba9b9a5 ;;
    aarch64 | arm64) rie=aws-lambda-rie-arm64 sha256=ec2e5d09633d853834c008b1ef264bf834b258a94d551d2b2074966494b39a21 ;;
    *) echo "no Runtime Interface Emulator for $(uname -m)" >&2 && exit 1 ;;
esac

if [ ! -x "$venv/bin/python" ] || ! cmp -s "$requirements" "$venv/requirements.txt"; then
    # What a link leads to is somebody else's: --clear would empty it.
    [ ! -L "$venv" ] || rm "$venv"
    python3 -m venv --clear "$venv" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements" >&2
    cp "$requirements" "$venv/requirements.txt"
fi

if [ ! -x "$venv/bin/$rie" ]; then
    wheel=$(mktemp -d)
    trap 'rm -rf "$wheel"' EXIT
    "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheel" "$sam_cli" >&2
    (cd "$wheel" && "$venv/bin/python" -m zipfile -e ./*.whl . && sha256sum --check --quiet <<<"$sha256  samcli/local/rapid/$rie") >&2
    install -m 755 "$wheel/samcli/local/rapid/$rie" "$venv/bin/$rie"
fi

sam=$(scripts/venv.sh sam)
ministack=$(scripts/venv.sh ministack)
exports=$(scripts/venv.sh exports)
printf 'export COLDWATCH_VENV=%q COLDWATCH_RIE=%q\n' "$venv" "$venv/bin/$rie"
printf 'export COLDWATCH_EXPORTS=%q\n' "$exports"
printf 'export COLDWATCH_SAM=%q COLDWATCH_MINISTACK=%q\n' "$sam" "$ministack"
