//! `coldwatch local`: serves the local cloud, and with `--deployed` the whole of it as on AWS.

mod deployed;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use local_cloud::{Access, AccessKey, Fault, Options};

use crate::exit::{Exit, Failure, tell};
use crate::output::stdout;
use crate::signals::interrupt;
use crate::standin::{REGION, Standin};
use deployed::{Deployment, Period};

/// Arguments of `local`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct LocalArgs {
    #[command(subcommand)]
    command: Option<LocalCommand>,
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// Folder in which functions and history are kept
    #[arg(long, value_name = "DIR", default_value = ".coldwatch")]
    state: PathBuf,
    /// DynamoDB table to create
    #[arg(long, env = "COLDWATCH_TABLE", default_value = "coldwatch")]
    table: String,
    /// Deploy the orchestrator into the local cloud, with a schedule that starts it as on AWS
    #[arg(long)]
    deployed: bool,
    /// How often: `5 minutes`, `1 hour`, or a rate(…) or cron(…) of EventBridge Scheduler, in UTC
    #[arg(long, value_name = "PERIOD", default_value = "5 minutes", requires = "deployed", value_parser = Period::parse)]
    every: Period,
    /// What the deployed orchestrator measures, TOML or JSON, instead of the built-in targets
    #[arg(long, value_name = "FILE", requires = "deployed")]
    suite: Option<PathBuf>,
    /// Proven cold starts wanted per target and run of the deployed orchestrator, instead of the suite's [1..1000]
    #[arg(long, value_name = "N", requires = "deployed")]
    samples: Option<u32>,
    /// How long an update of a function takes; about 1,500 on AWS
    #[arg(long, value_name = "MS", default_value_t = 20)]
    settle_ms: u64,
    /// Network delay of every invoke, half of it each way
    #[arg(long, value_name = "MS", default_value_t = 0)]
    network_ms: u64,
    /// Apply AWS's quota of control calls: 100 reads of functions a second, 15 of all others together
    #[arg(long)]
    quotas: bool,
    /// Answer in TLS too, with HTTP/2 as AWS speaks it: 128 requests at once on a connection
    #[arg(long)]
    tls: bool,
    /// A fault to inject, such as `reject:lambda.Invoke,status=429,chance=0.1`; can be repeated
    #[arg(long = "fault", value_name = "SPEC", value_parser = Fault::parse)]
    faults: Vec<Fault>,
    /// A further access key that requests may be signed with; may be repeated
    #[arg(long = "key", value_name = "ID:SECRET", value_parser = AccessKey::parse, hide_possible_values = true)]
    keys: Vec<AccessKey>,
}

#[derive(Debug, Subcommand)]
enum LocalCommand {
    /// Print the variables of the local cloud that serves a folder, for another terminal
    Env(EnvArgs),
}

/// Arguments of `local env`.
#[derive(Debug, Args)]
struct EnvArgs {
    /// Folder in which functions and history are kept
    #[arg(long, value_name = "DIR", default_value = ".coldwatch")]
    state: PathBuf,
    /// DynamoDB table to name
    #[arg(long, env = "COLDWATCH_TABLE", default_value = "coldwatch")]
    table: String,
}

const EXAMPLES: &str = "\
Examples:
  coldwatch local                                   for the AWS SDKs, boto3 and the AWS CLI
  eval \"$(coldwatch local env)\"                     in another terminal: endpoint, region and keys
  coldwatch local --tls                             the same in TLS and HTTP/2; prints which certificate to trust
  coldwatch local --deployed --every '5 minutes'    measures on a schedule, for the first time at once
  coldwatch local --deployed --every 'cron(0 * * * ? *)' --samples 20
  coldwatch local --deployed --suite suite.toml     measures functions that you created with boto3 or the AWS CLI

While it runs, `coldwatch history --local` and the other commands with --local use it.";

/// Serves the local cloud until interrupted.
pub async fn execute(args: LocalArgs) -> Result<Exit, Failure> {
    if let Some(LocalCommand::Env(env)) = args.command {
        return print_env(&env);
    }
    let deployment = args
        .deployed
        .then(|| Deployment::new(args.every, args.suite.as_deref(), args.samples, &args.table))
        .transpose()?;
    let options = Options {
        port: args.port,
        state: Some(args.state),
        settle: Duration::from_millis(args.settle_ms),
        network: Duration::from_millis(args.network_ms),
        quotas: args.quotas,
        tls: args.tls,
        keys: args.keys,
        ..Options::default()
    };
    let standin = Standin::serve(options).await?;
    let served = serve(&standin, deployment, &args.table, args.faults).await;
    standin.stop().await;
    served.map(|()| Exit::Done)
}

async fn serve(
    standin: &Standin,
    deployment: Option<Deployment>,
    table: &str,
    faults: Vec<Fault>,
) -> Result<(), Failure> {
    let cloud = standin.own().expect("it was started here");
    let aws = standin.connect(table).await?;
    // A deployment that was killed may have left it.
    cloud.remove_schedule(deployed::SCHEDULE);
    let targets = standin.create_targets(cloud).await?;
    for fault in faults {
        cloud.inject(fault);
    }
    // Whoever reads only the first line may be gone before the last: it is served all the same.
    let exports = exports(standin.state(), standin.endpoint(), &cloud.access(), table);
    let _ = stdout().write_all(exports.as_bytes());
    // Before it says that it answers: whoever reads that may end it at once.
    let interrupted = interrupt();
    tell(format_args!("the local cloud answers at {}; interrupt it to stop", standin.endpoint()));
    if let Some(deployment) = deployment {
        return deployment.run(standin, cloud, &aws, &targets).await;
    }
    interrupted.await;
    Ok(())
}

fn print_env(args: &EnvArgs) -> Result<Exit, Failure> {
    let state = args.state.display();
    let endpoint = local_cloud::served_at(&args.state).ok_or_else(|| {
        Failure::failed(format!("no local cloud serves `{state}`; start one with `coldwatch local --state {state}`"))
    })?;
    let access = local_cloud::access_of(&args.state).map_err(Failure::failed)?;
    stdout().write_all(exports(&args.state, &endpoint, &access, &args.table).as_bytes())?;
    Ok(Exit::Done)
}

/// What a shell evaluates. The first line is the endpoint, for programs that read it.
fn exports(state: &Path, endpoint: &str, access: &Access, table: &str) -> String {
    let (id, secret, token) = (access.key().id(), access.key().secret(), access.token());
    let authority = local_cloud::authority_of(state).and_then(|file| std::path::absolute(file).ok());
    let (endpoint, trust) = match authority {
        Some(file) => {
            let file = quoted(&file.to_string_lossy());
            let trust = format!("export SSL_CERT_FILE={file} AWS_CA_BUNDLE={file}\n");
            (endpoint.replacen("http:", "https:", 1), trust)
        }
        None => (endpoint.to_owned(), String::new()),
    };
    format!(
        "export AWS_ENDPOINT_URL={endpoint}\nexport AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION} \
         AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret}\nexport COLDWATCH_LOCAL_TOKEN={token}\n\
         export COLDWATCH_TABLE={table}\n{trust}"
    )
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
