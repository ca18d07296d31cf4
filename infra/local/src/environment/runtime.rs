//! The runtimes a function can name, and the interpreters of this machine that are used for them.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::base::sha256;
use crate::function::account::runtime_arn;

const PYTHON_CLIENT: &str = include_str!("../../runtimes/runtime_client.py");
const NODE_CLIENT: &str = include_str!("../../runtimes/runtime_client.mjs");

/// The runtime without processes.
pub(crate) const SIMULATED: &str = "simulated";

/// Runtimes of AWS that exist but that nothing here can run.
const NOT_HERE: [&str; 4] = ["java", "dotnet", "ruby", "go1"];

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    /// AWS's own words.
    #[error(
        "Value {0} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, \
         provided.al2, python3.x, nodejsN.x, simulated] or be a valid ARN"
    )]
    Unknown(String),
    #[error("runtime `{0}` does not run in the local cloud: use provided.al2023, python3.x, nodejsN.x or simulated")]
    NotHere(String),
    #[error("runtime `{runtime}` needs `{program}` on PATH, and it did not run: {reason}")]
    Missing { runtime: String, program: String, reason: String },
}

/// What starts a function's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Starter {
    /// The executable `bootstrap` of the deployment package.
    Bootstrap,
    /// An interpreter that runs a runtime client of ours.
    Interpreter { program: PathBuf, client: PathBuf },
    /// Nothing: init and handler are drawn from distributions.
    Simulated,
}

/// A runtime that can be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runtime {
    pub starter: Starter,
    /// `RuntimeVersionArn`: changes with the interpreter, as AWS's does with the runtime.
    pub version_arn: String,
}

/// Finds runtimes, each one once.
pub(crate) struct Runtimes {
    /// The folder of the runtime clients.
    clients: PathBuf,
    found: Mutex<HashMap<String, Runtime>>,
}

/// An interpreter, and how to find out where it really is. The command on PATH may be a wrapper script of a version
/// manager, whose own start would count as init.
struct Language {
    programs: Vec<String>,
    asking: [&'static str; 2],
    client: &'static str,
}

impl Runtimes {
    /// Writes the runtime clients to `folder`.
    pub(crate) fn open(folder: &Path) -> io::Result<Runtimes> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("runtime_client.py"), PYTHON_CLIENT)?;
        fs::write(folder.join("runtime_client.mjs"), NODE_CLIENT)?;
        Ok(Runtimes { clients: fs::canonicalize(folder)?, found: Mutex::default() })
    }

    /// The runtime called `name`.
    pub(crate) async fn find(&self, name: &str) -> Result<Runtime, RuntimeError> {
        let mut found = self.found.lock().await;
        if let Some(runtime) = found.get(name) {
            return Ok(runtime.clone());
        }
        let runtime = self.look_for(name).await?;
        found.insert(name.to_owned(), runtime.clone());
        Ok(runtime)
    }

    async fn look_for(&self, name: &str) -> Result<Runtime, RuntimeError> {
        match name {
            SIMULATED => return Ok(Runtime { starter: Starter::Simulated, version_arn: version_arn(name, "") }),
            "provided.al2023" | "provided.al2" => {
                return Ok(Runtime { starter: Starter::Bootstrap, version_arn: version_arn(name, "") });
            }
            _ => {}
        }
        let language = language(name).ok_or_else(|| {
            if NOT_HERE.iter().any(|known| name.starts_with(known)) {
                RuntimeError::NotHere(name.to_owned())
            } else {
                RuntimeError::Unknown(name.to_owned())
            }
        })?;
        let mut reason = String::new();
        for program in &language.programs {
            match ask(program, language.asking).await {
                Ok((program, version)) => {
                    let client = self.clients.join(language.client);
                    let starter = Starter::Interpreter { program, client };
                    return Ok(Runtime { starter, version_arn: version_arn(name, &version) });
                }
                Err(error) => reason = error.to_string(),
            }
        }
        let program = language.programs.last().cloned().unwrap_or_default();
        Err(RuntimeError::Missing { runtime: name.to_owned(), program, reason })
    }
}

fn language(runtime: &str) -> Option<Language> {
    if runtime.strip_prefix("python3.").is_some_and(is_number) {
        let asking = ["-c", "import platform, sys; print(sys.executable); print(platform.python_version())"];
        let programs = vec![runtime.to_owned(), "python3".to_owned()];
        return Some(Language { programs, asking, client: "runtime_client.py" });
    }
    if runtime.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")).is_some_and(is_number) {
        let asking = ["-p", "process.execPath + '\\n' + process.version"];
        return Some(Language { programs: vec!["node".to_owned()], asking, client: "runtime_client.mjs" });
    }
    None
}

/// Runs `program` and reads its real path and its version.
async fn ask(program: &str, arguments: [&str; 2]) -> io::Result<(PathBuf, String)> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().collect::<Vec<_>>()[..] {
        [path, version] if output.status.success() => Ok((PathBuf::from(path), version.to_owned())),
        _ => Err(io::Error::other(output.status.to_string())),
    }
}

fn version_arn(runtime: &str, version: &str) -> String {
    let hash = sha256::hex(format!("{runtime} {version}").as_bytes());
    runtime_arn(&hash)
}

/// Whether a part of a runtime's name is its version.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(name: &str) -> RuntimeError {
        let folder = tempfile::tempdir().unwrap();
        Runtimes::open(folder.path()).unwrap().find(name).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_cannot_run_is_refused_with_the_reason() {
        assert!(matches!(error("java21").await, RuntimeError::NotHere(name) if name == "java21"));
        for unknown in ["cobol", "python3.", "python3.x", "nodejs.x", "provided"] {
            assert!(matches!(error(unknown).await, RuntimeError::Unknown(_)), "{unknown}");
        }
    }

    #[tokio::test]
    async fn a_missing_interpreter_is_named() {
        let missing = ask("no-such-interpreter", ["-c", ""]).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn an_interpreter_is_found_by_its_real_path() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtimes::open(folder.path()).unwrap().find("python3.11").await.unwrap();
        let Starter::Interpreter { program, client } = runtime.starter else { panic!("python is interpreted") };
        assert!(program.is_absolute() && client.is_file());
    }
}
