"""Drives EventBridge Scheduler, asynchronous invocation and SQS of the stand-in with boto3, as an independent judge.

Usage: boto3_judge_schedules.py ENDPOINT [TEST …], started by boto3.rs. Nothing here waits for minutes: the stand-in's clock
is moved instead.
"""

import hashlib
import json
import os
import re
import time
import unittest
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

import boto3_judge as judge
from boto3_judge import ROLE, UUID, arn, lambda_, without_metadata

scheduler = judge.client("scheduler")
unchecked = judge.client("scheduler", parameter_validation=False)
sqs = judge.client("sqs")
logs = judge.client("logs")

OFF = {"Mode": "OFF"}


def own(path, body=None, method=None):
    """A request to the stand-in's own API."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-Coldwatch-Token": os.environ["COLDWATCH_LOCAL_TOKEN"]}
    request = urllib.request.Request(f"{judge.ENDPOINT}/_local/{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def now():
    return datetime.fromisoformat(own("clock")["now"].replace("Z", "+00:00")[:26].rstrip("+") + "+00:00")


def advance(seconds):
    own("clock", {"advance_s": seconds})


def schedule_arn(name):
    return f"arn:aws:scheduler:us-east-1:000000000000:schedule/default/{name}"


class Queues(judge.Functions):
    """Base of the tests here: queues with names of their own."""

    def queue(self, **attributes):
        """URL and ARN of a new queue."""
        name = self.name()
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.addCleanup(sqs.delete_queue, QueueUrl=url)
        return url, f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def received(self, url, wait=10):
        """The next message of a queue, or none; it is deleted."""
        reply = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=wait, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )
        for message in reply.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return message

    def record(self, url, wait=10):
        return json.loads(self.received(url, wait)["Body"])

    def until_received(self, url, step_s=60):
        """Moves the clock until something is in the queue."""
        for attempt in range(200):
            message = self.received(url, wait=0)
            if message:
                return message
            # Attempts take a moment of real time, whatever the clock says.
            time.sleep(0.1)
            if attempt % 4 == 3:
                advance(step_s)
        self.fail("nothing arrived")

    def noted(self, **settings):
        """A simulated function whose events are noted in a queue once they succeed; its ARN and the queue's URL."""
        url, queue = self.queue()
        name = self.create(Runtime="simulated", Code={}, **settings)
        destinations = {"OnSuccess": {"Destination": queue}}
        lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destinations)
        return arn(name), url

    def values(self, message):
        self.assertEqual({value["DataType"] for value in message["MessageAttributes"].values()} - {"Number"}, {"String"})
        return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


class Schedules(Queues):
    def members(self, target=None, **changes):
        target = {"Arn": arn("nobody"), "RoleArn": ROLE, **(target or {})}
        return {"ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": OFF, "Target": target, **changes}

    def schedule(self, target=None, **changes):
        """The name of a new schedule."""
        name = self.name()
        created = scheduler.create_schedule(Name=name, **self.members(target, **changes))
        self.assertEqual(without_metadata(created), {"ScheduleArn": schedule_arn(name)})
        self.addCleanup(self.forget, name)
        return name

    def forget(self, name):
        try:
            scheduler.delete_schedule(Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            pass

    def dates(self, shown):
        created, modified = shown.pop("CreationDate"), shown.pop("LastModificationDate")
        self.assertLessEqual(created, modified)
        return created, modified

    def test_a_schedule_is_created_read_updated_and_deleted(self):
        name = self.schedule(State="DISABLED", Description="a test")
        shown = without_metadata(scheduler.get_schedule(Name=name))
        created, _ = self.dates(shown)
        policy = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
        # As AWS answers (replies recorded by LocalStack's tests).
        expected = {
            "ActionAfterCompletion": "NONE",
            "Arn": schedule_arn(name),
            "Description": "a test",
            "FlexibleTimeWindow": OFF,
            "GroupName": "default",
            "Name": name,
            "ScheduleExpression": "rate(5 minutes)",
            "ScheduleExpressionTimezone": "UTC",
            "State": "DISABLED",
            "Target": {"Arn": arn("nobody"), "RoleArn": ROLE, "RetryPolicy": policy},
        }
        self.assertEqual(shown, expected)

        start, end = [datetime(2200, 1, day, tzinfo=timezone.utc) for day in [1, 2]]
        queue = "arn:aws:sqs:us-east-1:000000000000:letters"
        changes = {
            "ActionAfterCompletion": "DELETE",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60},
            "ScheduleExpression": "cron(0 18 ? * MON-FRI *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "StartDate": start,
            "EndDate": end,
            "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/a",
        }
        policy = {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
        target = {"Input": '{"a": 1}', "DeadLetterConfig": {"Arn": queue}, "RetryPolicy": policy}
        updated = scheduler.update_schedule(Name=name, **self.members(target, **changes))
        self.assertEqual(without_metadata(updated), {"ScheduleArn": schedule_arn(name)})
        shown = without_metadata(scheduler.get_schedule(Name=name, GroupName="default"))
        self.assertEqual(self.dates(shown)[0], created)
        expected |= {**changes, "State": "ENABLED", "Target": {"Arn": arn("nobody"), "RoleArn": ROLE, **target}}
        del expected["Description"]
        self.assertEqual(shown, expected)

        scheduler.delete_schedule(Name=name)
        message = f"Schedule {name} does not exist."
        missing = {"Error": {"Code": "ResourceNotFoundException", "Message": message}, "Message": message}
        for call, members in [
            (scheduler.get_schedule, {}),
            (scheduler.delete_schedule, {}),
            (scheduler.update_schedule, self.members()),
        ]:
            self.assertEqual(self.refused(call, Name=name, **members), (404, missing))

    def test_schedules_are_listed_page_by_page(self):
        prefix = self.name()
        for number in range(3):
            name = f"{prefix}.{number}"
            state = "DISABLED" if number == 1 else "ENABLED"
            scheduler.create_schedule(Name=name, **self.members(ScheduleExpression="cron(0 0 1 1 ? 2199)", State=state))
            self.addCleanup(self.forget, name)
        pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 2})
        pages = [page["Schedules"] for page in pages]
        self.assertEqual([[one["Name"][-1] for one in page] for page in pages], [["0", "1"], ["2"]])
        first = pages[0][0]
        self.dates(first)
        name = f"{prefix}.0"
        expected = {"Arn": schedule_arn(name), "GroupName": "default", "Name": name, "State": "ENABLED"}
        self.assertEqual(first, {**expected, "Target": {"Arn": arn("nobody")}})
        disabled = scheduler.list_schedules(NamePrefix=prefix, State="DISABLED", GroupName="default")["Schedules"]
        self.assertEqual([one["Name"] for one in disabled], [f"{prefix}.1"])
        self.assertEqual(scheduler.list_schedules(NamePrefix="nothing-like-it")["Schedules"], [])

    def test_there_is_one_group(self):
        group = without_metadata(scheduler.get_schedule_group(Name="default"))
        self.dates(group)
        arn = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/default"
        self.assertEqual(group, {"Arn": arn, "Name": "default", "State": "ACTIVE"})
        self.assertEqual([one["Name"] for one in scheduler.list_schedule_groups()["ScheduleGroups"]], ["default"])
        message = "Schedule group other does not exist."
        self.assert_refused("ResourceNotFoundException", message, scheduler.get_schedule_group, Name="other")
        create = lambda: scheduler.create_schedule(Name="x", GroupName="other", **self.members())
        self.assert_refused("ResourceNotFoundException", message, create)

    def test_a_name_is_taken_once_and_a_request_sent_twice_is_one(self):
        name = self.schedule(ClientToken="the-same")
        again = scheduler.create_schedule(Name=name, ClientToken="the-same", **self.members())
        self.assertEqual(again["ScheduleArn"], schedule_arn(name))
        message = f"Schedule {name} already exists."
        conflict = {"Error": {"Code": "ConflictException", "Message": message}, "Message": message}
        self.assertEqual(self.refused(scheduler.create_schedule, Name=name, **self.members()), (409, conflict))

    def test_requests_that_aws_refuses_are_refused(self):
        violated = lambda value, member, constraint: (
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        )
        between = lambda value, member, word, bound: violated(
            value, member, f"Member must have value {word} than or equal to {bound}"
        )
        window = lambda minutes: {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes}}
        policy = lambda **members: {"target": {"RetryPolicy": members}}
        width, attempts = "flexibleTimeWindow.maximumWindowInMinutes", "target.retryPolicy.maximumRetryAttempts"
        age = "target.retryPolicy.maximumEventAgeInSeconds"
        past = datetime.now(timezone.utc) - timedelta(minutes=6)
        not_a_queue = {"target": {"DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:000000000000:topic"}}}
        for changes, message in [
            ({"ScheduleExpression": "rate(10 seconds)"}, "Invalid Schedule Expression rate(10 seconds)."),
            ({"ScheduleExpression": "cron(0 1 * * * *)"}, "Invalid Schedule Expression cron(0 1 * * * *)."),
            ({"ScheduleExpression": "at(2021-12-31)"}, "Invalid Schedule Expression at(2021-12-31)."),
            ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone Mars/Olympus."),
            ({"StartDate": past}, "The StartDate you specify cannot be earlier than 5 minutes ago."),
            ({"EndDate": past}, "The EndDate you specify must be later than the StartDate and the present."),
            (window(0), between(0, width, "greater", 1)),
            (window(1441), between(1441, width, "less", 1440)),
            (policy(MaximumRetryAttempts=-1), between(-1, attempts, "greater", 0)),
            (policy(MaximumRetryAttempts=186), between(186, attempts, "less", 185)),
            (policy(MaximumEventAgeInSeconds=59), between(59, age, "greater", 60)),
            (policy(MaximumEventAgeInSeconds=86401), between(86401, age, "less", 86400)),
            ({"target": {"Input": "{not json"}}, f"The Input for target {arn('nobody')} is not valid JSON."),
            ({"State": "ON"}, violated("ON", "state", "Member must satisfy enum value set: [ENABLED, DISABLED]")),
            ({"Description": "x" * 513}, None),
            ({"target": {"RoleArn": "admin"}}, None),
            ({"target": {"Arn": "arn:aws:sns:us-east-1:000000000000:topic"}}, None),
            (not_a_queue, None),
            ({"Name": "two words"}, None),
            ({"Name": "x" * 65}, None),
        ]:
            with self.subTest(changes):
                name = changes.pop("Name", "refused")
                members = self.members(**changes)
                status, error = self.refused(unchecked.create_schedule, Name=name, **members)
                self.assertEqual((status, error["Error"]["Code"]), (400, "ValidationException"))
                if message:
                    self.assertEqual(error["Error"]["Message"], message)
        message = between(101, "maxResults", "less", 100)
        self.assert_refused("ValidationException", message, unchecked.list_schedules, MaxResults=101)

    def test_a_rate_is_due_at_once_and_then_at_its_period(self):
        function, url = self.noted()
        words = ["schedule-arn", "scheduled-time", "execution-id", "attempt-number"]
        template = json.dumps({word: f"<aws.scheduler.{word}>" for word in words})
        name = self.schedule({"Arn": function, "Input": template})
        first = self.record(url)["requestPayload"]
        created = scheduler.get_schedule(Name=name)["CreationDate"]
        text = lambda moment: moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        expected = {
            "schedule-arn": schedule_arn(name),
            "scheduled-time": text(created),
            "execution-id": re.compile("^[0-9a-f]{16}$"),
            "attempt-number": "1",
        }
        self.assert_like(first, expected)
        advance(300)
        second = self.record(url)["requestPayload"]
        self.assert_like(second, {**expected, "scheduled-time": text(created + timedelta(minutes=5))})
        self.assertNotEqual(second["execution-id"], first["execution-id"])

        scheduler.update_schedule(Name=name, **self.members({"Arn": function, "Input": template}, State="DISABLED"))
        advance(300)
        self.assertIsNone(self.received(url, wait=1))

    def test_a_one_time_schedule_is_due_once_and_may_then_be_gone(self):
        function, url = self.noted()
        moment = (now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
        kept, gone = [
            self.schedule({"Arn": function}, ScheduleExpression=f"at({moment})", ActionAfterCompletion=action)
            for action in ["NONE", "DELETE"]
        ]
        self.assertIsNone(self.received(url, wait=1))
        advance(3600)
        notifications = [self.record(url)["requestPayload"] for _ in range(2)]
        # What AWS sends where the schedule has no input.
        self.assertEqual({one["resources"][0] for one in notifications}, {schedule_arn(kept), schedule_arn(gone)})
        self.assert_like(
            notifications[0],
            {
                "version": "0",
                "id": re.compile(f"^{UUID}$"),
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": "000000000000",
                "time": f"{moment}Z",
                "region": "us-east-1",
                "resources": notifications[0]["resources"],
                "detail": "{}",
            },
        )
        self.assertEqual(scheduler.get_schedule(Name=kept)["State"], "ENABLED")
        self.assertEqual(self.refused(scheduler.get_schedule, Name=gone)[0], 404)
        advance(86400)
        self.assertIsNone(self.received(url, wait=1))

    def test_a_flexible_window_delays_a_tick_but_not_its_time(self):
        function, url = self.noted()
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}
        target = {"Arn": function, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
        name = self.schedule(target, FlexibleTimeWindow=window, ScheduleExpression="rate(300 days)")
        advance(86400)
        created = scheduler.get_schedule(Name=name)["CreationDate"].astimezone(timezone.utc)
        self.assertEqual(self.record(url)["requestPayload"]["at"], created.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def test_a_tick_that_finds_no_function_is_a_dead_letter(self):
        url, queue = self.queue()
        target = {"Input": '{"at": "<aws.scheduler.scheduled-time>"}', "DeadLetterConfig": {"Arn": queue}}
        name = self.schedule(target)
        message = self.received(url)
        at = json.loads(message["Body"])["at"]
        self.assertRegex(at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        # The attributes of the user guide's example; an error that no retry helps exhausts no retry condition.
        expected = {
            "ERROR_CODE": "ResourceNotFoundException",
            "ERROR_MESSAGE": f"Function not found: {arn('nobody')}",
            "EXECUTION_ID": re.compile("^[0-9a-f]{16}$"),
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": "0",
            "SCHEDULED_TIME": at,
            "SCHEDULE_ARN": schedule_arn(name),
            "TARGET_ARN": arn("nobody"),
        }
        self.assert_like(self.values(message), expected)

    def test_the_hand_over_is_tried_again_as_the_policy_says(self):
        function, url = self.noted()
        self.addCleanup(own, "faults", method="DELETE")
        own("faults", {"faults": ["reject:lambda.Invoke,status=500,times=2"]})
        self.schedule({"Arn": function, "Input": '{"attempt": "<aws.scheduler.attempt-number>"}'})
        self.assertEqual(json.loads(self.until_received(url)["Body"])["requestPayload"], {"attempt": "3"})

        dead, queue = self.queue()
        own("faults", {"faults": ["reject:lambda.Invoke,status=429"]})
        for policy, condition, retries in [
            ({"MaximumRetryAttempts": 1}, "MaximumRetryAttempts", "1"),
            ({"MaximumEventAgeInSeconds": 60}, "MaximumEventAgeInSeconds", None),
        ]:
            target = {"Arn": function, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": queue}}
            self.schedule(target)
            values = self.values(self.until_received(dead, step_s=30))
            self.assertEqual(values["EXHAUSTED_RETRY_CONDITION"], condition)
            self.assertEqual(values["ERROR_CODE"], "TooManyRequestsException")
            self.assertIn(values["RETRY_ATTEMPTS"], [retries] if retries else ["1", "2", "3", "4", "5"])


class Events(Queues):
    def test_the_treatment_of_events_is_set_read_and_removed(self):
        name = self.simulated()
        config = lambda **members: {
            "FunctionArn": arn(name, "$LATEST"),
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
            **members,
        }
        message = f"The function {arn(name, '$LATEST')} doesn't have an EventInvokeConfig"
        update = lambda_.update_function_event_invoke_config
        for call in [lambda_.get_function_event_invoke_config, lambda_.delete_function_event_invoke_config]:
            self.assert_refused("ResourceNotFoundException", message, call, FunctionName=name)
        self.assert_refused("ResourceNotFoundException", message, update, FunctionName=name, MaximumRetryAttempts=1)

        def shown(reply):
            self.assertIsInstance(reply.pop("LastModified"), datetime)
            return without_metadata(reply)

        put = lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        self.assertEqual(shown(put), config(MaximumRetryAttempts=0))
        failure = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:letters"}}
        updated = update(FunctionName=name, MaximumEventAgeInSeconds=3600, DestinationConfig=failure)
        both = {"DestinationConfig": {"OnSuccess": {}, **failure}, "MaximumEventAgeInSeconds": 3600}
        expected = config(MaximumRetryAttempts=0, **both)
        self.assertEqual(shown(updated), expected)
        self.assertEqual(shown(lambda_.get_function_event_invoke_config(FunctionName=name)), expected)
        listed = lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
        self.assertEqual([shown(one) for one in listed], [expected])
        put = lambda_.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
        self.assertEqual(shown(put), config(MaximumEventAgeInSeconds=60))
        lambda_.delete_function_event_invoke_config(FunctionName=name)
        self.assertEqual(lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"], [])

        for members, code in [
            ({}, "InvalidParameterValueException"),
            ({"MaximumRetryAttempts": 3}, "ValidationException"),
            ({"MaximumEventAgeInSeconds": 59}, "ValidationException"),
            ({"MaximumEventAgeInSeconds": 21601}, "ValidationException"),
        ]:
            put = judge.client("lambda", parameter_validation=False).put_function_event_invoke_config
            error = self.refused(put, FunctionName=name, **members)[1]["Error"]
            self.assertEqual(error["Code"], code)

    def failing(self, **settings):
        """A function that raises, and the URL of the queue that its failures are noted in."""
        url, queue = self.queue()
        name = self.create(**settings)
        failure = {"OnFailure": {"Destination": queue}}
        lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=failure)
        return name, url

    def send(self, name, event):
        reply = lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
        self.assertEqual((reply["StatusCode"], reply["Payload"].read()), (202, b""))
        return reply["ResponseMetadata"]["RequestId"]

    def test_a_function_error_is_followed_by_two_more_attempts(self):
        name, url = self.failing()
        request_id = self.send(name, {"errand": "raise"})
        began = now()
        record = json.loads(self.until_received(url, step_s=30)["Body"])
        self.assertGreaterEqual(now() - began, timedelta(minutes=3))
        # The user guide's example.
        self.assert_like(
            record,
            {
                "version": "1.0",
                "timestamp": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
                "requestContext": {
                    "requestId": request_id,
                    "functionArn": arn(name, "$LATEST"),
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": 3,
                },
                "requestPayload": {"errand": "raise"},
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                "responsePayload": record["responsePayload"],
            },
        )
        self.assertEqual(record["responsePayload"]["errorType"], "KeyError")

    def test_attempts_and_age_are_bounded_as_configured(self):
        name, url = self.failing()
        update = lambda_.update_function_event_invoke_config
        update(FunctionName=name, MaximumRetryAttempts=0)
        self.send(name, {"errand": "exit"})
        context = self.record(url)["requestContext"]
        self.assertEqual((context["condition"], context["approximateInvokeCount"]), ("RetriesExhausted", 1))
        # After two attempts the third would come three minutes after the first.
        update(FunctionName=name, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=100)
        self.send(name, {"errand": "raise"})
        context = json.loads(self.until_received(url, step_s=30)["Body"])["requestContext"]
        self.assertEqual((context["condition"], context["approximateInvokeCount"]), ("EventAgeExceeded", 2))

    def test_a_dead_letter_is_the_event_with_three_attributes(self):
        dead, queue = self.queue()
        name, url = self.failing(DeadLetterConfig={"TargetArn": queue})
        lambda_.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        request_id = self.send(name, {"errand": "raise"})
        message = self.received(dead)
        self.assertEqual(json.loads(message["Body"]), {"errand": "raise"})
        self.assertEqual(
            self.values(message), {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "'lost'"}
        )
        self.assertIsNotNone(self.received(url), "the record goes to the destination as well")

    def test_a_throttled_event_waits(self):
        function, url = self.noted()
        lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        self.send(function, {"hold_ms": 0})
        self.assertIsNone(self.received(url, wait=1))
        lambda_.delete_function_concurrency(FunctionName=function)
        context = json.loads(self.until_received(url)["Body"])["requestContext"]
        self.assertEqual((context["condition"], context["approximateInvokeCount"]), ("Success", 1))

    def test_a_record_may_go_to_a_function(self):
        listener, url = self.noted()
        name = self.simulated()
        destinations = {"OnSuccess": {"Destination": listener}}
        lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destinations)
        self.send(name, {"hold_ms": 1})
        heard = self.record(url)["requestPayload"]
        self.assertEqual(heard["requestContext"]["functionArn"], arn(name, "$LATEST"))
        self.assertEqual(heard["responsePayload"]["invocation"], 1)

    def test_a_function_may_hand_on_to_itself(self):
        recursion = """
import datetime, hashlib, hmac, json, os, urllib.request

def signed(path, body):
    "Signature Version 4 by hand: a function has no SDK here."
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    hashed = hashlib.sha256(body).hexdigest()
    canonical = "\\n".join(["POST", path, "", "host:" + host, "x-amz-date:" + date, "", "host;x-amz-date", hashed])
    scope = date[:8] + "/us-east-1/lambda/aws4_request"
    text = "\\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope
    return {"X-Amz-Date": date, "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}"}

def handler(event, context):
    if event["depth"] < 3:
        path = f"/2015-03-31/functions/{context.function_name}/invocations"
        body = json.dumps({"depth": event["depth"] + 1}).encode()
        headers = signed(path, body) | {"X-Amz-Invocation-Type": "Event"}
        urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, body, headers)).read()
    return event["depth"]
"""
        url, queue = self.queue()
        name = self.create(Code={"ZipFile": judge.zipped(main__py=recursion)})
        destinations = {"OnSuccess": {"Destination": queue}}
        lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destinations)
        self.send(name, {"depth": 0})
        self.assertEqual(sorted(self.record(url)["responsePayload"] for _ in range(4)), [0, 1, 2, 3])


class Sqs(Queues):
    def test_a_queue_is_made_found_and_listed(self):
        name = self.name()
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        self.addCleanup(sqs.delete_queue, QueueUrl=url)
        self.assertEqual(url, f"{judge.ENDPOINT}/000000000000/{name}")
        self.assertEqual(sqs.create_queue(QueueName=name)["QueueUrl"], url)
        self.assertEqual(sqs.get_queue_url(QueueName=name)["QueueUrl"], url)
        self.assertEqual(sqs.list_queues(QueueNamePrefix=name)["QueueUrls"], [url])
        self.assertNotIn("QueueUrls", sqs.list_queues(QueueNamePrefix="nothing-like-it"))
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for moment in ["CreatedTimestamp", "LastModifiedTimestamp"]:
            self.assertRegex(attributes.pop(moment), r"^\d{10}$")
        self.assertEqual(
            attributes,
            {
                "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
                "ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesNotVisible": "0",
                "ApproximateNumberOfMessagesDelayed": "0",
                "VisibilityTimeout": "60",
                "MessageRetentionPeriod": "345600",
                "MaximumMessageSize": "1048576",
                "DelaySeconds": "0",
                "ReceiveMessageWaitTimeSeconds": "0",
                "SqsManagedSseEnabled": "true",
            },
        )

    def test_a_message_comes_back_as_it_was_sent_until_it_is_deleted(self):
        url, _ = self.queue()
        attributes = {
            "COLOUR": {"DataType": "String", "StringValue": "rouge é"},
            "COUNT": {"DataType": "Number", "StringValue": "3"},
            "BYTES": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        }
        sent = sqs.send_message(QueueUrl=url, MessageBody="hello é", MessageAttributes=attributes)
        digest = hashlib.md5("hello é".encode()).hexdigest()
        self.assertEqual(sent["MD5OfMessageBody"], digest)
        receive = lambda **more: sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"], **more
        )
        message = receive(VisibilityTimeout=60)["Messages"][0]
        self.assertEqual((message["MessageId"], message["Body"]), (sent["MessageId"], "hello é"))
        self.assertEqual((message["MD5OfBody"], message["MessageAttributes"]), (digest, attributes))
        self.assertEqual(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
        self.assertEqual(message["MD5OfMessageAttributes"], self.digest(attributes))
        self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], "1")
        self.assertNotIn("Messages", receive())
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
        self.assertEqual(counts["Attributes"], {"ApproximateNumberOfMessagesNotVisible": "1"})

        advance(60)
        again = receive()["Messages"][0]
        self.assertEqual(again["Attributes"]["ApproximateReceiveCount"], "2")
        sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
        advance(60)
        self.assertNotIn("Messages", receive())

    def digest(self, attributes):
        """The algorithm of the SQS developer guide, written a second time."""
        framed = lambda value: len(value).to_bytes(4, "big") + value
        digest = hashlib.md5()
        for name in sorted(attributes):
            value = attributes[name]
            digest.update(framed(name.encode()) + framed(value["DataType"].encode()))
            if "BinaryValue" in value:
                digest.update(b"\x02" + framed(value["BinaryValue"]))
            else:
                digest.update(b"\x01" + framed(value["StringValue"].encode()))
        return digest.hexdigest()

    def test_a_delayed_message_comes_later_and_a_purge_takes_all(self):
        url, _ = self.queue()
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
        self.assertIsNone(self.received(url, wait=0))
        advance(900)
        self.assertEqual(self.received(url, wait=0)["Body"], "later")
        for number in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        self.assertEqual(len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]), 10)
        sqs.purge_queue(QueueUrl=url)
        advance(60)
        self.assertIsNone(self.received(url, wait=0))

    def test_a_long_poll_ends_when_a_message_arrives(self):
        url, _ = self.queue()
        with judge.ThreadPoolExecutor(1) as threads:
            began = time.monotonic()
            waiting = threads.submit(self.received, url, 20)
            sqs.send_message(QueueUrl=url, MessageBody="now")
            self.assertEqual(waiting.result()["Body"], "now")
            self.assertLess(time.monotonic() - began, 10)

    def test_requests_that_aws_refuses_are_refused(self):
        url, _ = self.queue(VisibilityTimeout="30")
        name = url.rsplit("/", 1)[1]
        nowhere = url + "-not"
        gone = "AWS.SimpleQueueService.NonExistentQueue"
        for call, members, code in [
            (sqs.get_queue_url, {"QueueName": "nobody"}, gone),
            (sqs.send_message, {"QueueUrl": nowhere, "MessageBody": "x"}, gone),
            (sqs.receive_message, {"QueueUrl": nowhere}, gone),
            (sqs.purge_queue, {"QueueUrl": nowhere}, gone),
            (sqs.create_queue, {"QueueName": name, "Attributes": {"VisibilityTimeout": "31"}}, "QueueAlreadyExists"),
            (sqs.create_queue, {"QueueName": "two words"}, "InvalidParameterValue"),
            (sqs.create_queue, {"QueueName": "a", "Attributes": {"DelaySeconds": "901"}}, "InvalidParameterValue"),
            (sqs.create_queue, {"QueueName": "a", "Attributes": {"Colour": "red"}}, "InvalidAttributeName"),
            (sqs.receive_message, {"QueueUrl": url, "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
            (sqs.receive_message, {"QueueUrl": url, "WaitTimeSeconds": 21}, "InvalidParameterValue"),
            (sqs.send_message, {"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
            (sqs.delete_message, {"QueueUrl": url, "ReceiptHandle": "mine"}, "ReceiptHandleIsInvalid"),
        ]:
            with self.subTest(members):
                status, error = self.refused(call, **members)
                self.assertEqual((status, error["Error"]["Code"]), (400, code))


class Logs(judge.Functions):
    """The reports of functions in CloudWatch Logs, and Logs Insights over them."""

    def results(self, query, group, **settings):
        """The answer of a query of the last minute, once it is complete."""
        at = int(now().timestamp())
        settings = {"logGroupName": group, "startTime": at - 60, "endTime": at} | settings
        started = logs.start_query(queryString=query, **settings)
        for _ in range(100):
            reply = logs.get_query_results(queryId=started["queryId"])
            if reply["status"] == "Complete":
                return without_metadata(reply)
            self.assertIn(reply["status"], ("Scheduled", "Running"))
        self.fail("the query does not end")

    def test_the_reports_of_a_function_are_found_by_a_query(self):
        function = self.simulated(SIMULATED_INIT_MS="constant:20")
        for _ in range(2):
            self.invoke(function)
        group = f"/aws/lambda/{function}"
        (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        self.assertEqual((described["logGroupName"], described["logGroupClass"]), (group, "STANDARD"))
        self.assertGreater(described["storedBytes"], 200)
        query = 'fields @timestamp, @message, @logStream, @log | filter @message like "Init Duration: "'
        reply = self.results(query, group, limit=5)
        (row,) = ({cell["field"]: cell["value"] for cell in row} for row in reply["results"])
        self.assertRegex(row["@message"], "^REPORT RequestId: .*\tInit Duration: 20.00 ms\t$")
        self.assertRegex(row["@timestamp"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$")
        self.assertRegex(row["@logStream"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertEqual(row["@log"], f"000000000000:{group}")
        statistics = reply["statistics"]
        self.assertEqual((statistics["recordsMatched"], statistics["recordsScanned"]), (1.0, 2.0))
        self.assertEqual(statistics["bytesScanned"], described["storedBytes"])
        both = self.results("fields @message | sort @timestamp asc | limit 1", group)
        self.assertEqual(both["results"], [[{"field": "@message", "value": row["@message"]}]])

    def test_requests_that_aws_refuses_are_refused(self):
        function = self.simulated()
        self.invoke(function)
        members = {"logGroupName": f"/aws/lambda/{function}", "startTime": 1, "endTime": 2, "queryString": "fields @message"}
        for call, members, code in [
            (logs.start_query, members | {"logGroupName": "/aws/lambda/gone"}, "ResourceNotFoundException"),
            (logs.start_query, members | {"startTime": 3}, "InvalidParameterException"),
            (logs.start_query, members | {"limit": 10_001}, "InvalidParameterException"),
            (logs.start_query, members | {"queryString": "what?"}, "MalformedQueryException"),
            (logs.get_query_results, {"queryId": str(uuid.uuid4())}, "ResourceNotFoundException"),
            (logs.describe_log_groups, {"limit": 51}, "InvalidParameterException"),
        ]:
            with self.subTest(members):
                status, error = self.refused(call, **members)
                self.assertEqual((status, error["Error"]["Code"]), (400, code))


if __name__ == "__main__":
    unittest.main(verbosity=2)
