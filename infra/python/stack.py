"""A deployed stack: its schedule, the run under way, and the functions that a dead run has left changed.

usage: stack.py pause STACK    switches the schedule off and waits for the run under way; prints what resume needs
       stack.py resume STACK   switches the schedule on again, unless the stack's parameters want it off
       stack.py link STACK     prints the address of the dashboard
"""

import sys
import time

import boto3
import botocore.exceptions

LONGEST_WAIT = 1800  # seconds; a run of 15 minutes hands on what it leaves
LOOKS = 2
PAUSE = 5  # seconds between two looks: longer than it takes to begin, or to hand on
KEYS_A_CALL = 100  # of BatchGetItem (DynamoDB quotas)
FUNCTIONS_NAMED = 3


def session():
    """boto3 with a Region, or the end."""
    made = boto3.Session()
    if made.region_name is None:
        sys.exit("no region: set AWS_REGION and AWS_DEFAULT_REGION, or choose a profile that has one with AWS_PROFILE")
    return made


def describe(aws, stack):
    """The stack as CloudFormation describes it; None if there is no such stack."""
    try:
        return aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None


def parameters(described):
    """What the stack was deployed with, by name."""
    return {given["ParameterKey"]: given["ParameterValue"] for given in described.get("Parameters", [])}


def outputs(described):
    """The stack's outputs by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def has_table(aws, table):
    return table in aws.client("dynamodb").get_paginator("list_tables").paginate().build_full_result()["TableNames"]


def switch(aws, stack, state):
    """Switches the schedule on or off. Whether that changed anything."""
    scheduler = aws.client("scheduler")
    try:
        schedule = scheduler.get_schedule(Name=stack)
    except scheduler.exceptions.ResourceNotFoundException:
        return False
    if schedule["State"] == state:
        return False
    # An update sets what it does not name back to the default.
    told = set(scheduler.meta.service_model.operation_model("UpdateSchedule").input_shape.members) - {"ClientToken"}
    scheduler.update_schedule(**{name: value for name, value in schedule.items() if name in told} | {"State": state})
    return True


def functions(aws, table):
    """Every function that a run may have changed: it is in the index of the history before it is touched."""
    pages = aws.client("dynamodb").get_paginator("query").paginate(
        TableName=table, ConsistentRead=True, KeyConditionExpression="pk = :index",
        ExpressionAttributeValues={":index": {"S": "INDEX"}})
    found = {item["function"]["S"] for page in pages for item in page["Items"] if "function" in item}
    return sorted(found)


def items(aws, table, keys):
    """The items there are of these, by their partition keys."""
    database, found = aws.client("dynamodb"), {}
    for first in range(0, len(keys), KEYS_A_CALL):
        wanted = [{"pk": {"S": key}, "sk": {"S": "-"}} for key in keys[first:first + KEYS_A_CALL]]
        left = {table: {"Keys": wanted, "ConsistentRead": True}}
        while left:
            reply = database.batch_get_item(RequestItems=left)
            found |= {item["pk"]["S"]: item for item in reply["Responses"].get(table, [])}
            left = reply.get("UnprocessedKeys")
    return found


def under_way(aws, table):
    """Functions that a run is at work on. A run that was killed holds its locks for a minute."""
    names = functions(aws, table)
    locks = items(aws, table, [f"LOCK#{name}" for name in names])
    now = time.time() * 1000
    held = {key for key, lock in locks.items() if float(lock["lease_until_ms"]["N"]) > now}
    return [name for name in names if f"LOCK#{name}" in held]


def left_changed(aws, table):
    """Functions that have a journal: a run has changed them and not put them back."""
    names = functions(aws, table)
    journals = items(aws, table, [f"JOURNAL#{name}" for name in names])
    return [name for name in names if f"JOURNAL#{name}" in journals]


def some(names):
    """A list for people."""
    shown = ", ".join(name.rpartition(":")[2] for name in names[:FUNCTIONS_NAMED])
    return shown + (f" and {len(names) - FUNCTIONS_NAMED} more" if len(names) > FUNCTIONS_NAMED else "")


def wait(aws, table):
    """Returns once no function is being measured; False if that takes too long."""
    end, quiet, told = time.monotonic() + LONGEST_WAIT, 0, False
    # Twice, because nothing is locked while a run begins, nor between two invocations of one.
    while quiet < LOOKS:
        if quiet or told:
            time.sleep(PAUSE)
        busy = under_way(aws, table)
        if busy and time.monotonic() > end:
            return False
        if busy and not told:
            print(f"a run is under way ({some(busy)}): waiting until it has put everything back", file=sys.stderr)
            told = True
        quiet = 0 if busy else quiet + 1
    return True


def pause(aws, stack, described):
    """Switches the schedule off and waits. Whether it was on."""
    was_on = switch(aws, stack, "DISABLED")
    table = outputs(described).get("TableName", stack)
    try:
        if has_table(aws, table) and not wait(aws, table):
            sys.exit(f"a run is still under way after {LONGEST_WAIT // 60} minutes: nothing was changed; try again later")
    except BaseException:
        if was_on:
            switch(aws, stack, "ENABLED")
        raise
    return was_on


def resume(aws, stack):
    """Switches the schedule on, if the stack is there and wants it on."""
    described = describe(aws, stack)
    if described is not None and parameters(described).get("ScheduleState") != "DISABLED":
        switch(aws, stack, "ENABLED")


def main(action, stack):
    aws = session()
    described = describe(aws, stack)
    if action == "pause" and described is not None and pause(aws, stack, described):
        print("paused")
    elif action == "resume":
        resume(aws, stack)
    elif action == "link" and described is not None:
        print(outputs(described).get("DashboardUrl", ""))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"the stack was not reached: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
