//! What a function's processes print, kept to the last 4 KB, which is all an answer can carry.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

use super::log::{TAIL_BYTES, keep_tail};

/// Reads at most this much at once, and at most [`DRAIN_READS`] times per [`Output::take`], so that a
/// function that never stops printing cannot hold its own answer back.
const READ_BYTES: usize = 16 * 1024;
const DRAIN_READS: usize = 64;

/// The reading end of the pipe that serves as standard output and standard error of a process.
///
/// One pipe for both keeps the order in which the lines were written.
pub(crate) struct Output {
    pipe: Arc<Pipe>,
    /// Empties the pipe as it fills, or a chatty function would block on writing.
    pump: JoinHandle<()>,
}

struct Pipe {
    receiver: Receiver,
    /// Every read happens under this lock, so that what was printed first is kept first.
    printed: Mutex<Vec<u8>>,
}

impl Output {
    /// The reading end, and the two writing ends for the process to be started.
    pub(crate) fn open() -> io::Result<(Output, Stdio, Stdio)> {
        let (reader, writer) = io::pipe()?;
        let pipe =
            Arc::new(Pipe { receiver: Receiver::from_owned_fd(OwnedFd::from(reader))?, printed: Mutex::default() });
        let stdout = Stdio::from(writer.try_clone()?);
        let pump = tokio::spawn(Arc::clone(&pipe).pump());
        Ok((Output { pipe, pump }, stdout, Stdio::from(writer)))
    }

    /// What was printed since the last call, at most the last 4 KB of it, including what still waits
    /// in the pipe.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut printed = self.pipe.printed.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..DRAIN_READS {
            if !self.pipe.read_once(&mut printed) {
                break;
            }
        }
        let mut taken = std::mem::take(&mut *printed);
        keep_tail(&mut taken);
        taken
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Pipe {
    async fn pump(self: Arc<Self>) {
        while self.receiver.readable().await.is_ok() {
            let mut buffer = [0; READ_BYTES];
            let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
            match self.receiver.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => append(&mut printed, &buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Reads what waits in the pipe, whether or not the runtime has heard of it yet.
    /// False when there was nothing.
    fn read_once(&self, printed: &mut Vec<u8>) -> bool {
        let mut buffer = [0; READ_BYTES];
        match rustix::io::read(&self.receiver, &mut buffer) {
            Ok(count) if count > 0 => {
                append(printed, &buffer[..count]);
                true
            }
            _ => false,
        }
    }
}

fn append(printed: &mut Vec<u8>, bytes: &[u8]) {
    printed.extend_from_slice(bytes);
    if printed.len() > 4 * TAIL_BYTES {
        keep_tail(printed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::process::Command;

    async fn printed_by(script: &str) -> Vec<u8> {
        let (output, stdout, stderr) = Output::open().unwrap();
        let status = Command::new("sh").args(["-c", script]).stdout(stdout).stderr(stderr).status().await.unwrap();
        assert!(status.success());
        output.take()
    }

    #[tokio::test]
    async fn both_streams_come_in_the_order_of_writing() {
        let printed = printed_by("echo one; echo two >&2; echo three").await;
        assert_eq!(String::from_utf8(printed).unwrap(), "one\ntwo\nthree\n");
    }

    #[tokio::test]
    async fn only_the_last_4_kb_are_kept_of_more_than_a_pipe_holds() {
        let printed = printed_by("seq 1 100000").await;
        let numbers: Vec<String> = (1..=100_000).map(|number| number.to_string()).collect();
        let expected = numbers.join("\n") + "\n";
        assert_eq!(printed, expected.as_bytes()[expected.len() - TAIL_BYTES..]);
    }
}
