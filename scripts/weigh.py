"""The last part of weigh-orchestrator.sh: inits under the emulator, and the verdicts."""

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

rie, work, repeats, package = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def two_free_ports():
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def invoke(port):
    """Invokes the function once: only then does the emulator start it."""
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    for _ in range(400):
        try:
            return urllib.request.urlopen(url, b"{}", timeout=30).read()
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    sys.exit("the emulator does not listen")


def init_ms(bootstrap):
    """What the emulator measured: from the start of the process until it asks for its first invocation."""
    port, runtime = two_free_ports()
    variables = {
        "PATH": os.environ["PATH"], "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_LAMBDA_FUNCTION_NAME": "function", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
    }
    addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{runtime}"]
    emulator = subprocess.Popen(
        [rie, "--log-level", "info", *addresses, bootstrap], env=variables, start_new_session=True, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        invoke(port)
    finally:
        os.killpg(emulator.pid, signal.SIGTERM)
    log = emulator.communicate()[1]
    found = re.search(r"INIT REPORT\(durationMs: ([0-9.]+)\)", log)
    return float(found[1]) if found else sys.exit(f"no INIT REPORT of {bootstrap}:\n{log}")


def interval(values):
    """Median and the order statistics that hold it between them with 95 % (binomial; normal approximation of the ranks)."""
    ordered, n = sorted(values), len(values)
    low = max(0, int(n / 2 - 0.98 * n**0.5))
    return statistics.median(ordered), ordered[low], ordered[n - 1 - low]


inits = {"target": [], "orchestrator": []}
for repeat in range(repeats):
    for name in sorted(inits, reverse=bool(repeat % 2)):  # in turns, so that what else the machine does falls on both
        inits[name].append(init_ms(f"{work}/{name}/bootstrap"))
missed = []


def tell(what, value, goal, text):
    verdict = "" if value <= goal else "  MISSED"
    print(f"{what:12} {text}  (at most {goal:g}){verdict}")
    missed.extend([what] if verdict else [])


for name, values in inits.items():
    median, low, high = interval(values)
    print(f"{'init':12} {name} {median:.1f} ms, {low:.1f} to {high:.1f} ({len(values)} starts)")
ratio = statistics.median(inits["orchestrator"]) / statistics.median(inits["target"])
low, high = interval([o / t for o, t in zip(inits["orchestrator"], inits["target"])])[1:]
tell("init ratio", ratio, 3, f"{ratio:.2f} of the medians; of pairs {low:.2f} to {high:.2f}")
megabytes = os.path.getsize(package) / 1e6
tell("zip", megabytes, 6, f"{megabytes:.1f} MB")
suite = open(f"{work}/suite.txt").read()
peak = float(re.search(r"peak memory +([0-9.]+)", suite)[1])
tell("peak memory", peak, 128, f"{peak:.1f} MB with {re.search('targets +(.*), ', suite)[1]}")
sys.exit(f"missed: {', '.join(missed)}" if missed else 0)
