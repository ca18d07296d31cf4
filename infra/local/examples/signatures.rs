//! What verifying signatures costs: `cargo run --release -p local-cloud --example signatures`.
//!
//! Verification cannot be switched off, so it is measured by doing more of it. Requests of the key `once` are verified
//! once; for the key `more`, [`MORE`] wrong secrets are tried before the right one. What one verification takes follows
//! from the difference, and with it the throughput without any. Both kinds of requests alternate in one run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use local_cloud::{AccessKey, FunctionCode, FunctionSpec, LocalCloud, Options};

const CLIENTS: usize = 200;
const MORE: usize = 10;
const TURNS: usize = 5;
const TURN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wrong = (0..MORE).map(|number| AccessKey::new("more", format!("wrong {number}")));
    let right = [AccessKey::new("more", "right"), AccessKey::new("once", "right")];
    let keys = wrong.chain(right).collect();
    let cloud = LocalCloud::start(Options { keys, ..Options::default() }).await?;
    let environment = [("SIMULATED_INIT_MS", "constant:0"), ("SIMULATED_DURATION_MS", "constant:0")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let spec =
        FunctionSpec { name: "f".to_owned(), code: FunctionCode::Simulated, memory_mb: 128, timeout_s: 3, environment };
    cloud.ensure_function(spec).await?;
    let (once, more) = (client(&cloud, "once"), client(&cloud, "more"));
    invoked(&once).await;
    let (mut best_once, mut best_more) = (0.0_f64, 0.0_f64);
    for turn in 1..=TURNS {
        let (a, b) = (invoked(&once).await, invoked(&more).await);
        println!("turn {turn}: verified once {a:6.0} invokes/s, {} times {b:6.0} invokes/s", MORE + 1);
        (best_once, best_more) = (best_once.max(a), best_more.max(b));
    }
    cloud.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "ten is exact")]
    let cost = (1.0 / best_more - 1.0 / best_once) / MORE as f64;
    let without = 1.0 / (1.0 / best_once - cost);
    println!("\none verification: {:.1} us of {:.1} us an invoke", cost * 1e6, 1e6 / best_once);
    println!("with signatures verified: {:.1} % of the throughput without", best_once / without * 100.0);
    Ok(())
}

/// Invokes a second by all clients, for one turn.
async fn invoked(client: &Client) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|_| {
        let (client, count) = (client.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            while began.elapsed() < TURN {
                client.invoke().function_name("f").send().await.expect("the invocation is answered");
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no client fails");
    }
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let total = count.load(Ordering::Relaxed) as f64;
    total / began.elapsed().as_secs_f64()
}

fn client(cloud: &LocalCloud, id: &str) -> Client {
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(id, "right", None, None, "example"))
        .endpoint_url(cloud.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}
