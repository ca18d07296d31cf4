"""Runs a Python function on the Lambda Runtime API: next, handler, response, until the environment ends.

Configured as a Lambda runtime is: AWS_LAMBDA_RUNTIME_API (host:port), _HANDLER (`handler.handler`) and
LAMBDA_TASK_ROOT (where the handler is imported from). Python >= 3.8, standard library only.

Every module imported here is part of each init duration that is measured with this client. Hence the HTTP client on
a plain socket: `http.client` alone would take longer to import than all of this file.
"""

import json
import os
import socket
import sys
import time

API_VERSION = "/2018-06-01/runtime"


class RuntimeFailure(Exception):
    """A failure that Lambda knows by a name of its own, such as `Runtime.HandlerNotFound`."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type = error_type


class RuntimeApi:
    """One kept-alive HTTP/1.1 connection to the Runtime API."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def next(self):
        """Waits, for as long as it takes, for the next invocation: its headers (names in lower case) and its event."""
        return self._request("GET", "/invocation/next")

    def respond(self, request_id, body):
        self._request("POST", f"/invocation/{request_id}/response", body)

    def report_error(self, path, error):
        """`path` is `/init/error` or that of an invocation; `error` is the object Lambda shows to the caller."""
        error_type = {"Lambda-Runtime-Function-Error-Type": error["errorType"]}
        self._request("POST", path, json.dumps(error).encode(), error_type)

    def _request(self, method, path, body=b"", headers=None):
        lines = [f"{method} {API_VERSION}{path} HTTP/1.1", f"Host: {self.address}"]
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode() + body)
        status, headers, reply = self._read_reply()
        if not 200 <= status < 300:
            raise ConnectionError(f"the Runtime API answered {method} {path} with {status}: {reply[:200]!r}")
        return headers, reply

    def _read_reply(self):
        status_line = self.reader.readline()
        if not status_line:
            raise ConnectionError("the Runtime API closed the connection")
        headers = {}
        for line in iter(self.reader.readline, b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b"".join(self._read_chunks())
        else:
            body = self.reader.read(int(headers.get("content-length", 0)))
        return int(status_line.split()[1]), headers, body

    def _read_chunks(self):
        while True:
            size = int(self.reader.readline().split(b";")[0], 16)
            chunk = self.reader.read(size)
            self.reader.readline()
            if size == 0:
                return
            yield chunk


class Context:
    """The second argument of a handler, with the names AWS gives its members."""

    identity = None
    client_context = None

    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


def load_handler(name, task_root):
    """Imports the function that `name` (`module.function`, `folder/module.function`) means."""
    module_name, dot, function_name = name.replace("/", ".").rpartition(".")
    if not dot or not module_name:
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{name}': it has no dot")
    # The folder of this file, which Python has put first, holds nothing of the function's.
    sys.path[0] = task_root
    try:
        __import__(module_name)
    except ImportError as error:
        raise RuntimeFailure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    try:
        return getattr(sys.modules[module_name], function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFailure("Runtime.HandlerNotFound", message) from None


def describe(error, request_id=""):
    """The error as Lambda reports it. Prints it as well, so that it is in the function's log."""
    import traceback

    error_type = error.error_type if isinstance(error, RuntimeFailure) else type(error).__name__
    trace = traceback.extract_tb(error.__traceback__)
    of_function = [frame for frame in trace if frame.filename != __file__ and not frame.filename.startswith("<frozen")]
    frames = traceback.format_list(of_function)
    heading = ["\nTraceback (most recent call last):\n"] if frames else []
    print("".join([f"[ERROR] {error_type}: {error}", *heading, *frames]))
    return {"errorMessage": str(error), "errorType": error_type, "requestId": request_id, "stackTrace": frames}


def call(handler, event, context):
    """Event bytes in, reply bytes out."""
    try:
        event = json.loads(event or b"{}")
    except ValueError as error:
        raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
    reply = handler(event, context)
    try:
        return json.dumps(reply).encode()
    except (TypeError, ValueError) as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def serve(api, handler):
    while True:
        headers, event = api.next()
        context = Context(headers)
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        try:
            reply, error = call(handler, event, context), None
        except Exception as failure:
            error = describe(failure, context.aws_request_id)
        # What the handler printed belongs to this invocation: it must be out before the reply.
        sys.stdout.flush()
        if error is None:
            api.respond(context.aws_request_id, reply)
        else:
            api.report_error(f"/invocation/{context.aws_request_id}/error", error)


def main():
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ["_HANDLER"], os.environ["LAMBDA_TASK_ROOT"])
    except Exception as error:
        api.report_error("/init/error", describe(error))
        sys.exit(1)
    serve(api, handler)


if __name__ == "__main__":
    main()
