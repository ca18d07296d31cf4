#!/usr/bin/env python3
"""A custom runtime for the tests: does what each event asks, and in its init what its variables ask."""
import http.client
import json
import os
import signal
import subprocess
import sys
import time

API = "/2018-06-01/runtime"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    api.request(method, API + path, body)
    reply = api.getresponse()
    return reply.headers, reply.read()


def init():
    print("init output", flush=True)
    time.sleep(float(os.environ.get("INIT_SLEEP_S", "0")))
    once = os.environ.get("SLOW_ONCE")
    if once and not os.path.exists(once):
        open(once, "w").close()
        time.sleep(60)
    if os.environ.get("INIT_EXIT"):
        sys.exit(int(os.environ["INIT_EXIT"]))
    if os.environ.get("INIT_ERROR"):
        call("POST", "/init/error", json.dumps({"errorType": os.environ["INIT_ERROR"], "errorMessage": "init refused"}))
        sys.exit(1)


def handle(event, headers):
    if "print" in event:
        print(event["print"], flush=True)
    if "spawn" in event:
        subprocess.Popen(["sleep", str(event["spawn"])])
    time.sleep(event.get("sleep_s", 0))
    if "exit" in event:
        os._exit(event["exit"])
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
    if "answer_bytes" in event:
        return "x" * event["answer_bytes"]
    return {
        "pid": os.getpid(),
        "invocation": invocation,
        "variable": os.environ.get(event.get("variable", "")),
        "deadline_ms": int(headers["Lambda-Runtime-Deadline-Ms"]),
        "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "context": headers["Lambda-Runtime-Client-Context"],
    }


init()
invocation = 0
while True:
    headers, event = call("GET", "/invocation/next")
    invocation += 1
    request_id, event = headers["Lambda-Runtime-Aws-Request-Id"], json.loads(event)
    if "fail" in event:
        error = {"errorType": event["fail"], "errorMessage": "as asked"}
        call("POST", f"/invocation/{request_id}/error", json.dumps(error))
    else:
        call("POST", f"/invocation/{request_id}/response", json.dumps(handle(event, headers)))
