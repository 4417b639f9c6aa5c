//! Whether this process wants requests.

use tokio::sync::watch;

/// The state that `/readyz` reports, and that long answers watch so as not to hold up the end.
#[derive(Debug)]
pub struct Readiness {
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Stopping,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { state: watch::Sender::new(State::Starting) }
    }
}

impl Readiness {
    /// A process that is starting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a proxy may send requests here.
    pub fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Ready
    }

    /// Whether the end has begun.
    pub fn is_stopping(&self) -> bool {
        *self.state.borrow() == State::Stopping
    }

    /// Resolves when the end begins. A stream of events ends with it: its browser comes back to another process.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.state.subscribe();
        async move {
            state.wait_for(|state| *state == State::Stopping).await.ok();
        }
    }

    /// From now on requests are welcome. `serve` says so when it listens.
    pub fn set_ready(&self) {
        self.state.send_if_modified(|state| {
            let starting = *state == State::Starting;
            if starting {
                *state = State::Ready;
            }
            starting
        });
    }

    /// From now on they are not.
    pub fn set_stopping(&self) {
        self.state.send_replace(State::Stopping);
    }
}
