//! Signals that end the program.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGINT, SIGTERM or SIGHUP.
pub async fn interrupt() {
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be listened to inside a runtime");
    tokio::select! {
        _ = interrupt.recv() => {}
        () = termination() => {}
    }
}

/// Waits for SIGTERM or SIGHUP: nobody is there to send a second one.
pub async fn termination() {
    let listen = |kind| signal(kind).expect("signals can be listened to inside a runtime");
    let (mut term, mut hup) = (listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    tokio::select! {
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
}
