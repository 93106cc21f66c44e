use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use powerbox_core::daemon::{Connect, Endpoint};
use powerbox_core::local::Notice;
use powerbox_core::{Event, Host};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::{Failure, Status};

/// How many other daemons a host keeps sessions with.
const MOST_DAEMONS: usize = 16;

/// The host of this process, once for each daemon that it works on, and what the person is to be told when they next
/// use it.
pub struct Hosts {
    host: Host,
    external: fn(Endpoint) -> Arc<dyn Connect>,
    known: Mutex<HashMap<String, Host>>,
    untold: Mutex<Untold>,
}

/// What the person was not told yet.
struct Untold {
    notices: Vec<Notice>,
    events: Receiver<Event>,
}

impl Hosts {
    /// A host, how it comes to daemons other than its own, and what is to be told.
    pub fn new(host: Host, external: fn(Endpoint) -> Arc<dyn Connect>, untold: Vec<Notice>) -> Arc<Self> {
        let untold = Mutex::new(Untold { notices: untold, events: host.events() });
        Arc::new(Self { host, external, known: Mutex::default(), untold })
    }

    /// The host with its own daemon.
    pub fn own(&self) -> &Host {
        &self.host
    }

    /// The host with the daemon that a client asks for.
    pub(crate) fn of(&self, connect: Option<&str>) -> Result<Host, Failure> {
        let Some(address) = connect else { return Ok(self.host.clone()) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(address) {
            return Ok(host.clone());
        }
        let endpoint = address.parse::<Endpoint>();
        let endpoint =
            endpoint.map_err(|error| Failure::new(Status::Usage, format!("--connect: {error}")))?;
        if known.len() >= MOST_DAEMONS {
            return Err(Failure::new(
                Status::Failed,
                format!("the host works on {MOST_DAEMONS} other daemons already"),
            )
            .hinted("`powerbox stop` ends it; the next command starts it again"));
        }
        let host = self.host.with_daemon((self.external)(endpoint));
        known.insert(address.to_owned(), host.clone());
        Ok(host)
    }

    /// What nobody was told yet; it is told once. That a plugin was replaced is told by the command that uses it.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notices = std::mem::take(&mut untold.notices);
        loop {
            match untold.events.try_recv() {
                Ok(Event::Swapped { .. } | Event::Installed { .. } | Event::Removed { .. }) => {}
                Ok(event) => {
                    let notice = Notice::from(&event);
                    if !notices.contains(&notice) {
                        notices.push(notice);
                    }
                }
                // What is too old to be told is in the log.
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return notices,
            }
        }
    }

    /// Ends all sessions with daemons.
    pub(crate) async fn disconnect(&self) {
        let known = std::mem::take(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner));
        for host in known.into_values() {
            host.disconnect().await;
        }
        self.host.disconnect().await;
    }
}
