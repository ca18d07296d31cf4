"""Removes a deployment: what `scripts/destroy.sh` does once it has read its arguments.

usage: destroy.py STACK keep|delete yes|no [COLDWATCH]

COLDWATCH is the command-line program, which puts functions back that a dead run has left changed. Without it such
functions keep the deployment.
"""

import os
import subprocess
import sys

import botocore.exceptions

import stack as stacks


def put_back(aws, table, program):
    """Has every function put back that a dead run has left changed, or ends here."""
    changed = stacks.left_changed(aws, table)
    if changed and program:
        print(f"a dead run has left {stacks.some(changed)} changed: putting back", file=sys.stderr)
        subprocess.run([program, "restore", "--table", table], stdout=sys.stderr, env=region(aws), check=False)
        changed = stacks.left_changed(aws, table)
    if changed:
        sys.exit(f"nothing was deleted: a dead run has left {stacks.some(changed)} changed, and only the table knows it. "
                 f"Put back first: coldwatch restore --table {table}")


def region(aws):
    """The environment, for a program that reads no AWS_DEFAULT_REGION."""
    return os.environ | {"AWS_REGION": aws.region_name}


def delete(aws, stack, table, described, history):
    """Deletes the stack, and the table if the history is not kept."""
    formation, database = aws.client("cloudformation"), aws.client("dynamodb")
    if described is not None:
        formation.delete_stack(StackName=stack)
        formation.get_waiter("stack_delete_complete").wait(StackName=stack)
    if history == "delete" and stacks.has_table(aws, table):
        database.update_table(TableName=table, DeletionProtectionEnabled=False)
        database.get_waiter("table_exists").wait(TableName=table)
        database.delete_table(TableName=table)
        database.get_waiter("table_not_exists").wait(TableName=table)


def main(stack, history, sure, program=""):
    aws = stacks.session()
    place = f"in account {aws.client('sts').get_caller_identity()['Account']}, {aws.region_name}"
    described = stacks.describe(aws, stack)
    table = stacks.outputs(described or {}).get("TableName", stack)
    doomed = [] if described is None else [f"the stack {stack}"]
    if history == "delete" and stacks.has_table(aws, table):
        doomed.append(f"THE TABLE `{table}` WITH THE HISTORY")
    if not doomed:
        sys.exit(f"there is no stack {stack} {place}: nothing was deleted")
    kept = f"; the table `{table}` stays" if history == "keep" else ""
    print(f"{place}, this will be deleted: {' and '.join(doomed)}{kept}", file=sys.stderr)
    if sure != "yes":
        print("type the name of the stack to go on: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != stack:
            sys.exit("nothing was deleted")
    paused = described is not None and stacks.pause(aws, stack, described)
    try:
        if stacks.has_table(aws, table):
            put_back(aws, table, program)
        delete(aws, stack, table, described, history)
    except BaseException:
        if paused:
            stacks.resume(aws, stack)
        raise
    print("deleted", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"not deleted: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
