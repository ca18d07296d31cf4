"""Removes a deployment: what `scripts/destroy.sh` does once it has read its arguments.

usage: destroy.py STACK keep|delete yes|no
"""

import sys

import boto3
import botocore.exceptions


def outputs(formation, stack):
    """The stack's outputs by name; None if there is no such stack."""
    try:
        described = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in described}


def has_table(database, table):
    return table in database.get_paginator("list_tables").paginate().build_full_result()["TableNames"]


def main(stack, history, sure):
    session = boto3.Session()
    if session.region_name is None:
        sys.exit("no region: set AWS_REGION and AWS_DEFAULT_REGION, or choose a profile that has one with AWS_PROFILE")
    formation, database = session.client("cloudformation"), session.client("dynamodb")
    place = f"in account {session.client('sts').get_caller_identity()['Account']}, {session.region_name}"
    deployed = outputs(formation, stack)
    table = (deployed or {}).get("TableName", stack)
    doomed = [] if deployed is None else [f"the stack {stack}"]
    if history == "delete" and has_table(database, table):
        doomed.append(f"THE TABLE `{table}` WITH THE HISTORY")
    if not doomed:
        sys.exit(f"there is no stack {stack} {place}: nothing was deleted")
    kept = f"; the table `{table}` stays" if history == "keep" else ""
    print(f"{place}, this will be deleted: {' and '.join(doomed)}{kept}", file=sys.stderr)
    if sure != "yes":
        print("type the name of the stack to go on: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != stack:
            sys.exit("nothing was deleted")
    if deployed is not None:
        formation.delete_stack(StackName=stack)
        formation.get_waiter("stack_delete_complete").wait(StackName=stack)
    if history == "delete" and has_table(database, table):
        database.update_table(TableName=table, DeletionProtectionEnabled=False)
        database.get_waiter("table_exists").wait(TableName=table)
        database.delete_table(TableName=table)
        database.get_waiter("table_not_exists").wait(TableName=table)
    print("deleted", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"not deleted: {error}")
