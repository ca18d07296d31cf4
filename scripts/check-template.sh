#!/usr/bin/env bash
# usage: scripts/check-template.sh
#
# Checks infra/template.yaml against AWS's rules (sam validate, cfn-lint) and for unsafe settings (checkov;
# infra/checkov.yaml lists the exceptions with reasons). Also checks the syntax of the scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
export SAM_CLI_TELEMETRY=0
sam=$(scripts/venv.sh sam)
checkov=$(scripts/venv.sh checkov)
"$sam/sam" validate --lint --template-file infra/template.yaml >&2
# One Region of each partition.
"$sam/cfn-lint" --regions us-east-1 us-gov-west-1 cn-north-1 eusc-de-east-1 -- infra/template.yaml >&2
"$checkov/checkov" --config-file infra/checkov.yaml --file infra/template.yaml >&2
