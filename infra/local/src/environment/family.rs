//! Which processes belong to an execution environment, as far as `/proc` shows it.
//!
//! A process and what it starts share a process group, unless one of them leaves it with `setsid`. Such a one is known
//! by its parent while that lives, and by the name of the environment in its variables. Where there is no `/proc`, only
//! the group is known.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A look through all processes serves every environment that ended meanwhile.
const GATHERING: Duration = Duration::from_millis(20);
/// Looks in a row that a process which keeps forking can make necessary.
const MOST_LOOKS: usize = 5;

/// An execution environment's processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    /// The first process, and its process group.
    pub group: u32,
    /// `AWS_LAMBDA_LOG_STREAM_NAME`, which no other environment has.
    pub name: String,
}

/// Whether something holds, or that the system does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Yes,
    No,
    Hidden,
}

impl Family {
    /// Whether a process of the family holds the `peer` end of its connection with `server`.
    pub(crate) fn holds(&self, peer: SocketAddr, server: SocketAddr) -> Known {
        let Some(inode) = socket(peer, server) else { return Known::Hidden };
        let Some(inode) = inode else { return Known::No };
        let link = format!("socket:[{inode}]");
        match holds_file(self.group, &link) {
            Some(true) => return Known::Yes,
            Some(false) => {}
            None => return Known::Hidden,
        }
        let others = processes().into_iter().filter(|process| *process != self.group && self.includes(*process));
        let held = others.into_iter().any(|process| holds_file(process, &link) == Some(true));
        if held { Known::Yes } else { Known::No }
    }

    fn includes(&self, process: u32) -> bool {
        group_of(process) == Some(self.group) || carries(process, &[self.name.as_str()])
    }

    /// Kills the group, and descendants that left it.
    pub(crate) fn kill(&self) {
        let descendants = descendants(self.group);
        kill_group(self.group);
        for process in descendants {
            kill(process);
        }
    }
}

/// Ends what is left of environments that have ended.
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Names of environments; whoever puts in the first one looks.
    ended: Mutex<Vec<String>>,
}

impl Leftovers {
    /// The environment called `name` has ended, and with it its process group.
    pub(crate) fn end(self: &Arc<Self>, name: String) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(name);
        if ended.len() > 1 {
            return;
        }
        drop(ended);
        let leftovers = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(GATHERING).await;
            let names = std::mem::take(&mut *leftovers.ended.lock().unwrap_or_else(PoisonError::into_inner));
            // An error means that the program is ending.
            let _ = tokio::task::spawn_blocking(move || kill_marked(&names)).await;
        });
    }
}

/// Kills every process whose variables hold one of `marks`, until there is none.
pub(crate) fn kill_marked(marks: &[String]) {
    let marks: Vec<&str> = marks.iter().map(String::as_str).collect();
    for _ in 0..MOST_LOOKS {
        let marked: Vec<u32> = processes().into_iter().filter(|process| carries(*process, &marks)).collect();
        if marked.is_empty() {
            return;
        }
        for process in marked {
            kill(process);
        }
    }
}

pub(crate) fn kill_group(group: u32) {
    if let Some(group) = pid(group) {
        // It is not an error when everything in the group has ended already.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn kill(process: u32) {
    if let Some(process) = pid(process) {
        let _ = kill_process(process, Signal::KILL);
    }
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// All processes that can be seen.
fn processes() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Whether the variables that the process was started with hold one of `marks`. A zombie has none.
fn carries(process: u32, marks: &[&str]) -> bool {
    let Ok(variables) = fs::read(format!("/proc/{process}/environ")) else { return false };
    let text = String::from_utf8_lossy(&variables);
    marks.iter().any(|mark| text.contains(mark))
}

/// The process group: the third field after the name, which may hold spaces and brackets.
fn group_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// Children, and theirs, of a process that lives.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([process]);
    let mut open = vec![process];
    while let Some(process) = open.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                if seen.insert(child) {
                    found.push(child);
                    open.push(child);
                }
            }
        }
    }
    found
}

/// Whether a file descriptor of the process leads to `link`; none if they cannot be seen.
fn holds_file(process: u32, link: &str) -> Option<bool> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let mut targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    Some(targets.any(|target| target.as_os_str() == link))
}

/// The inode of the `peer` end of a TCP connection. The inner value is absent if there is no such end, the outer one if
/// the system does not list connections.
#[expect(clippy::option_option, reason = "that there is no such end and that nobody can tell are two answers")]
fn socket(peer: SocketAddr, server: SocketAddr) -> Option<Option<u64>> {
    let listed = fs::read_to_string("/proc/net/tcp").ok()?;
    // A program may reach IPv4 through a socket of IPv6.
    let mapped = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    // Loopback addresses are written as the four bytes in the order of this machine.
    let end = |address: SocketAddr| match address.ip() {
        std::net::IpAddr::V4(ip) => format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()),
        std::net::IpAddr::V6(_) => String::new(),
    };
    let (local, remote) = (end(peer), end(server));
    let found = listed.lines().chain(mapped.lines()).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let matches = fields.get(1)?.ends_with(&local) && fields.get(2)?.ends_with(&remote);
        if matches { fields.get(9)?.parse().ok() } else { None }
    });
    Some(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn start(script: &str, name: &str) -> Child {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env("AWS_LAMBDA_LOG_STREAM_NAME", name).process_group(0);
        command.stdout(Stdio::piped()).spawn().expect("a shell starts")
    }

    /// Reads the process number that the script prints.
    fn printed(child: &mut Child) -> u32 {
        use std::io::{BufRead, BufReader};
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        line.trim().parse().expect("a number")
    }

    fn lives(process: u32) -> bool {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    }

    fn until_gone(process: u32) {
        for _ in 0..500 {
            if !lives(process) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("process {process} still lives");
    }

    #[test]
    fn a_child_that_left_the_group_ends_with_its_family() {
        let mut parent = start("env -i setsid sleep 600 & echo $!; wait", "family-1");
        let child = printed(&mut parent);
        // It leaves the group a moment after it was started.
        while group_of(child) == Some(parent.id()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Family { group: parent.id(), name: "family-1".to_owned() }.kill();
        until_gone(child);
        parent.wait().expect("it has ended");
    }

    #[test]
    fn an_orphan_is_known_by_its_variables() {
        let name = format!("family-{}", std::process::id());
        let mut parent = start("setsid sleep 600 & echo $!", &name);
        let orphan = printed(&mut parent);
        parent.wait().expect("it has ended");
        assert!(lives(orphan));
        kill_marked(&[name]);
        until_gone(orphan);
    }

    #[test]
    fn a_connection_belongs_to_the_process_that_holds_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = listener.local_addr().expect("it is bound");
        let _ours = TcpStream::connect(server).expect("connected");
        let (_, peer) = listener.accept().expect("connected");
        let family = |group: u32| Family { group, name: "no such name".to_owned() };
        assert_eq!(family(std::process::id()).holds(peer, server), Known::Yes);
        let mut other = start("exec sleep 600", "family-2");
        assert_eq!(family(other.id()).holds(peer, server), Known::No);
        other.kill().expect("it lives");
        other.wait().expect("it has ended");
    }
}
