use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Failure, Status};

/// What ends the work: Ctrl-C, a closed terminal, a polite `kill`. Listened to all the time, so that one that comes while
/// something else is done is not lost.
pub(super) struct Interrupt([Signal; 3]);

impl Interrupt {
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Status::Failed, format!("signals cannot be heard: {error}")))
        };
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    /// Waits for one. Nothing is lost if it is dropped.
    pub(super) async fn comes(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
