"""Removes a deployment: what `scripts/destroy.sh` does once it has read its arguments.

usage: destroy.py STACK keep|delete yes|no
"""

import sys

import boto3
import botocore.exceptions


def main(stack, history, sure):
    session = boto3.Session()
    formation, database = session.client("cloudformation"), session.client("dynamodb")
    outputs = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    table = next((output["OutputValue"] for output in outputs if output["OutputKey"] == "TableName"), stack)
    account = session.client("sts").get_caller_identity()["Account"]
    kept = f"the table `{table}` stays" if history == "keep" else f"THE TABLE `{table}` AND ITS HISTORY GO TOO"
    print(f"the stack {stack} in account {account}, {session.region_name}, will be deleted; {kept}", file=sys.stderr)
    if sure != "yes":
        print(f"type the name of the stack to go on: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != stack:
            sys.exit("nothing was deleted")
    formation.delete_stack(StackName=stack)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack)
    if history == "delete":
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
