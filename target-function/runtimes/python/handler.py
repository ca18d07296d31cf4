"""The function whose cold starts coldwatch measures, for Python. The contract is in ../../README.md."""

import json
import os
import time

MAX_HOLD_MS = 60_000


def sleep_in_init():
    """INIT_SLEEP_MS, where it is set, is a known share of the init duration, to measure the measurement."""
    text = os.environ.get("INIT_SLEEP_MS")
    if text is None:
        return
    if not (text.isascii() and text.isdigit()):
        raise ValueError("INIT_SLEEP_MS is not a whole number of milliseconds")
    time.sleep(int(text) / 1000)


def random_uuid():
    """A version 4 UUID. The module `uuid` would take longer to import than everything else here."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


sleep_in_init()
environment_id = random_uuid()
started_at = time.time()
invocation = 0
processor = None


class InvalidRequest(ValueError):
    pass


def handler(event, context):
    global invocation, processor
    clock = time.perf_counter()
    invocation += 1
    hold_ms = requested_hold_ms(event)
    held_ms = 0.0
    if invocation == 1:
        # Inside the hold, so that it is no part of the handler's own duration.
        processor = processor_model()
        time.sleep(max(0.0, hold_ms / 1000 - (time.perf_counter() - clock)))
        held_ms = round((time.perf_counter() - clock) * 1000, 3)
    return {
        "environment_id": environment_id,
        "invocation": invocation,
        "started_at": rfc3339(started_at),
        "held_ms": held_ms,
        "processor": processor,
    }


def requested_hold_ms(event):
    event = {} if event is None else event
    if not isinstance(event, dict):
        raise InvalidRequest(
            f"the request must be an object with hold_ms, a whole number from 0 to {MAX_HOLD_MS}, got {shown(event)}"
        )
    hold_ms = event.get("hold_ms", 0)
    # `bool` is a subclass of `int`; 5.0 is as whole a number in JSON as 5.
    whole = isinstance(hold_ms, (int, float)) and not isinstance(hold_ms, bool) and hold_ms == hold_ms // 1
    if not whole or not 0 <= hold_ms <= MAX_HOLD_MS:
        raise InvalidRequest(f"hold_ms must be a whole number from 0 to {MAX_HOLD_MS}, got {shown(hold_ms)}")
    return int(hold_ms)


def shown(value):
    """The value as compact JSON, cut after 100 characters."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text if len(text) <= 100 else text[:100] + "…"


def processor_model():
    """`model name` of the first processor; None on arm64, where Linux gives no name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return None


def rfc3339(seconds):
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03}Z"
