//! Signals that end the program.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGINT, SIGTERM or SIGHUP. They are caught from the call on, not only once the future is polled.
pub fn interrupt() -> impl Future<Output = ()> {
    let mut interrupt = listen(SignalKind::interrupt());
    let termination = termination();
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            () = termination => {}
        }
    }
}

/// Waits for SIGTERM or SIGHUP: nobody is there to send a second one.
pub fn termination() -> impl Future<Output = ()> {
    let (mut term, mut hup) = (listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = hup.recv() => {}
        }
    }
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("signals can be listened to inside a runtime")
}
