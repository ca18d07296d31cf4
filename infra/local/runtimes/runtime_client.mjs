// Runs a Node.js function on the Lambda Runtime API: next, handler, response, until the environment ends.
//
// Configured as a Lambda runtime is: AWS_LAMBDA_RUNTIME_API (host:port), _HANDLER (`handler.handler`) and
// LAMBDA_TASK_ROOT (where the handler is imported from). Node.js >= 18, no packages.

import { existsSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const API_VERSION = "/2018-06-01/runtime";

/** A failure that Lambda knows by a name of its own, such as `Runtime.HandlerNotFound`. */
class RuntimeFailure extends Error {
  constructor(errorType, message) {
    super(message);
    this.name = errorType;
  }
}

/** One kept-alive connection to the Runtime API. */
class RuntimeApi {
  constructor(address) {
    [this.host, this.port] = address.split(/:(?=\d+$)/);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
  }

  /** Waits, for as long as it takes, for the next invocation: its headers (names in lower case) and its event. */
  next() {
    return this.#request("GET", "/invocation/next");
  }

  respond(requestId, body) {
    return this.#request("POST", `/invocation/${requestId}/response`, body);
  }

  /** `path` is `/init/error` or that of an invocation; `error` is the object Lambda shows to the caller. */
  reportError(path, error) {
    const headers = { "Lambda-Runtime-Function-Error-Type": error.errorType };
    return this.#request("POST", path, JSON.stringify(error), headers);
  }

  #request(method, path, body = "", headers = {}) {
    const { host, port, agent } = this;
    if (method === "POST") {
      headers = { ...headers, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    }
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, agent, method, path: API_VERSION + path, headers }, (reply) => {
        const chunks = [];
        reply.on("error", reject);
        reply.on("data", (chunk) => chunks.push(chunk));
        reply.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (reply.statusCode >= 200 && reply.statusCode < 300) resolve({ headers: reply.headers, body: text });
          else reject(new Error(`the Runtime API answered ${method} ${path} with ${reply.statusCode}: ${text}`));
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }
}

/** The second argument of a handler, with the names AWS gives its members. */
class Context {
  #deadline;

  constructor(headers) {
    this.awsRequestId = headers["lambda-runtime-aws-request-id"];
    this.invokedFunctionArn = headers["lambda-runtime-invoked-function-arn"];
    this.functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
    this.functionVersion = process.env.AWS_LAMBDA_FUNCTION_VERSION;
    this.memoryLimitInMB = process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
    this.logGroupName = process.env.AWS_LAMBDA_LOG_GROUP_NAME;
    this.logStreamName = process.env.AWS_LAMBDA_LOG_STREAM_NAME;
    this.#deadline = Number(headers["lambda-runtime-deadline-ms"]);
  }

  getRemainingTimeInMillis() {
    return Math.max(0, this.#deadline - Date.now());
  }
}

/** Imports the function that `name` (`module.function`, `folder/module.inner.function`) means. */
async function loadHandler(name, taskRoot) {
  const { dir, base } = path.posix.parse(name);
  const [moduleName, ...members] = base.split(".");
  if (!moduleName || members.length === 0) {
    throw new RuntimeFailure("Runtime.MalformedHandlerName", `Bad handler ${name}`);
  }
  const file = [".js", ".mjs", ".cjs"].map((ending) => path.join(taskRoot, dir, moduleName + ending)).find(existsSync);
  if (!file) throw new RuntimeFailure("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'`);

  const handler = members.reduce((inside, member) => inside?.[member], await importModule(file));
  if (handler === undefined) {
    throw new RuntimeFailure("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (typeof handler !== "function") {
    throw new RuntimeFailure("Runtime.HandlerNotFound", `${name} is not a function`);
  }
  return handler;
}

async function importModule(file) {
  try {
    const module = await import(pathToFileURL(file).href);
    // A CommonJS file shows its exports as the default export.
    return file.endsWith(".mjs") ? module : { ...module.default, ...module };
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeFailure("Runtime.UserCodeSyntaxError", String(error));
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw new RuntimeFailure("Runtime.ImportModuleError", String(error));
    }
    throw error;
  }
}

/** The error as Lambda reports it. Prints it as well, so that it is in the function's log. */
function describe(error) {
  const known = error instanceof Error;
  const described = {
    errorType: known ? error.name : typeof error,
    errorMessage: known ? error.message : String(error),
    trace: known && !(error instanceof RuntimeFailure) ? String(error.stack).split("\n") : [],
  };
  console.error(`ERROR\t${described.errorType}: ${described.errorMessage}\t${JSON.stringify(described.trace)}`);
  return described;
}

async function serve(api, handler) {
  for (;;) {
    const { headers, body } = await api.next();
    const context = new Context(headers);
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    let reply;
    try {
      reply = JSON.stringify((await handler(JSON.parse(body || "{}"), context)) ?? null);
    } catch (error) {
      await api.reportError(`/invocation/${context.awsRequestId}/error`, describe(error));
      continue;
    }
    await api.respond(context.awsRequestId, reply);
  }
}

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
let handler;
try {
  handler = await loadHandler(process.env._HANDLER, process.env.LAMBDA_TASK_ROOT);
} catch (error) {
  await api.reportError("/init/error", describe(error));
  process.exit(1);
}
await serve(api, handler);
