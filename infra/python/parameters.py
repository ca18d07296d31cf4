"""Looks at the account before `scripts/deploy.sh` changes it, and writes the parameters of the deployment.

usage: parameters.py STACK FILE [NAME=VALUE ...]

Prints account and region. FILE gets the parameters as `sam deploy --parameter-overrides file://FILE` reads them: JSON, which
is YAML too; its name must end in `.yaml`. Exit code 2 for bad input, 1 where the account cannot be used; both with the reason.
"""

import json
import math
import re
import sys

import boto3
import botocore.exceptions

SCHEDULE = "rate(6 hours)"
FLEXIBLE_MINUTES = 15  # both as infra/template.yaml has them
LONGEST_VALUE = 4096  # bytes of a parameter's value (CloudFormation quotas)
LONGEST_SUITE = 8192  # bytes of an advanced parameter (Systems Manager user guide, "Managing parameter tiers")
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


def chosen_before(session, stack):
    """The parameters the stack has; None if there is no such stack."""
    try:
        described = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described.get("Parameters", [])}


def heartbeat(parameters, before):
    """The hours of the heartbeat alarm, if these parameters change what they depend on."""
    if "SilentHours" in parameters or not parameters.keys() & {"Schedule", "FlexibleMinutes"}:
        return {}
    now = before | parameters
    flexible = now.get("FlexibleMinutes", str(FLEXIBLE_MINUTES))
    if not flexible.isdecimal():
        fail(2, f"FlexibleMinutes is `{flexible}`: expected a whole number of minutes, 0 to 1440")
    return {"SilentHours": silent_hours(now.get("Schedule", SCHEDULE), int(flexible))}


def kept_table(session, stack):
    """Whether a table of the stack's name is there: `scripts/destroy.sh` kept it."""
    return stack in session.client("dynamodb").get_paginator("list_tables").paginate().build_full_result()["TableNames"]


def main(stack, file, *given):
    parameters = dict(argument.split("=", 1) for argument in given)
    heartbeat(parameters, {})  # what is wrong with it is told before the account is asked
    if "Suite" in parameters:
        parameters |= divide(parameters["Suite"])
    for name, value in parameters.items():
        if len(value.encode()) > LONGEST_VALUE:
            fail(2, f"{name} has {len(value.encode())} bytes, CloudFormation takes {LONGEST_VALUE}")
    try:
        session = boto3.Session()
        if session.region_name is None:
            fail(1, "no region: set AWS_REGION and AWS_DEFAULT_REGION, or choose a profile that has one with AWS_PROFILE")
        account = session.client("sts").get_caller_identity()["Account"]
        print(f"stack {stack}, account {account}, {session.region_name}", file=sys.stderr)
        before = chosen_before(session, stack)
        parameters |= heartbeat(parameters, before or {})
        if "ExistingTable" not in parameters and before is None and kept_table(session, stack):
            print(f"the table `{stack}` is there already: its history goes on", file=sys.stderr)
            parameters["ExistingTable"] = stack
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        fail(1, f"the AWS account cannot be used: {error}")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(parameters, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
