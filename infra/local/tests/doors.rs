//! Who gets in: nobody without a key, no web page, no other host, no other user, no other process.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod rig;

use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_cloud::{AccessKey, Options};
use rig::Rig;
use serde_json::{Value, json};

type Body = Full<bytes::Bytes>;

/// Status, headers and text of the answer.
async fn answer(request: Request<Body>) -> (u16, hyper::HeaderMap, String) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
}

/// The request that creates a function, as a page could send it.
fn create(rig: &Rig) -> hyper::http::request::Builder {
    Request::post(format!("{}/2015-03-31/functions", rig.cloud.endpoint())).header("content-type", "text/plain")
}

fn body() -> String {
    let code = json!({ "S3Bucket": "local-folder", "S3Key": "/etc/ssl" });
    json!({ "FunctionName": "evil", "Role": rig::ROLE, "Runtime": "simulated", "Code": code }).to_string()
}

fn key(rig: &Rig) -> AccessKey {
    rig.cloud.access().key().clone()
}

async fn functions(rig: &Rig) -> usize {
    rig.lambda.list_functions().send().await.unwrap().functions().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_signature_does_nothing() {
    let rig = Rig::start().await;
    let plain = create(&rig).body(Body::from(body())).unwrap();
    let (status, headers, text) = answer(plain).await;
    assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (403, "MissingAuthenticationTokenException"));
    assert!(text.contains("Missing Authentication Token"), "{text}");
    let invented = create(&rig).header("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request");
    assert_eq!(answer(invented.body(Body::from(body())).unwrap()).await.0, 403);
    let get = Request::get(format!("{}/2015-03-31/functions", rig.cloud.endpoint())).body(Body::default()).unwrap();
    assert_eq!(answer(get).await.0, 403);
    for target in ["DynamoDB_20120810.ListTables", "AmazonSQS.ListQueues", "AmazonSSM.GetParameter"] {
        let request = Request::post(rig.cloud.endpoint()).header("x-amz-target", target).body(Body::from("{}"));
        assert_eq!(answer(request.unwrap()).await.0, 403, "{target}");
    }
    assert_eq!(functions(&rig).await, 0);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_secret_signs() {
    let options = Options { keys: vec![AccessKey::new("judge", "s3cret")], ..Options::default() };
    let rig = Rig::with(options).await;
    let signed = |key: &AccessKey| {
        let uri = format!("{}/2015-03-31/functions?MaxItems=5&Marker=a%20b%2Bc", rig.cloud.endpoint());
        rig::signed(Request::get(uri).body(String::new()).unwrap(), key)
    };
    let own = key(&rig);
    assert_eq!(answer(signed(&own)).await.0, 200);
    let (status, headers, text) = answer(signed(&AccessKey::new(own.id(), "wrong"))).await;
    assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (403, "InvalidSignatureException"));
    assert!(!text.contains(own.secret()), "{text}");
    let (status, headers, _) = answer(signed(&AccessKey::new("nobody", "local"))).await;
    assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (403, "UnrecognizedClientException"));
    // What was signed cannot be used for anything else.
    let (mut parts, body) = signed(&own).into_parts();
    parts.uri = format!("{}/2015-03-31/functions?MaxItems=6", rig.cloud.endpoint()).parse().unwrap();
    assert_eq!(answer(Request::from_parts(parts, body)).await.0, 403);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_key_signs_and_another_body_does_not_pass() {
    let rig = Rig::start().await;
    let registered = AccessKey::new("local", "local");
    let request = create(&rig).body(body().replace("/etc/ssl", "/nowhere")).unwrap();
    let (parts, _) = rig::signed(request, &registered).into_parts();
    let (status, headers, _) = answer(Request::from_parts(parts, Body::from(body()))).await;
    assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (403, "InvalidSignatureException"));
    assert_eq!(functions(&rig).await, 0);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_and_a_page_are_refused_even_with_a_signature() {
    let rig = Rig::start().await;
    let access = rig.cloud.access();
    let port = rig.cloud.endpoint().rsplit(':').next().unwrap().to_owned();
    let refusals = [
        ("host", format!("evil.example:{port}")),
        ("host", "127.0.0.1:1".to_owned()),
        ("origin", "http://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ];
    for (name, value) in refusals {
        for path in ["/2015-03-31/functions", "/_local/calls", "/_local/clock"] {
            let uri = format!("{}{path}", rig.cloud.endpoint());
            let request = Request::get(uri).header(name, value.as_str()).header("x-coldwatch-token", access.token());
            let request = rig::signed(request.body(String::new()).unwrap(), access.key());
            let (status, headers, text) = answer(request).await;
            assert_eq!(status, 403, "{name}: {value} at {path}: {text}");
            assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{headers:?}");
        }
    }
    let preflight = Request::options(format!("{}/_local/faults", rig.cloud.endpoint()))
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-coldwatch-token");
    assert_eq!(answer(preflight.body(Body::default()).unwrap()).await.0, 403);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_ins_own_api_needs_its_token() {
    let rig = Rig::start().await;
    let ask = |path: &str, token: Option<&str>| {
        let mut request = Request::get(format!("{}/_local/{path}", rig.cloud.endpoint()));
        if let Some(token) = token {
            request = request.header("x-coldwatch-token", token);
        }
        answer(request.body(Body::default()).unwrap())
    };
    let access = rig.cloud.access();
    for path in ["calls", "faults", "clock", "environments", "nowhere"] {
        assert_eq!(ask(path, None).await.0, 403, "{path}");
        assert_eq!(ask(path, Some("wrong")).await.0, 403, "{path}");
        assert_eq!(ask(path, Some(access.key().secret())).await.0, 403, "{path}");
    }
    assert_eq!(ask("clock", Some(access.token())).await.0, 200);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_code_is_signed_and_says_what_it_is() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 3, &[]).await;
    let got = rig.lambda.get_function().function_name("f").send().await.unwrap();
    let location = got.code().unwrap().location().unwrap().to_owned();
    let get = |uri: &str| answer(Request::get(uri).body(Body::default()).unwrap());
    let (status, headers, _) = get(&location).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let (path, query) = location.split_once('?').unwrap();
    assert_eq!(get(path).await.0, 403, "without a signature");
    let expires: i64 = query.split('&').find_map(|pair| pair.strip_prefix("expires=")).unwrap().parse().unwrap();
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    assert!((590..=600).contains(&(expires - now)), "{} s", expires - now);
    let later = location.replace(&expires.to_string(), &(expires + 600).to_string());
    assert_eq!(get(&later).await.0, 403, "with another time");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_signs_with_its_name() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 10, &[]).await;
    let variable = async |name: &str| {
        let invoked = rig.invoke("f", &json!({ "variable": name }).to_string()).await;
        invoked.payload["variable"].as_str().unwrap().to_owned()
    };
    let key = AccessKey::new(variable("AWS_ACCESS_KEY_ID").await, variable("AWS_SECRET_ACCESS_KEY").await);
    assert_eq!(key.id(), "f");
    assert_ne!(key.secret(), rig.cloud.access().key().secret());
    let request = Request::get(format!("{}/2015-03-31/functions/f", rig.cloud.endpoint())).body(String::new()).unwrap();
    assert_eq!(answer(rig::signed(request, &key)).await.0, 200);
    let (_, calls) = rig.own("GET", "calls", "").await;
    assert_eq!(calls["calls"].as_array().unwrap().last().unwrap()["caller"], "f");
    let other = AccessKey::new("g", key.secret());
    let request = Request::get(format!("{}/2015-03-31/functions/f", rig.cloud.endpoint())).body(String::new()).unwrap();
    assert_eq!(answer(rig::signed(request, &other)).await.0, 403, "no function has another's key");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn the_runtime_api_answers_only_its_environment() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 10, &[]).await;
    let invoked = rig.invoke("f", r#"{"variable":"AWS_LAMBDA_RUNTIME_API"}"#).await;
    let api = invoked.payload["variable"].as_str().unwrap().to_owned();
    let next = format!("http://{api}/2018-06-01/runtime/invocation/next");
    let stolen =
        tokio::time::timeout(Duration::from_secs(10), answer(Request::get(&next).body(Body::default()).unwrap()));
    assert_eq!(stolen.await.expect("it is answered at once").0, 403);
    let page = Request::get(&next).header("origin", "http://evil.example").body(Body::default()).unwrap();
    assert_eq!(answer(page).await.0, 403);
    let forged = Request::post(format!("http://{api}/2018-06-01/runtime/init/error")).body(Body::default()).unwrap();
    assert_eq!(answer(forged).await.0, 403);
    // The environment itself goes on undisturbed.
    assert_eq!(rig.invoke("f", "{}").await.payload["invocation"], 2);
    rig.cloud.stop().await;
}

/// Sends a POST, or a GET to `/next`, with one more header, and prints whose process it was and the status.
const ASK: &str = r#"
import os, sys, urllib.error, urllib.request
url, name, value = sys.argv[1:]
body = None if url.endswith(("/next", "/clock")) else b"{}"
try:
    status = urllib.request.urlopen(urllib.request.Request(url, body, {name: value}), timeout=10).status
except urllib.error.HTTPError as error:
    status = error.code
print(os.getuid(), status)
"#;

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn another_user_neither_reads_the_key_nor_gets_in_without_it() {
    if !rustix::process::geteuid().is_root() {
        // Only root can become somebody else.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let rig = Rig::with(Options { state: Some(state.clone()), ..Options::default() }).await;
    let as_nobody = async |script: &str| {
        let mut command = tokio::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script]);
        command.output().await.unwrap()
    };
    // The folder above is root's alone too; opened, only the state folder's own mode protects the key.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let read = as_nobody(&format!("cat {0}/key.json {0}/functions/*", state.display())).await;
    assert!(!read.status.success() && read.stdout.is_empty(), "{read:?}");
    rig.bootstrap("f", 10, &[]).await;
    let invoked = rig.invoke("f", r#"{"variable":"AWS_LAMBDA_RUNTIME_API"}"#).await;
    let runtime_api = format!("http://{}/2018-06-01/runtime", invoked.payload["variable"].as_str().unwrap());
    let (cloud, port) = (rig.cloud.endpoint(), rig.cloud.endpoint().rsplit(':').next().unwrap());
    let forged =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
    let rebound = format!("evil.example:{port}");
    for (url, header) in [
        (format!("{cloud}/2015-03-31/functions"), ("x-a", "b")),
        (format!("{cloud}/2015-03-31/functions"), ("authorization", forged)),
        (format!("{cloud}/2015-03-31/functions"), ("host", rebound.as_str())),
        (format!("{cloud}/_local/clock"), ("x-coldwatch-token", "wrong")),
        (format!("{runtime_api}/invocation/next"), ("x-a", "b")),
        (format!("{runtime_api}/init/error"), ("x-a", "b")),
    ] {
        let asked = as_nobody(&format!("python3 -c '{ASK}' '{url}' '{}' '{}'", header.0, header.1)).await;
        assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "65534 403", "{url} {header:?}: {asked:?}");
    }
    assert_eq!(rig.invoke("f", "{}").await.payload["invocation"], 2, "the environment goes on undisturbed");
    assert_eq!(functions(&rig).await, 1);
    rig.cloud.stop().await;
}

/// Starts processes in sessions of their own, and answers their numbers.
const LEAVER: &str = r#"#!/bin/sh
setsid sleep 600 </dev/null >/dev/null 2>&1 & one=$!
env -i setsid sleep 600 </dev/null >/dev/null 2>&1 & two=$!
exec python3 - $one $two <<'END'
import http.client, json, os, sys
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    request, _ = reply.headers["Lambda-Runtime-Aws-Request-Id"], reply.read()
    api.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps([int(n) for n in sys.argv[1:]]))
    api.getresponse().read()
END
"#;

async fn leaver(rig: &Rig) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    rig::write_executable(&folder.path().join("bootstrap"), LEAVER);
    let code = local_cloud::FunctionCode::Folder {
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        folder: folder.path().to_owned(),
    };
    rig.ensure("leaver", code, 10, &[]).await;
    let invoked = rig.invoke("leaver", "{}").await;
    let processes: Vec<u64> = invoked.payload.as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert!(processes.len() == 2 && processes.iter().all(|process| rig::lives(*process)), "{processes:?}");
    processes
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn processes_that_left_their_group_end_with_the_environment() {
    let rig = Rig::start().await;
    let processes = leaver(&rig).await;
    rig.describe("leaver", "retired").await;
    for process in processes {
        rig::until_gone(process).await;
    }
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn processes_that_left_their_group_end_with_the_stand_in() {
    let rig = Rig::start().await;
    let processes = leaver(&rig).await;
    rig.cloud.stop().await;
    for process in processes {
        assert!(!rig::lives(process), "process {process} outlives an orderly stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_save_leaves_a_function_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let rig = Rig::with(Options { state: Some(state.clone()), ..Options::default() }).await;
    rig.simulated("f", &[]).await;
    // Without its folder nothing can be saved, whoever asks.
    std::fs::rename(state.join("functions"), folder.path().join("away")).unwrap();
    let failed = rig.lambda.update_function_configuration().function_name("f").description("new").send().await;
    assert_eq!(rig::refusal(&failed.unwrap_err()).0, "ServiceException");
    let reserve = rig.lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(3);
    assert!(reserve.send().await.is_err());
    let shown = rig.lambda.get_function().function_name("f").send().await.unwrap();
    let configuration = shown.configuration().unwrap();
    assert_eq!(configuration.last_update_status().unwrap().as_str(), "Successful");
    assert_eq!((configuration.description(), shown.concurrency().is_none()), (Some(""), true));
    std::fs::rename(folder.path().join("away"), state.join("functions")).unwrap();
    rig.describe("f", "new").await;
    rig.until_updated("f").await;
    assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    rig.cloud.stop().await;
}
