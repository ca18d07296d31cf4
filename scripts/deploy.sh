#!/usr/bin/env bash
# usage: scripts/deploy.sh [OPTION ...] [PARAMETER=VALUE ...]
#
# Deploys coldwatch to the AWS account of your environment, or updates it there: builds the packages
# (scripts/package.sh), deploys infra/template.yaml with the SAM CLI, and prints where to look.
#
#   --stack NAME           name of the stack, and the beginning of all names in it  [coldwatch]
#   --every EXPRESSION     the schedule, rate(…) or cron(…)                         [rate(6 hours)]
#   --suite FILE           what is measured, TOML or JSON (docs/suite.md)  [functions with the tag coldwatch=enabled]
#   --alarm-email ADDRESS  where alarms are mailed to                               [nowhere]
#   --no-arm64             build and run on x86-64 only
#   --packaged             deploy the packages that are already in target/package
#   PARAMETER=VALUE        any parameter of infra/template.yaml
#
# Options that are not given keep their deployed values. While the stack changes, the schedule is off and no run is under
# way. An account that cannot run 20 invocations at once gets a smaller burst.
# Needs cargo, Python 3, and AWS credentials with a region.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."
fail() { echo "$1" >&2; exit "$2"; }
stack=coldwatch package=yes architecture=arm64 suite='' parameters=()
while [ $# -gt 0 ]; do
    case $1 in --stack | --every | --suite | --alarm-email) [ $# -ge 2 ] || fail "$1 needs a value: see scripts/deploy.sh --help" 2 ;; esac
    case $1 in
        --stack) stack=$2; shift ;;
        --every) parameters+=("Schedule=$2"); shift ;;
        --suite) suite=$2; shift ;;
        --alarm-email) parameters+=("AlarmEmail=$2"); shift ;;
        --no-arm64) architecture=x86_64 ;;
        --packaged) package=no ;;
        -h | --help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        Suite=* | SuiteRest=*) fail "give the suite with --suite FILE, which checks it" 2 ;;
        [A-Z]*=*) parameters+=("$1") ;;
        *) fail "unknown argument \`$1\`: see scripts/deploy.sh --help" 2 ;;
    esac
    shift
done
[[ $stack =~ ^[A-Za-z][A-Za-z0-9-]{2,29}$ ]] || fail "\`$stack\` is not a valid stack name: use 3 to 30 letters, digits and hyphens, with a letter first" 2

export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-${AWS_REGION:-}}
[ -n "$AWS_DEFAULT_REGION" ] || unset AWS_DEFAULT_REGION
if [ $package = no ]; then
    [ -f target/package/architecture ] || fail "target/package is empty: run scripts/package.sh, or leave out --packaged" 1
    architecture=$(cat target/package/architecture)
fi
if [ -n "$suite" ]; then
    case $suite in /*) ;; *) suite=$called_from/$suite ;; esac
    [ -f "$suite" ] && [ -r "$suite" ] || fail "the suite $suite cannot be read" 2
    program=${CARGO_TARGET_DIR:-target}/release/coldwatch
    if [ $package = yes ] || [ ! -x "$program" ]; then
        command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs" 1
        cargo build --release --package coldwatch --bin coldwatch >&2
    fi
    checked=$("$program" check "$suite") || exit
    parameters+=("Suite=$checked")
fi
tools=$(scripts/venv.sh sam)
chosen=$(mktemp --suffix .yaml)
paused=''
finish() {
    rm -f "$chosen"
    [ -z "$paused" ] || "$tools/python" infra/python/stack.py resume "$stack" ||
        echo "the schedule $stack is off: switch it on with scripts/deploy.sh ScheduleState=ENABLED" >&2
}
trap finish EXIT
# Before the packages: they take minutes, a missing region takes none.
"$tools/python" infra/python/parameters.py "$stack" "$chosen" "Architecture=$architecture" "${parameters[@]}"
if [ $package = yes ]; then
    if [ "$architecture" = arm64 ]; then scripts/package.sh >&2; else scripts/package.sh --no-arm64 >&2; fi
fi
# Not while a run is under way: it would meet functions that are being deployed, and end half-way.
paused=$("$tools/python" infra/python/stack.py pause "$stack")
"$tools/sam" deploy --template-file infra/template.yaml --stack-name "$stack" --resolve-s3 --capabilities CAPABILITY_IAM \
    --no-confirm-changeset --no-fail-on-empty-changeset --no-progressbar --parameter-overrides "file://$chosen" \
    --tags "coldwatch-stack=$stack" >&2

cat >&2 <<NEXT

coldwatch is deployed. Next:
  confirm the mail from AWS Notifications, if you asked for alarms by mail
  allow functions of yours to be measured:  aws lambda tag-resource --resource ARN --tags coldwatch=enabled
  do not wait for the schedule:  aws lambda invoke --invocation-type Event --function-name $stack-orchestrator /dev/stdout
  read the history:              coldwatch history --table $stack
  the dashboard:
NEXT
"$tools/python" infra/python/stack.py link "$stack"
