"""Looks at the account before `scripts/deploy.sh` changes it, and writes the parameters of the deployment.

usage: parameters.py STACK FILE [NAME=VALUE ...]

Prints account and region. FILE gets the parameters as `sam deploy --parameter-overrides file://FILE` reads them: JSON, which
is YAML too; its name must end in `.yaml`. Exit code 2 for bad input, 1 where the account cannot be used; both with the reason.
"""

import json
import math
import pathlib
import re
import sys

import botocore.exceptions
from samcli.yamlhelper import yaml_parse

import stack as stacks

TEMPLATE = pathlib.Path(__file__).parents[1] / "template.yaml"
LONGEST_VALUE = 4096  # bytes of a parameter's value (CloudFormation quotas)
LONGEST_SUITE = 8192  # bytes of an advanced parameter (Systems Manager user guide, "Managing parameter tiers")
USUAL = 50  # samples and burst of a suite that does not say (docs/suite.md)
HOURS = {"minute": 1 / 60, "hour": 1, "day": 24}


def fail(code, text):
    print(text, file=sys.stderr)
    sys.exit(code)


def silent_hours(schedule, flexible_minutes):
    """Hours without a run until the alarm: one more than between two ticks, and the whole hours one may be late."""
    rate = re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)s?\)", schedule)
    if not rate:
        fail(2, f"`{schedule}` has no fixed gap: add SilentHours=N, one hour more than its longest gap, for the heartbeat alarm")
    hours = math.ceil(int(rate[1]) * HOURS[rate[2]]) + 1 + flexible_minutes // 60
    if hours > 168:
        fail(2, f"`{schedule}` is too seldom for the heartbeat alarm, which looks back 168 hours: measure at least every 6 days")
    return str(hours)


def divide(suite):
    """The suite in two parts that CloudFormation takes."""
    size = len(suite.encode())
    if size > LONGEST_SUITE:
        fail(2, f"the suite has {size} bytes, Systems Manager keeps {LONGEST_SUITE}: "
                'let `tagged = "coldwatch=enabled"` find the functions')
    first = suite.encode()[:LONGEST_VALUE].decode(errors="ignore")
    return {"Suite": first, "SuiteRest": suite[len(first):]}


def defaults():
    """What the template has for parameters that are not given."""
    declared = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Parameters"]
    return {name: str(parameter["Default"]) for name, parameter in declared.items()}


def heartbeat(parameters, before):
    """The hours of the heartbeat alarm, if these parameters change what they depend on."""
    if "SilentHours" in parameters or not parameters.keys() & {"Schedule", "FlexibleMinutes"}:
        return {}
    now = defaults() | before | parameters
    flexible = now["FlexibleMinutes"]
    if not flexible.isdecimal():
        fail(2, f"FlexibleMinutes is `{flexible}`: expected a whole number of minutes, 0 to 1440")
    return {"SilentHours": silent_hours(now["Schedule"], int(flexible))}


def concurrency(aws):
    """How many invocations the account can run at the same time; None if it does not say so."""
    try:
        return aws.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    except (botocore.exceptions.ClientError, KeyError) as error:
        print(f"the account's concurrency is unknown, so the suite's burst was not checked: {error}", file=sys.stderr)
        return None


def fitting_suite(limit, parameters, before):
    """The suite with a burst that the account can run, if that is not the one it would have.

    The orchestrator's own invocation is one of those that run. A suite that somebody wrote is not changed.
    """
    now = defaults() | before | parameters
    suite = json.loads(now["Suite"] + now["SuiteRest"])
    burst = 1 if suite.get("start") == "idle" else min(suite.get("burst", USUAL), suite.get("samples", USUAL))
    if limit is None or burst < limit:
        return {}
    fitting = max(1, limit // 2)
    told = f"this account runs {limit} invocations at once, one of them the orchestrator's: a burst of {burst} does not fit"
    if suite != json.loads(defaults()["Suite"]):
        fail(2, f"{told}; use burst = {fitting}, or ask for more (Service Quotas, Lambda, concurrent executions)")
    print(f"{told}, so the suite gets burst {fitting}. Later runs with another burst begin a new series. "
          "To have more, ask for it first (Service Quotas, Lambda, concurrent executions)", file=sys.stderr)
    return divide(json.dumps(suite | {"burst": fitting}))


def main(stack, file, *given):
    parameters = dict(argument.split("=", 1) for argument in given)
    heartbeat(parameters, {})  # what is wrong with it is told before the account is asked
    if "Suite" in parameters:
        parameters |= divide(parameters["Suite"])
    for name, value in parameters.items():
        if len(value.encode()) > LONGEST_VALUE:
            fail(2, f"{name} has {len(value.encode())} bytes, CloudFormation takes {LONGEST_VALUE}")
    try:
        aws = stacks.session()
        account = aws.client("sts").get_caller_identity()["Account"]
        print(f"stack {stack}, account {account}, {aws.region_name}", file=sys.stderr)
        described = stacks.describe(aws, stack)
        before = stacks.parameters(described or {})
        parameters |= heartbeat(parameters, before)
        parameters |= fitting_suite(concurrency(aws), parameters, before)
        # A table of the stack's name without the stack: `scripts/destroy.sh` kept it.
        if "ExistingTable" not in parameters and described is None and stacks.has_table(aws, stack):
            print(f"the table `{stack}` is there already: its history goes on", file=sys.stderr)
            parameters["ExistingTable"] = stack
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        fail(1, f"the AWS account cannot be used: {error}")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(parameters, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
