// The function whose cold starts coldwatch measures, for Node.js. The contract is in ../../README.md.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const MAX_HOLD_MS = 60_000;

/** Blocks the thread, which has nothing else to do, for `milliseconds`; a timer could fire a little early. */
function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** INIT_SLEEP_MS, where it is set, is a known share of the init duration, to measure the measurement. */
function sleepInInit() {
  const text = process.env.INIT_SLEEP_MS;
  if (text === undefined) return;
  if (!/^[0-9]+$/.test(text)) throw new Error("INIT_SLEEP_MS is not a whole number of milliseconds");
  sleep(Number(text));
}

sleepInInit();
const environmentId = randomUUID();
const startedAt = new Date();
let invocation = 0;
let processor = null;

class InvalidRequest extends Error {
  name = "InvalidRequest";
}

export async function handler(event) {
  const clock = performance.now();
  invocation += 1;
  const holdMs = requestedHoldMs(event);
  let heldMs = 0;
  if (invocation === 1) {
    // Inside the hold, so that it is no part of the handler's own duration.
    processor = processorModel();
    sleep(Math.max(0, holdMs - (performance.now() - clock)));
    heldMs = Number((performance.now() - clock).toFixed(3));
  }
  return {
    environment_id: environmentId,
    invocation,
    started_at: startedAt.toISOString(),
    held_ms: heldMs,
    processor,
  };
}

function requestedHoldMs(event) {
  event ??= {};
  if (typeof event !== "object" || Array.isArray(event)) {
    throw new InvalidRequest(
      `the request must be an object with hold_ms, a whole number from 0 to ${MAX_HOLD_MS}, got ${shown(event)}`,
    );
  }
  const { hold_ms: holdMs = 0 } = event;
  if (!Number.isInteger(holdMs) || holdMs < 0 || holdMs > MAX_HOLD_MS) {
    throw new InvalidRequest(`hold_ms must be a whole number from 0 to ${MAX_HOLD_MS}, got ${shown(holdMs)}`);
  }
  return holdMs;
}

/** The value as compact JSON, cut after 100 characters. */
function shown(value) {
  const text = [...JSON.stringify(value)];
  return text.length <= 100 ? text.join("") : `${text.slice(0, 100).join("")}…`;
}

/** `model name` of the first processor; null on arm64, where Linux gives no name. */
function processorModel() {
  try {
    return /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].trim() ?? null;
  } catch {
    return null;
  }
}
