"""What the deployed orchestrator stores and publishes, read with boto3 and held against what the CLI says.

usage: deployed.py COLDWATCH CLOUD

COLDWATCH is the command-line program, CLOUD the endpoint of the local cloud, whose functions are measured. The
endpoint of the environment is where the template was deployed to, with its schedule disabled. The working folder is
the one whose target/package was deployed.
"""

import base64
import datetime
import decimal
import hashlib
import json
import math
import pathlib
import subprocess
import sys
import time
import unittest

import boto3
import boto3.dynamodb.types

STACK = "coldwatch"
EVENTS_PAGE = (pathlib.Path(__file__).parents[3] / "docs/events.md").read_text(encoding="utf-8")
ORCHESTRATOR = f"{STACK}-orchestrator"
NAMESPACE = "Coldwatch"
COLDWATCH, CLOUD = sys.argv.pop(1), sys.argv.pop(1)

dynamodb, functions = boto3.client("dynamodb"), boto3.client("lambda")
metrics, scheduler = boto3.client("cloudwatch"), boto3.client("scheduler")
events, topics, queues = boto3.client("events"), boto3.client("sns"), boto3.client("sqs")


def plain(value):
    """An item's value as JSON has it, without what is absent."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def items():
    """Everything in the table, by its keys."""
    read = boto3.dynamodb.types.TypeDeserializer().deserialize
    pages = dynamodb.get_paginator("scan").paginate(TableName=STACK, ConsistentRead=True)
    found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {(item["pk"], item["sk"]): item for item in found}


def of_kind(prefix):
    """The items of a kind, oldest first."""
    found = [item for (_, sk), item in sorted(items().items()) if sk.startswith(prefix)]
    return [plain({name: value for name, value in item.items() if name not in ("pk", "sk")}) for item in found]


def told_by_the_cli():
    arguments = [COLDWATCH, "history", "--json", "--table", STACK]
    output = subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout
    return [plain(run) for series in json.loads(output)["series"] for run in series["runs"]]


def until(what, found, seconds=180):
    """What `found` gives, once it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds} s")


def quantile(values, p):
    """Type 7 of Hyndman and Fan, as the CLI and the stand-in have it."""
    values = sorted(values)
    at = p * (len(values) - 1)
    below = math.floor(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def statistics(name, run, *wanted, whole=False):
    """Statistics of a metric over the hour of a run: of its tick, or of its end for what is of no function."""
    at = run["finished_at" if whole else "started_at"]
    hour = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).replace(minute=0, second=0, microsecond=0)
    function = run["function"].rpartition(":")[2]
    metric = {"Namespace": NAMESPACE, "MetricName": name}
    if not whole:
        metric["Dimensions"] = [{"Name": "FunctionName", "Value": function}]
    queries = [
        {"Id": f"q{i}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}} for i, stat in enumerate(wanted)
    ]
    end = hour + datetime.timedelta(hours=1)
    results = metrics.get_metric_data(MetricDataQueries=queries, StartTime=hour, EndTime=end)["MetricDataResults"]
    return [result["Values"][0] if result["Values"] else None for result in sorted(results, key=lambda r: r["Id"])]


def switch(state):
    """The schedule on or off."""
    schedule = scheduler.get_schedule(Name=STACK)
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone")
    scheduler.update_schedule(State=state, **{name: schedule[name] for name in kept if name in schedule})
    return schedule


class Deployed(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        configuration = functions.get_function_configuration(FunctionName=ORCHESTRATOR)
        variables = configuration["Environment"]["Variables"] | {"AWS_ENDPOINT_URL_LAMBDA": CLOUD}
        functions.update_function_configuration(FunctionName=ORCHESTRATOR, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=ORCHESTRATOR)

    def deliver(self, scheduled_time):
        """The schedule's own input with its attributes filled in, as AWS would send it."""
        schedule = scheduler.get_schedule(Name=STACK)
        event = schedule["Target"]["Input"].replace("<aws.scheduler.schedule-arn>", schedule["Arn"])
        event = event.replace("<aws.scheduler.scheduled-time>", scheduled_time)
        reply = functions.invoke(FunctionName=ORCHESTRATOR, Payload=event.encode())
        answer = json.loads(reply["Payload"].read())
        self.assertNotIn("FunctionError", reply, answer)
        return answer

    def check(self, run):
        """A run's record, samples and metrics say the same."""
        self.assertEqual((run["proven"], run["stopped"]), (40, "enough"), run)
        rounds = [r for r in of_kind("SAMPLES#") if r["run_id"] == run["run_id"]]
        samples = [sample for r in rounds for sample in zip(r["outcome"], r["init_ms"])]
        inits = [init for outcome, init in samples if outcome == "cold"]
        self.assertEqual(len(inits), 40)
        p50, p90, p99, count = statistics("InitDuration", run, "p50", "p90", "p99", "SampleCount")
        self.assertEqual(count, 40)
        for p, published in ((0.5, p50), (0.9, p90), (0.99, p99)):
            self.assertAlmostEqual(published, quantile(inits, p), 6)
        self.assertAlmostEqual(run["init_ms"]["p50"], p50, 6)
        self.assertAlmostEqual(run["init_ms"]["p90"], p90, 6)
        [cold_yield] = statistics("ColdStartYield", run, "Average")
        # A busy machine may start one environment so late that another is free for its invocation.
        self.assertAlmostEqual(cold_yield, 100 * 40 / len(samples), 6)
        # The other test's run may have ended in the same hour.
        [completed] = statistics("RunsCompleted", run, "Sum", whole=True)
        self.assertIn(completed, (1, 2))

    def test_0_the_orchestrator_is_the_packaged_one(self):
        with open("target/package/orchestrator.zip", "rb") as package:
            digest = base64.b64encode(hashlib.sha256(package.read()).digest()).decode()
        self.assertEqual(functions.get_function_configuration(FunctionName=ORCHESTRATOR)["CodeSha256"], digest)

    def test_0_the_heartbeat_alarm_goes_by_the_schedule(self):
        [alarm] = metrics.describe_alarms(AlarmNames=[f"{STACK}-heartbeat"])["MetricAlarms"]
        self.assertEqual((alarm["EvaluationPeriods"], alarm["TreatMissingData"]), (2, "breaching"))
        self.assertEqual(scheduler.get_schedule(Name=STACK)["ScheduleExpression"], "rate(1 minute)")

    def test_0_a_new_regression_is_a_mail_that_names_the_function(self):
        [topic] = [t["TopicArn"] for t in topics.list_topics()["Topics"] if t["TopicArn"].endswith(f":{STACK}-alarms")]
        queue = queues.create_queue(QueueName="mails")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        examples = [json.loads(block.split("```")[0]) for block in EVENTS_PAGE.split("```json\n")[1:3]]
        faster = examples[0] | {"regression": False}
        entry = {"Source": "coldwatch", "DetailType": "Cold start changed"}
        for detail in (faster, *examples):
            reply = events.put_events(Entries=[entry | {"Detail": json.dumps(detail)}])
            self.assertEqual(reply["FailedEntryCount"], 0)
        mails = []
        while len(mails) < len(examples):
            found = until("a mail", lambda: queues.receive_message(QueueUrl=queue).get("Messages"), 30)
            for message in found:
                mails.append(json.loads(message["Body"])["Message"].strip('"'))
                queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        self.assertEqual(sorted(mails), sorted(example["message"] for example in examples))
        self.assertIn("checkout: cold start slower by +23.4 %", "".join(mails))

    def test_1_the_schedule_fires_and_what_was_stored_is_what_the_cli_tells(self):
        switch("ENABLED")
        stored = until("a run", lambda: of_kind("RUN#"))
        switch("DISABLED")
        until("the end of the run", lambda: not any(pk.startswith("LOCK#RUN#") for pk, _ in items()))
        self.check(stored[0])
        self.assertEqual(told_by_the_cli(), of_kind("RUN#"))

    def test_2_a_second_delivery_of_a_tick_changes_nothing(self):
        yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        tick = yesterday.strftime("%Y-%m-%dT%H:%M:%SZ")
        before = len(of_kind("RUN#"))
        first = self.deliver(tick)
        self.assertEqual(first["targets"][0]["proven"], 40, first)
        [run] = [r for r in of_kind("RUN#") if r["started_at"].startswith(tick[:-1])]
        self.check(run)
        table, trips = items(), statistics("RoundTrip", run, "SampleCount", "Sum")
        second = self.deliver(tick)
        self.assertEqual(second["targets"][0]["stopped"], "done before", second)
        self.assertEqual(items(), table)
        self.assertEqual(statistics("RoundTrip", run, "SampleCount", "Sum"), trips)
        self.assertEqual(len(of_kind("RUN#")), before + 1)
        self.assertEqual(told_by_the_cli(), of_kind("RUN#"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
