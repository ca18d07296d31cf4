//! Ends the processes of functions when the stand-in itself is killed without a chance to do so.
//!
//! One small shell per stand-in reads the process groups that live from a pipe. When the pipe closes,
//! which also happens when the stand-in is killed by SIGKILL, it kills every group still on its list.
//! A process group is on the list a few microseconds after its process has started; a kill of the
//! stand-in in just that gap is the one that is not covered.

use std::io::{self, PipeWriter, Write};
use std::process::Stdio;
use std::sync::Mutex;

use tokio::process::{Child, Command};

/// Reads `+PGID` and `-PGID`, one a line; at the end of its input kills the groups that are left.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r line; do
    group=${line#?}
    case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
"#;

/// The shell that outlives the stand-in by a moment.
pub(crate) struct Guard {
    lines: Mutex<PipeWriter>,
    shell: Child,
}

impl Guard {
    /// Starts the shell, in a process group of its own so that a Ctrl-C at the terminal misses it.
    pub(crate) fn start() -> io::Result<Guard> {
        let (reader, writer) = io::pipe()?;
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(reader)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .process_group(0)
            .spawn()?;
        Ok(Guard { lines: Mutex::new(writer), shell })
    }

    /// `group` lives from now on.
    pub(crate) fn add(&self, group: u32) {
        self.write('+', group);
    }

    /// `group` has ended.
    pub(crate) fn remove(&self, group: u32) {
        self.write('-', group);
    }

    /// A line is far smaller than the pipe, which the shell empties at once: this does not block.
    fn write(&self, sign: char, group: u32) {
        let line = format!("{sign}{group}\n");
        let written = self.lines.lock().map(|mut lines| lines.write_all(line.as_bytes()));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the guard is gone: processes may survive a kill of the local cloud");
        }
    }

    /// Closes the pipe and waits for the shell to end.
    pub(crate) async fn stop(self) {
        let Guard { lines, mut shell } = self;
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
}
