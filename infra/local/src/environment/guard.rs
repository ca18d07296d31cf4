//! Ends the processes of functions when the stand-in itself is killed without a chance to do so.
//!
//! One small shell per stand-in reads the process groups that live from a pipe. When the pipe closes, which also
//! happens when the stand-in is killed by SIGKILL, it kills every group still on its list. A process that had just been
//! started may not be on the list yet: unless the local cloud announced an orderly end, the shell looks twice through
//! `/proc` for the stand-in's mark in the variables of processes. Where there is no `/proc` such a one survives.

use std::io::{self, PipeWriter, Write};
use std::process::Stdio;
use std::sync::Mutex;

use tokio::process::{Child, Command};
use uuid::Uuid;

use super::family::kill_marked;

/// Reads `+PGID` and `-PGID`, one a line, and `.` for an orderly end. At the end of its input kills the groups that are
/// left, and those of processes that carry the mark `$1`.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
looks='0 0.2'
while read -r line; do
    group=${line#?}
    case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
    .) looks= ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
for wait in $looks; do
    sleep "$wait"
    for process in $(grep -ls "$1" /proc/[0-9]*/environ); do
        group=${process#/proc/}
        kill -s KILL -- "-${group%/environ}" 2>/dev/null
    done
done
exit 0
"#;

/// The shell that outlives the stand-in by a moment.
pub(crate) struct Guard {
    mark: String,
    lines: Mutex<PipeWriter>,
    shell: Child,
}

impl Guard {
    /// Starts the shell, in a process group of its own so that a Ctrl-C at the terminal misses it.
    pub(crate) fn start() -> io::Result<Guard> {
        let (reader, writer) = io::pipe()?;
        let mark = Uuid::new_v4().simple().to_string()[..16].to_owned();
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "guard", &format!("]{mark}")])
            .stdin(reader)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .process_group(0)
            .spawn()?;
        Ok(Guard { mark, lines: Mutex::new(writer), shell })
    }

    /// `YYYY/MM/DD/[$LATEST]<32 hex digits>`: one name per execution environment, as `AWS_LAMBDA_LOG_STREAM_NAME`. The
    /// first half of the digits is the mark by which the shell knows the stand-in's processes.
    pub(crate) fn log_stream_name(&self) -> String {
        let environment = Uuid::new_v4().simple().to_string();
        format!("{}/[$LATEST]{}{}", chrono::Utc::now().format("%Y/%m/%d"), self.mark, &environment[..16])
    }

    /// `group` lives from now on.
    pub(crate) fn add(&self, group: u32) {
        self.write(&format!("+{group}\n"));
    }

    /// `group` has ended.
    pub(crate) fn remove(&self, group: u32) {
        self.write(&format!("-{group}\n"));
    }

    /// A line is far smaller than the pipe, which the shell empties at once: this does not block.
    fn write(&self, line: &str) {
        let written = self.lines.lock().map(|mut lines| lines.write_all(line.as_bytes()));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the guard is gone: processes may survive a kill of the local cloud");
        }
    }

    /// Closes the pipe and waits for the shell to end. What left its group is known by the mark.
    pub(crate) async fn stop(self) {
        let mark = format!("]{}", self.mark);
        if let Err(error) = tokio::task::spawn_blocking(move || kill_marked(&[mark])).await {
            tracing::warn!(%error, "could not look for processes that are left");
        }
        self.write(".\n");
        let Guard { lines, mut shell, .. } = self;
        drop(lines);
        if let Err(error) = shell.wait().await {
            tracing::warn!(%error, "could not wait for the guard");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Pid, test_kill_process};

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
    }

    fn pid(child: &Child) -> Pid {
        Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_closed_pipe_kills_the_groups_on_the_list_and_no_other() {
        let (mut listed, mut removed, mut last) = (sleeper(), sleeper(), sleeper());
        let guard = Guard::start().unwrap();
        for child in [&listed, &removed, &last] {
            guard.add(child.id().unwrap());
        }
        guard.remove(removed.id().unwrap());
        guard.stop().await;
        for killed in [&mut listed, &mut last] {
            let status = tokio::time::timeout(Duration::from_secs(10), killed.wait()).await;
            assert!(!status.expect("it was killed").unwrap().success());
        }
        assert_eq!(test_kill_process(pid(&removed)), Ok(()));
        removed.kill().await.unwrap();
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_process_that_never_came_onto_the_list_is_known_by_its_mark() {
        let start = |name: String| {
            let mut command = Command::new("sleep");
            command.arg("600").env("AWS_LAMBDA_LOG_STREAM_NAME", name).process_group(0).spawn().unwrap()
        };
        let (guard, other) = (Guard::start().unwrap(), Guard::start().unwrap());
        let (mut ours, mut theirs) = (start(guard.log_stream_name()), start(other.log_stream_name()));
        // As the end of the stand-in's process would.
        drop(guard);
        let status = tokio::time::timeout(Duration::from_secs(10), ours.wait()).await;
        assert!(!status.expect("it was killed").unwrap().success());
        assert_eq!(test_kill_process(pid(&theirs)), Ok(()));
        theirs.kill().await.unwrap();
        other.stop().await;
    }
}
