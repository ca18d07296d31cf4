"""Drives every operation of the stand-in with boto3, as an independent judge of its wire format.

Usage: boto3_judge.py ENDPOINT [TEST …], started by boto3.rs, with keys and token in the environment. The stand-in's updates settle after half a second or more,
and its account runs 102 invocations at once.
"""

import base64
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import unittest
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import boto3
import botocore.model
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv.pop(1)
ROLE = "arn:aws:iam::000000000000:role/judge"
PYTHON = f"python3.{sys.version_info.minor}"
TARGETS = pathlib.Path(__file__).resolve().parents[3] / "target-function" / "runtimes"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

# A function that does as its event says.
ERRANDS = """
import os, time

def handler(event, context):
    errand = event.get("errand")
    if errand == "sleep":
        time.sleep(30)
    if errand == "exit":
        os._exit(3)
    if errand == "raise":
        raise KeyError("lost")
    if errand == "print":
        print("a line of the function", flush=True)
    if errand == "context":
        return [context.aws_request_id, context.function_name, context.memory_limit_in_mb, context.invoked_function_arn,
                0 < context.get_remaining_time_in_millis() <= 3000]
    return os.environ.get("ANSWER", "none")
"""


def client(service, protocol=None, **options):
    """One attempt per call: what is judged is the stand-in, not the retries. `protocol`, where it is given, takes the place
    of the one that boto3 would choose."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=150, read_timeout=60, **options)
    preferred = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (protocol, *preferred) if protocol else preferred
    made = boto3.Session().client(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        config=config,
    )
    made.meta.service_model.resolved_protocol  # chosen now, and kept
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = preferred
    return made


lambda_ = client("lambda")
dynamodb = client("dynamodb")


def arn(name, qualifier=None):
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}" + (f":{qualifier}" if qualifier else "")


def without_metadata(reply):
    return {key: value for key, value in reply.items() if key != "ResponseMetadata"}


def zipped(**files):
    """A zip of `name="content"`, with `__` for the dot of a name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "."))
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


class Judge(unittest.TestCase):
    maxDiff = None

    def refused(self, call, **arguments):
        """The status and all members of the error that `call` must raise."""
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        response = caught.exception.response
        return response["ResponseMetadata"]["HTTPStatusCode"], without_metadata(response)

    def assert_refused(self, code, message, call, **arguments):
        error = self.refused(call, **arguments)[1]["Error"]
        self.assertEqual((error["Code"], error["Message"]), (code, message))

    def assert_like(self, actual, expected):
        """Whole structures; a compiled pattern stands for the strings that match it."""
        if isinstance(expected, re.Pattern):
            self.assertRegex(actual, expected)
        elif isinstance(expected, dict):
            self.assertEqual(actual.keys(), expected.keys())
            for key, value in expected.items():
                self.assert_like(actual[key], value)
        else:
            self.assertEqual(actual, expected)


class Functions(Judge):
    """Base of the Lambda tests: functions with names of their own."""

    def name(self):
        return "judge-" + uuid.uuid4().hex[:12]

    def settle(self, name):
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})

    def create(self, **settings):
        """An active function; ERRANDS unless `settings` say otherwise."""
        name = self.name()
        defaults = {"Runtime": PYTHON, "Handler": "main.handler", "Code": {"ZipFile": zipped(main__py=ERRANDS)}}
        lambda_.create_function(FunctionName=name, Role=ROLE, **{**defaults, **settings})
        self.addCleanup(lambda_.delete_function, FunctionName=name)
        self.settle(name)
        return name

    def simulated(self, **variables):
        return self.create(Runtime="simulated", Code={}, Environment={"Variables": variables})

    def invoke(self, name, event=None, **options):
        payload = {} if event is None else {"Payload": json.dumps(event)}
        reply = lambda_.invoke(FunctionName=name, LogType="Tail", **payload, **options)
        return reply, json.loads(reply["Payload"].read()), base64.b64decode(reply["LogResult"]).decode()

    def answer(self, name, event=None, **options):
        return self.invoke(name, event, **options)[1]


class FunctionsOverTime(Functions):
    def configuration(self, name, code, **changes):
        """What AWS shows of a fresh function (recorded replies of CreateFunction)."""
        return {
            "FunctionName": name,
            "FunctionArn": arn(name),
            "Runtime": PYTHON,
            "Role": ROLE,
            "Handler": "main.handler",
            "CodeSize": len(code),
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "LastModified": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$"),
            "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
            "Version": "$LATEST",
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": re.compile(f"^{UUID}$"),
            "PackageType": "Zip",
            "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "RuntimeVersionConfig": {
                "RuntimeVersionArn": re.compile("^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$")
            },
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
            **changes,
        }

    def test_a_function_is_created_read_and_deleted(self):
        name, code = self.name(), zipped(main__py=ERRANDS)
        created = lambda_.create_function(
            FunctionName=name,
            Role=ROLE,
            Runtime=PYTHON,
            Handler="main.handler",
            Code={"ZipFile": code},
            Environment={"Variables": {"ANSWER": "1"}},
            Tags={"team": "x"},
        )
        environment = {"Environment": {"Variables": {"ANSWER": "1"}}}
        pending = {
            "State": "Pending",
            "StateReason": "The function is being created.",
            "StateReasonCode": "Creating",
        }
        self.assertEqual(created["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assert_like(without_metadata(created), self.configuration(name, code, **environment, **pending))

        self.settle(name)
        active = self.configuration(name, code, **environment, State="Active", LastUpdateStatus="Successful")
        read = without_metadata(lambda_.get_function_configuration(FunctionName=name))
        self.assert_like(read, active)
        self.assertEqual(read["RevisionId"], created["RevisionId"])
        self.assertEqual(without_metadata(lambda_.get_function_configuration(FunctionName=arn(name))), read)
        location = re.compile("^http://")
        self.assert_like(
            without_metadata(lambda_.get_function(FunctionName=name)),
            {"Configuration": active, "Code": {"RepositoryType": "S3", "Location": location}, "Tags": {"team": "x"}},
        )

        deleted = lambda_.delete_function(FunctionName=name)
        self.assertEqual(deleted["ResponseMetadata"]["HTTPStatusCode"], 204)
        missing = {"Error": {"Code": "ResourceNotFoundException", "Message": f"Function not found: {arn(name)}"}}
        missing |= {"Message": f"Function not found: {arn(name)}", "Type": "User"}
        for call in [lambda_.get_function, lambda_.get_function_configuration, lambda_.delete_function, lambda_.invoke]:
            self.assertEqual(self.refused(call, FunctionName=name), (404, missing))

    def test_an_update_is_in_progress_before_it_is_successful(self):
        name = self.create(Environment={"Variables": {"ANSWER": "old", "OTHER": "x"}})
        self.assertEqual(self.answer(name), "old")
        before = lambda_.get_function_configuration(FunctionName=name)
        updated = lambda_.update_function_configuration(
            FunctionName=name, Environment={"Variables": {"ANSWER": "new"}}, RevisionId=before["RevisionId"]
        )
        in_progress = {
            "LastUpdateStatus": "InProgress",
            "LastUpdateStatusReason": "The function is being created.",
            "LastUpdateStatusReasonCode": "Creating",
        }
        changed = {"RevisionId", "LastModified", "Environment", "ResponseMetadata", *in_progress}
        unchanged = lambda reply: {key: value for key, value in reply.items() if key not in changed}
        self.assertEqual(unchanged(updated), unchanged(before))
        self.assertEqual({key: updated[key] for key in in_progress}, in_progress)
        self.assertEqual((updated["State"], updated["Environment"]), ("Active", {"Variables": {"ANSWER": "new"}}))
        self.assertNotEqual(updated["RevisionId"], before["RevisionId"])

        _, answer, tail = self.invoke(name)
        self.assertEqual((answer, "Init Duration" in tail), ("old", False))
        message = f"The operation cannot be performed at this time. An update is in progress for resource: {arn(name)}"
        conflict = {
            "Error": {"Code": "ResourceConflictException", "Message": message},
            "message": message,
            "Type": "User",
        }
        code = {"ZipFile": zipped(main__py=ERRANDS)}
        for call, arguments in [
            (lambda_.update_function_configuration, {"FunctionName": name, "Timeout": 4}),
            (lambda_.update_function_code, {"FunctionName": name, **code}),
            (lambda_.publish_version, {"FunctionName": name}),
            (lambda_.tag_resource, {"Resource": arn(name), "Tags": {"a": "b"}}),
        ]:
            self.assertEqual(self.refused(call, **arguments), (409, conflict))

        self.settle(name)
        self.assertEqual(lambda_.get_function_configuration(FunctionName=name)["RevisionId"], updated["RevisionId"])
        _, answer, tail = self.invoke(name)
        self.assertEqual((answer, "Init Duration" in tail), ("new", True))

    def test_any_update_retires_the_environments(self):
        name = self.create()
        for change in [{"Description": "x"}, {"Description": "x"}, {"MemorySize": 256}, {"Timeout": 5}]:
            self.assertIn("Init Duration", self.invoke(name)[2])
            self.assertNotIn("Init Duration", self.invoke(name)[2])
            lambda_.update_function_configuration(FunctionName=name, **change)
            self.settle(name)
        self.assertIn("Memory Size: 256 MB", self.invoke(name)[2])

    def test_a_stale_revision_is_refused(self):
        name = self.create()
        message = (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
        failed = {
            "Error": {"Code": "PreconditionFailedException", "Message": message},
            "message": message,
            "Type": "User",
        }
        stale = {"FunctionName": name, "RevisionId": str(uuid.uuid4())}
        update = lambda_.update_function_configuration
        self.assertEqual(self.refused(update, Description="x", **stale), (412, failed))
        self.assertEqual(self.refused(lambda_.publish_version, **stale), (412, failed))
        code = zipped(main__py=ERRANDS)
        self.assertEqual(self.refused(lambda_.update_function_code, ZipFile=code, **stale), (412, failed))

    def test_new_code_has_another_hash_and_runs(self):
        name = self.create()
        code = zipped(main__py="def handler(event, context):\n    return 'second'\n")
        digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
        tried = lambda_.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)
        self.assertEqual(tried["LastUpdateStatus"], "Successful")
        updated = lambda_.update_function_code(FunctionName=name, ZipFile=code)
        self.assertEqual((updated["CodeSha256"], updated["LastUpdateStatus"]), (digest, "InProgress"))
        self.settle(name)
        self.assertEqual(self.answer(name), "second")

    def test_a_folder_of_this_machine_is_code(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "main.py").write_text("def handler(event, context):\n    return 'from a folder'\n")
            name = self.create(Code={"S3Bucket": "local-folder", "S3Key": folder})
        self.assertEqual(self.answer(name), "from a folder")

    def test_a_version_is_frozen_and_has_its_own_environments(self):
        name = self.create(Environment={"Variables": {"ANSWER": "first"}})
        published = lambda_.publish_version(FunctionName=name, Description="one")
        self.assertEqual(
            [published[key] for key in ["Version", "FunctionArn", "Description", "State"]],
            ["1", arn(name, 1), "one", "Active"],
        )
        self.assertEqual(lambda_.publish_version(FunctionName=name)["Version"], "1")
        reply, answer, tail = self.invoke(name, Qualifier="1")
        self.assertEqual((reply["ExecutedVersion"], answer), ("1", "first"))
        self.assertRegex(tail, "^START RequestId: .* Version: 1\n")

        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {"ANSWER": "second"}})
        self.settle(name)
        reply, answer, tail = self.invoke(f"{name}:1")
        self.assertEqual((reply["ExecutedVersion"], answer, "Init Duration" in tail), ("1", "first", False))
        self.assertEqual(self.answer(name), "second")
        self.assertEqual(lambda_.publish_version(FunctionName=name)["Version"], "2")
        listed = lambda_.list_versions_by_function(FunctionName=name)["Versions"]
        self.assertEqual([version["Version"] for version in listed], ["$LATEST", "1", "2"])
        self.assertEqual(
            self.refused(lambda_.invoke, FunctionName=name, Qualifier="3")[1]["Error"],
            {"Code": "ResourceNotFoundException", "Message": f"Function not found: {arn(name, 3)}"},
        )

    def test_functions_are_listed_page_by_page(self):
        names = {self.simulated() for _ in range(3)}
        pages = list(lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}))
        self.assertTrue(all(len(page["Functions"]) <= 1 for page in pages))
        listed = [function["FunctionName"] for page in pages for function in page["Functions"]]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertLessEqual(names, set(listed))

    def test_tags_are_set_listed_and_removed(self):
        name = self.simulated()
        lambda_.tag_resource(Resource=arn(name), Tags={"a": "1", "b": "2"})
        self.assertEqual(lambda_.list_tags(Resource=arn(name))["Tags"], {"a": "1", "b": "2"})
        lambda_.untag_resource(Resource=arn(name), TagKeys=["a"])
        self.assertEqual(lambda_.list_tags(Resource=arn(name))["Tags"], {"b": "2"})

    def test_requests_that_aws_refuses_are_refused(self):
        name = self.create()
        create = {"FunctionName": name, "Role": ROLE, "Runtime": PYTHON, "Handler": "main.handler"}
        create["Code"] = {"ZipFile": zipped(main__py=ERRANDS)}
        invalid = "InvalidParameterValueException"
        self.assert_refused(
            "ResourceConflictException", f"Function already exist: {name}", lambda_.create_function, **create
        )
        create["FunctionName"] = self.name()
        self.assertEqual(
            self.refused(lambda_.create_function, **{**create, "Runtime": "cobol"})[1]["Error"]["Code"], invalid
        )
        self.assert_refused(
            invalid,
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
            lambda_.create_function,
            **{**create, "Code": {"ZipFile": b"no zip"}},
        )
        unable = "Lambda was unable to configure your environment variables because the environment variables you have provided "
        big = {"KEY": "v" * 4096}
        measured = json.dumps(big, separators=(",", ":"))
        for variables, problem in [
            (big, f"exceeded the 4KB limit. String measured: {measured}"),
            (
                {"AWS_REGION": "x"},
                "contains reserved keys that are currently not supported for modification. "
                "Reserved keys used in this request: AWS_REGION",
            ),
        ]:
            for call, arguments in [
                (lambda_.create_function, create),
                (lambda_.update_function_configuration, {"FunctionName": name}),
            ]:
                self.assert_refused(
                    invalid, unable + problem, call, **arguments, Environment={"Variables": variables}
                )
        self.assert_refused(
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900",
            lambda_.update_function_configuration,
            FunctionName=name,
            Timeout=901,
        )


class Invocations(Functions):
    def check_target(self, **settings):
        """The target function's contract, and the log that AWS writes about a cold and a warm invocation."""
        name = self.create(**settings)
        replies = []
        for init in ["\tInit Duration: \\d+\\.\\d\\d ms", ""]:
            reply, answer, tail = self.invoke(name, {"hold_ms": 20})
            replies.append(answer)
            request_id = reply["ResponseMetadata"]["RequestId"]
            self.assertEqual((reply["StatusCode"], reply["ExecutedVersion"]), (200, "$LATEST"))
            self.assertNotIn("FunctionError", reply)
            self.assertRegex(
                tail,
                f"^START RequestId: {request_id} Version: \\$LATEST\n"
                f"END RequestId: {request_id}\n"
                f"REPORT RequestId: {request_id}\tDuration: \\d+\\.\\d\\d ms\tBilled Duration: \\d+ ms\t"
                f"Memory Size: 128 MB\tMax Memory Used: \\d+ MB{init}\t\n$",
            )
        first, second = replies
        for reply in replies:
            self.assertRegex(reply["environment_id"], f"^{UUID}$")
            self.assertRegex(reply["started_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(second["environment_id"], first["environment_id"])
        self.assertEqual((first["invocation"], second["invocation"]), (1, 2))
        self.assertGreaterEqual(first["held_ms"], 20)
        self.assertEqual(second["held_ms"], 0)
        self.assertEqual(second["processor"], first["processor"])

        for event, shown in [({"hold_ms": "x" * 200}, '"' + "x" * 99 + "…"), ({"hold_ms": 60001}, "60001")]:
            reply, answer, _ = self.invoke(name, event)
            self.assertEqual((reply["StatusCode"], reply["FunctionError"]), (200, "Unhandled"))
            self.assertEqual(
                (answer["errorType"], answer["errorMessage"]),
                ("InvalidRequest", f"hold_ms must be a whole number from 0 to 60000, got {shown}"),
            )
        self.assertEqual(self.answer(name, {"hold_ms": 5.0})["invocation"], 5)
        self.assertEqual(self.answer(name)["invocation"], 6)
        return name

    def test_the_python_target(self):
        code = zipped(handler__py=(TARGETS / "python" / "handler.py").read_text())
        self.check_target(Handler="handler.handler", Code={"ZipFile": code})

    def test_the_nodejs_target(self):
        code = zipped(handler__mjs=(TARGETS / "nodejs" / "handler.mjs").read_text())
        self.check_target(Runtime="nodejs20.x", Handler="handler.handler", Code={"ZipFile": code})

    def test_the_simulated_target(self):
        self.check_target(Runtime="simulated", Code={})

    def test_a_bootstrap(self):
        bootstrap = f"""#!{sys.executable}
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    body = event.read()
    path = "/2018-06-01/runtime/invocation/" + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    api.request("POST", path, b'"echo: ' + body.replace(b'"', b"'") + b'"')
    api.getresponse().read()
"""
        code = {"ZipFile": zipped(bootstrap=bootstrap)}
        name = self.create(Runtime="provided.al2023", Handler="bootstrap", Code=code)
        self.assertEqual(self.answer(name, {"a": 1}), "echo: {'a': 1}")

    def test_a_dry_run_runs_nothing(self):
        name = self.simulated()
        reply = lambda_.invoke(FunctionName=name, InvocationType="DryRun")
        self.assertEqual((reply["StatusCode"], reply["Payload"].read()), (204, b""))
        self.assertEqual(self.answer(name)["invocation"], 1)

    def test_an_event_is_accepted_and_run_later(self):
        name = self.simulated()
        # One at a time, so that the only execution environment counts all invocations.
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        self.assertEqual(self.answer(name)["invocation"], 1)
        reply = lambda_.invoke(FunctionName=name, InvocationType="Event", LogType="Tail", Payload="{}")
        self.assertEqual((reply["StatusCode"], reply["Payload"].read()), (202, b""))
        self.assertEqual(reply.keys(), {"StatusCode", "Payload", "ResponseMetadata"})
        deadline, invocation, own = time.monotonic() + 20, 1, 1
        while invocation == own:
            self.assertLess(time.monotonic(), deadline, "the event never ran")
            try:
                invocation = self.answer(name)["invocation"]
                own += 1
            except lambda_.exceptions.TooManyRequestsException:
                time.sleep(0.01)
        self.assertEqual(invocation, own + 1)

    def test_the_context_has_what_aws_gives(self):
        name = self.create()
        reply, answer, _ = self.invoke(name, {"errand": "context"})
        request_id = reply["ResponseMetadata"]["RequestId"]
        self.assertEqual(answer, [request_id, name, "128", arn(name), True])

    def test_what_the_function_prints_is_in_the_tail_of_4_kb(self):
        name = self.create()
        lines = self.invoke(name, {"errand": "print"})[2].split("\n")
        self.assertEqual((lines[0][:6], lines[1], lines[2][:4]), ("START ", "a line of the function", "END "))
        chatty = zipped(main__py="def handler(event, context):\n    for _ in range(999):\n        print('0123456789')\n")
        tail = self.invoke(self.create(Code={"ZipFile": chatty}))[2]
        self.assertEqual(len(tail), 4096)
        self.assertRegex(tail, r"\n0123456789\nEND RequestId: .*\nREPORT .*\t\n$")

    def test_json_logs(self):
        name = self.create(LoggingConfig={"LogFormat": "JSON"})
        reply, _, tail = self.invoke(name)
        self.assertEqual(
            without_metadata(lambda_.get_function_configuration(FunctionName=name))["LoggingConfig"],
            {
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "INFO",
                "LogGroup": f"/aws/lambda/{name}",
            },
        )
        start, report = [json.loads(line) for line in tail.splitlines()]
        request_id = reply["ResponseMetadata"]["RequestId"]
        self.assertEqual(
            (start["type"], start["record"]), ("platform.start", {"requestId": request_id, "version": "$LATEST"})
        )
        self.assertEqual(report["type"], "platform.report")
        record = report["record"]
        self.assertEqual((record["requestId"], record["status"]), (request_id, "success"))
        metrics = {"durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"}
        self.assertEqual(record["metrics"].keys(), metrics)

    def test_a_function_error_is_an_answer(self):
        name = self.create()
        reply, answer, tail = self.invoke(name, {"errand": "raise"})
        self.assertEqual((reply["StatusCode"], reply["FunctionError"]), (200, "Unhandled"))
        self.assertEqual((answer["errorType"], answer["errorMessage"]), ("KeyError", "'lost'"))
        self.assertEqual(answer["requestId"], reply["ResponseMetadata"]["RequestId"])
        self.assertEqual(len(answer["stackTrace"]), 1)
        self.assertIn("[ERROR] KeyError: 'lost'\nTraceback (most recent call last):\n", tail)
        self.assertNotIn("Init Duration", self.invoke(name)[2])

    def test_a_timeout_ends_the_environment(self):
        name = self.create(Timeout=1)
        reply, answer, tail = self.invoke(name, {"errand": "sleep"})
        request_id = reply["ResponseMetadata"]["RequestId"]
        self.assertEqual(reply["FunctionError"], "Unhandled")
        self.assertEqual(
            answer,
            {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
            },
        )
        self.assertRegex(tail, r"\tDuration: 1000\.00 ms\t.*\tStatus: timeout\n$")
        self.assertEqual(self.answer(name), "none")

    def test_a_crash_is_an_exit_error(self):
        name = self.create()
        reply, answer, tail = self.invoke(name, {"errand": "exit"})
        request_id = reply["ResponseMetadata"]["RequestId"]
        self.assertEqual(reply["FunctionError"], "Unhandled")
        self.assertEqual(
            answer,
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: exit status 3",
            },
        )
        self.assertRegex(tail, r"\tStatus: error\tError Type: Runtime\.ExitError\n$")

    def test_init_errors_have_the_names_of_aws(self):
        node = {"Runtime": "nodejs20.x", "Code": {"ZipFile": zipped(main__mjs="export const other = 1;")}}
        for settings, error_type, message in [
            (
                {"Handler": "gone.handler"},
                "Runtime.ImportModuleError",
                "Unable to import module 'gone': No module named 'gone'",
            ),
            (
                {"Handler": "main.gone"},
                "Runtime.HandlerNotFound",
                "Handler 'gone' missing on module 'main'",
            ),
            (
                {"Code": {"ZipFile": zipped(main__py="raise RuntimeError('no start')")}},
                "RuntimeError",
                "no start",
            ),
            (
                {**node, "Handler": "main.handler"},
                "Runtime.HandlerNotFound",
                "main.handler is undefined or not exported",
            ),
            (
                {**node, "Handler": "gone.handler"},
                "Runtime.ImportModuleError",
                "Error: Cannot find module 'gone'",
            ),
        ]:
            reply, answer, tail = self.invoke(self.create(**settings))
            self.assertEqual(reply["FunctionError"], "Unhandled")
            self.assertEqual((answer["errorType"], answer["errorMessage"]), (error_type, message))
            self.assertRegex(
                tail,
                rf"(?m)^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: {error_type}$",
            )
            self.assertNotRegex(tail, r"(?m)^REPORT .*Init Duration")

    def test_payloads_are_json_of_at_most_6_mb(self):
        name = self.simulated()
        message = "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
        status, error = self.refused(lambda_.invoke, FunctionName=name, Payload=json.dumps("x" * 6_291_456))
        self.assertEqual((status, error["Error"]["Message"]), (413, message))
        self.assertEqual(error["Error"]["Code"], "RequestTooLargeException")
        status, error = self.refused(lambda_.invoke, FunctionName=name, Payload="{")
        self.assertEqual((status, error["Error"]["Code"]), (400, "InvalidRequestContentException"))
        self.assertRegex(error["Error"]["Message"], "^Could not parse request body into json: ")


class Concurrency(Functions):
    def throttled(self, reason):
        return 429, {
            "Error": {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."},
            "message": "Rate Exceeded.",
            "Reason": reason,
            "Type": "User",
            "retryAfterSeconds": "1",
        }

    def outcomes(self, name, count):
        """`count` invocations at once: those that were answered, and the errors of the others."""
        with ThreadPoolExecutor(count) as threads:
            calls = [threads.submit(self.invoke, name, {"hold_ms": 1500}) for _ in range(count)]
        answers, errors = [], []
        for call in calls:
            if call.exception() is None:
                answers.append(call.result()[1])
            else:
                response = call.exception().response
                errors.append((response["ResponseMetadata"]["HTTPStatusCode"], without_metadata(response)))
        return answers, errors

    def test_a_reservation_limits_a_function(self):
        name = self.simulated()
        reserved = {"ReservedConcurrentExecutions": 1}
        self.assertEqual(without_metadata(lambda_.get_function_concurrency(FunctionName=name)), {})
        put = lambda_.put_function_concurrency(FunctionName=name, **reserved)
        self.assertEqual(without_metadata(put), reserved)
        self.assertEqual(without_metadata(lambda_.get_function_concurrency(FunctionName=name)), reserved)
        self.assertEqual(lambda_.get_function(FunctionName=name)["Concurrency"], reserved)
        limits = lambda_.get_account_settings()["AccountLimit"]
        self.assertEqual(limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"] - 1)

        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        answers, errors = self.outcomes(name, 3)
        self.assertEqual(len({answer["environment_id"] for answer in answers}), 2)
        self.assertEqual(errors, [self.throttled("ReservedFunctionConcurrentInvocationLimitExceeded")])

        lambda_.delete_function_concurrency(FunctionName=name)
        self.assertEqual(without_metadata(lambda_.get_function_concurrency(FunctionName=name)), {})

    def test_a_reservation_of_nothing_stops_a_function(self):
        name = self.simulated()
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        expected = self.throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        self.assertEqual(self.refused(lambda_.invoke, FunctionName=name), expected)

    def test_reservations_leave_a_hundred_to_the_others(self):
        self.assert_refused(
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [100].",
            lambda_.put_function_concurrency,
            FunctionName=self.simulated(),
            ReservedConcurrentExecutions=3,
        )

    def test_the_account_has_a_limit(self):
        name = self.simulated(SIMULATED_INIT_MS="constant:1")
        answers, errors = self.outcomes(name, 103)
        self.assertEqual(len({answer["environment_id"] for answer in answers}), 102)
        self.assertEqual([answer["invocation"] for answer in answers], [1] * 102)
        self.assertEqual(errors, [self.throttled("ConcurrentInvocationLimitExceeded")])

    def test_the_settings_of_the_account(self):
        settings = without_metadata(lambda_.get_account_settings())
        usage = settings.pop("AccountUsage")
        self.assertEqual(usage.keys(), {"TotalCodeSize", "FunctionCount"})
        limits = {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": 102,
            "UnreservedConcurrentExecutions": 102,
        }
        self.assertEqual(settings, {"AccountLimit": limits})


class DynamoDb(Judge):
    def table(self):
        name = "judge-" + uuid.uuid4().hex
        created = dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ["pk", "sk"]],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )["TableDescription"]
        self.assertEqual(created["TableName"], name)
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        self.addCleanup(dynamodb.delete_table, TableName=name)
        return name

    def item(self, sk, **attributes):
        return {"pk": {"S": "a"}, "sk": {"S": sk}, **attributes}

    def test_a_table_is_described_and_deleted(self):
        name = self.table()
        table = dynamodb.describe_table(TableName=name)["Table"]
        self.assertEqual(
            (table["TableStatus"], table["BillingModeSummary"]["BillingMode"], table["ItemCount"]),
            ("ACTIVE", "PAY_PER_REQUEST", 0),
        )
        self.assertEqual(
            table["KeySchema"],
            [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        status, error = self.refused(dynamodb.describe_table, TableName="judge-absent")
        self.assertEqual((status, error["Error"]["Code"]), (400, "ResourceNotFoundException"))

    def test_items_come_back_as_they_were_put(self):
        table = self.table()
        item = self.item(
            "1",
            text={"S": "é\n"},
            number={"N": "0.1"},
            flag={"BOOL": True},
            nothing={"NULL": True},
            raw={"B": b"\x00\xff"},
            words={"SS": ["x"]},
            inner={"M": {"list": {"L": [{"N": "1"}, {"S": ""}]}}},
        )
        dynamodb.put_item(TableName=table, Item=item)
        key = self.item("1")
        self.assertEqual(dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"], item)
        dynamodb.delete_item(TableName=table, Key=key)
        self.assertNotIn("Item", dynamodb.get_item(TableName=table, Key=key))

    def test_a_condition_refuses_and_shows_what_is_there(self):
        table = self.table()
        put = {"TableName": table, "Item": self.item("lock", owner={"S": "first"}, expires={"N": "100"})}
        dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(pk)")
        status, error = self.refused(
            dynamodb.put_item,
            TableName=table,
            Item=self.item("lock", owner={"S": "second"}),
            ConditionExpression="attribute_not_exists(pk) OR expires < :now",
            ExpressionAttributeValues={":now": {"N": "100"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        self.assertEqual(
            (status, error["Error"], error["Item"]),
            (
                400,
                {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"},
                put["Item"],
            ),
        )
        dynamodb.put_item(
            TableName=table,
            Item=self.item("lock", owner={"S": "second"}),
            ConditionExpression="attribute_not_exists(pk) OR expires < :now",
            ExpressionAttributeValues={":now": {"N": "101"}},
        )
        updated = dynamodb.update_item(
            TableName=table,
            Key=self.item("lock"),
            UpdateExpression="SET #count = if_not_exists(#count, :zero) + :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        self.assertEqual(updated["Attributes"], self.item("lock", owner={"S": "second"}, count={"N": "1"}))

    def test_a_batch_holds_25_and_a_query_reads_pages_in_order(self):
        table = self.table()
        puts = [{"PutRequest": {"Item": self.item(f"RUN#{i:02}", n={"N": str(i)})}} for i in range(26)]
        self.assertEqual(dynamodb.batch_write_item(RequestItems={table: puts[:25]})["UnprocessedItems"], {})
        status, error = self.refused(dynamodb.batch_write_item, RequestItems={table: puts})
        self.assertEqual((status, error["Error"]["Code"]), (400, "ValidationException"))
        query = {
            "TableName": table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": "a"}, ":prefix": {"S": "RUN#"}},
        }
        paginator = dynamodb.get_paginator("query")
        pages = list(paginator.paginate(**query, PaginationConfig={"PageSize": 10}))
        self.assertEqual([page["Count"] for page in pages], [10, 10, 5])
        numbers = [int(item["n"]["N"]) for page in pages for item in page["Items"]]
        self.assertEqual(numbers, list(range(25)))
        newest = dynamodb.query(**query, ScanIndexForward=False, Limit=2)
        self.assertEqual([item["n"]["N"] for item in newest["Items"]], ["24", "23"])
        self.assertEqual(newest["LastEvaluatedKey"], self.item("RUN#23"))
        between = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": "a"}, ":low": {"S": "RUN#03"}, ":high": {"S": "RUN#05"}},
            Select="COUNT",
        )
        self.assertEqual(between["Count"], 3)

    def test_expiry_is_set_on_an_attribute(self):
        table = self.table()
        setting = {"AttributeName": "expires_at", "Enabled": True}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)
        described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        self.assertEqual(described["AttributeName"], "expires_at")
        self.assertIn(described["TimeToLiveStatus"], ["ENABLING", "ENABLED"])


class Parameters(Judge):
    def setUp(self):
        self.ssm = client("ssm")
        self.path = f"/judge/{uuid.uuid4().hex}"

    def test_a_parameter_is_put_and_read(self):
        put = self.ssm.put_parameter(Name=self.path, Value="one", Type="String")
        self.assertEqual(without_metadata(put), {"Version": 1, "Tier": "Standard"})
        put = self.ssm.put_parameter(Name=self.path, Value="two", Overwrite=True, Tier="Advanced")
        self.assertEqual(without_metadata(put), {"Version": 2, "Tier": "Advanced"})
        arn = f"arn:aws:ssm:us-east-1:000000000000:parameter{self.path}"
        for name in [self.path, arn]:
            got = self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
            modified = got.pop("LastModifiedDate")
            self.assertLess(abs(datetime.now(timezone.utc) - modified), timedelta(minutes=1))
            expected = {"Name": self.path, "Type": "String", "Value": "two", "Version": 2, "ARN": arn, "DataType": "text"}
            self.assertEqual(got, expected)

    def test_what_cannot_be_put_or_read_is_refused(self):
        self.assert_refused("ParameterNotFound", "", self.ssm.get_parameter, Name=self.path)
        self.ssm.put_parameter(Name=self.path, Value="one", Type="String")
        exists = (
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
        )
        put = {"Name": self.path, "Type": "String"}
        self.assert_refused("ParameterAlreadyExists", exists, self.ssm.put_parameter, **put, Value="two")
        for more in [{"Value": "x" * 4097}, {"Value": "x" * 8193, "Tier": "Advanced"}]:
            status, error = self.refused(self.ssm.put_parameter, **put, Overwrite=True, **more)
            self.assertEqual((status, error["Error"]["Code"]), (400, "ValidationException"))


class Tags(Functions):
    def test_functions_are_found_by_tag_page_by_page(self):
        tagging = client("resourcegroupstaggingapi")
        key = "judge-" + uuid.uuid4().hex
        simulated = {"Runtime": "simulated", "Code": {}}
        names = sorted(self.create(Tags={key: "on", "other": "x"}, **simulated) for _ in range(3))
        self.create(Tags={key: "off"}, **simulated)
        self.create(**simulated)

        def found(**asked):
            paginator = tagging.get_paginator("get_resources")
            pages = list(paginator.paginate(ResourceTypeFilters=["lambda:function"], **asked))
            return [[mapping["ResourceARN"] for mapping in page["ResourceTagMappingList"]] for page in pages]

        on = [{"Key": key, "Values": ["on"]}]
        arns = [arn(name) for name in names]
        self.assertEqual(found(TagFilters=on), [arns])
        self.assertEqual(found(TagFilters=on, ResourcesPerPage=2), [arns[:2], arns[2:]])
        self.assertEqual(sum(map(len, found(TagFilters=[{"Key": key}]))), 4)
        self.assertEqual(found(TagFilters=[*on, {"Key": "other", "Values": ["y"]}]), [[]])
        one = tagging.get_resources(ResourceARNList=arns[:1])
        tags = [{"Key": key, "Value": "on"}, {"Key": "other", "Value": "x"}]
        expected = {"PaginationToken": "", "ResourceTagMappingList": [{"ResourceARN": arns[0], "Tags": tags}]}
        self.assertEqual(without_metadata(one), expected)
        status, error = self.refused(tagging.get_resources, ResourcesPerPage=101)
        self.assertEqual((status, error["Error"]["Code"]), (400, "InvalidParameterException"))


class CloudWatch:
    """The same tests in each protocol of `protocol`."""

    protocol = None

    @classmethod
    def setUpClass(cls):
        cls.cloudwatch = client("cloudwatch", cls.protocol)

    def test_the_protocol_is_spoken(self):
        self.assertEqual(self.cloudwatch.meta.service_model.resolved_protocol, self.protocol)

    def setUp(self):
        self.namespace = "Judge/" + uuid.uuid4().hex
        self.minute = datetime.now(timezone.utc).replace(second=0, microsecond=0)

    def datum(self, **changes):
        return {"MetricName": "InitDuration", "Value": 1.0, **changes}

    def put(self, *data):
        reply = self.cloudwatch.put_metric_data(Namespace=self.namespace, MetricData=list(data))
        self.assertEqual(without_metadata(reply), {})

    def get(self, *stats, **options):
        dimensions = [{"Name": "FunctionName", "Value": "f"}]
        metric = {"Namespace": self.namespace, "MetricName": "InitDuration", "Dimensions": dimensions}
        queries = [
            {"Id": f"q{i}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, "Label": stat}
            for i, stat in enumerate(stats)
        ]
        span = {"StartTime": self.minute - timedelta(hours=1), "EndTime": self.minute}
        return without_metadata(self.cloudwatch.get_metric_data(MetricDataQueries=queries, **span, **options))

    def test_percentiles_come_from_values_and_counts(self):
        at = self.minute - timedelta(minutes=10)
        mine = {"Dimensions": [{"Name": "FunctionName", "Value": "f"}], "Unit": "Milliseconds"}
        self.put(
            self.datum(MetricName="InitDuration", Value=7, Timestamp=at),
            {"MetricName": "InitDuration", "Timestamp": at, "Values": [100, 200.5], "Counts": [2, 1], **mine},
            {"MetricName": "InitDuration", "Timestamp": at + timedelta(seconds=59), "Values": [300], **mine},
            {"MetricName": "InitDuration", "Timestamp": at - timedelta(minutes=5), "Values": [50], **mine},
        )
        expected = {
            "SampleCount": [4, 1],
            "Sum": [700.5, 50],
            "Average": [175.125, 50],
            "Minimum": [100, 50],
            "Maximum": [300, 50],
            "p50": [150.25, 50],
            "p100": [300, 50],
        }
        reply = self.get(*expected)
        self.assertEqual(
            reply,
            {
                "MetricDataResults": [
                    {
                        "Id": f"q{i}",
                        "Label": stat,
                        "Timestamps": [at, at - timedelta(minutes=5)],
                        "Values": values,
                        "StatusCode": "Complete",
                    }
                    for i, (stat, values) in enumerate(expected.items())
                ],
                "Messages": [],
            },
        )
        first = self.get("Sum", MaxDatapoints=1, ScanBy="TimestampAscending")
        self.assertEqual((first["MetricDataResults"][0]["Values"], "NextToken" in first), ([50], True))
        rest = self.get("Sum", MaxDatapoints=1, ScanBy="TimestampAscending", NextToken=first["NextToken"])
        self.assertEqual((rest["MetricDataResults"][0]["Values"], "NextToken" in rest), ([700.5], False))

    def test_metrics_are_listed(self):
        dimensions = [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
        self.put(self.datum(Dimensions=dimensions), self.datum(MetricName="Other"))
        ours = {"Namespace": self.namespace}
        one = {**ours, "MetricName": "InitDuration", "Dimensions": dimensions}
        other = {**ours, "MetricName": "Other", "Dimensions": []}
        self.assertEqual(without_metadata(self.cloudwatch.list_metrics(**ours)), {"Metrics": [one, other]})
        filtered = self.cloudwatch.list_metrics(**ours, Dimensions=[{"Name": "A"}], MetricName="InitDuration")
        self.assertEqual(filtered["Metrics"], [one])
        self.put(*[self.datum(MetricName=f"M{i}") for i in range(1000)])
        pages = self.cloudwatch.get_paginator("list_metrics").paginate(**ours)
        self.assertEqual([len(page["Metrics"]) for page in pages], [500, 500, 2])

    def test_each_limit_is_enforced(self):
        value, combination = "InvalidParameterValue", "InvalidParameterCombination"
        path = "MetricData.member.1"
        now = datetime.now(timezone.utc)
        values = {"MetricName": "InitDuration"}
        for data, code, message in [
            (
                [self.datum()] * 1001,
                value,
                "The collection MetricData must not have a size greater than 1000.",
            ),
            (
                [{**values, "Values": list(range(151))}],
                value,
                f"The collection {path}.Values must not have a size greater than 150.",
            ),
            (
                [{**values, "Values": [1, 2], "Counts": [1]}],
                value,
                f"The parameters {path}.Values and {path}.Counts must be of the same size.",
            ),
            (
                [self.datum(Dimensions=[{"Name": f"D{i}", "Value": "v"} for i in range(31)])],
                value,
                f"The collection {path}.Dimensions must not have a size greater than 30.",
            ),
            (
                [self.datum(Value=float("nan"))],
                value,
                f"The value NaN for parameter {path}.Value is invalid.",
            ),
            (
                [self.datum(Timestamp=now - timedelta(days=14, minutes=1))],
                value,
                f"The parameter {path}.Timestamp must specify a time within the past two weeks.",
            ),
            (
                [self.datum(Timestamp=now + timedelta(hours=2, minutes=1))],
                value,
                f"The parameter {path}.Timestamp must specify a time no more than two hours in the future.",
            ),
            (
                [self.datum(Values=[1.0])],
                combination,
                f"The parameters {path}.Value and {path}.Values are mutually exclusive and you have specified both.",
            ),
            (
                [values],
                "MissingParameter",
                f"At least one of the parameters {path}.Value, {path}.Values or {path}.StatisticValues must be specified.",
            ),
        ]:
            # The first datum is the bad one; the good one after it is refused with it.
            data = [*data, self.datum(MetricName="Good")]
            self.assert_refused(code, message, self.cloudwatch.put_metric_data, Namespace=self.namespace, MetricData=data)
        for number in [float("nan"), float("inf"), float("-inf"), 2.0**361]:
            status, error = self.refused(
                self.cloudwatch.put_metric_data, Namespace=self.namespace, MetricData=[self.datum(Value=number)]
            )
            self.assertEqual((status, error["Error"]["Code"], error["Error"]["Type"]), (400, value, "Sender"))
        self.assert_refused(
            value,
            "The value AWS/ for parameter Namespace is invalid.",
            self.cloudwatch.put_metric_data,
            Namespace="AWS/Lambda",
            MetricData=[self.datum()],
        )
        self.assertEqual(self.cloudwatch.list_metrics(Namespace=self.namespace)["Metrics"], [])

    def test_a_request_is_at_most_a_megabyte(self):
        # botocore compresses from 10 KB on.
        wide = {"MetricName": "InitDuration", "Values": [i + 1 / 3 for i in range(150)]}
        self.put(*[wide] * 300)
        status, error = self.refused(
            self.cloudwatch.put_metric_data, Namespace=self.namespace, MetricData=[wide] * 1000
        )
        self.assertEqual((status, error["Error"]["Code"]), (413, "RequestEntityTooLarge"))

    def test_sums_are_taken_and_expressions_are_not(self):
        at = self.minute - timedelta(minutes=1)
        sums = {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}
        dimensions = [{"Name": "FunctionName", "Value": "f"}]
        self.put(
            {"MetricName": "InitDuration", "Timestamp": at, "StatisticValues": sums, "Dimensions": dimensions}
        )
        average, median = self.get("Average", "p50")["MetricDataResults"]
        self.assertEqual((average["Values"], median["Values"]), ([1.5], []))
        self.assert_refused(
            "ValidationError",
            "Error in expression 'e1': the local cloud's CloudWatch supports only MetricStat, not expressions.",
            self.cloudwatch.get_metric_data,
            MetricDataQueries=[{"Id": "e1", "Expression": "SEARCH('x', 'Sum', 60)"}],
            StartTime=at,
            EndTime=self.minute,
        )


class CloudWatchInJson(CloudWatch, Judge):
    protocol = "json"


class CloudWatchInCbor(CloudWatch, Judge):
    protocol = "smithy-rpc-v2-cbor"


if __name__ == "__main__":
    unittest.main(verbosity=2)
