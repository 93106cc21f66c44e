//! What the slots of a plugin reach.

use std::collections::HashMap;

use powerbox_authority::grant::{Agent, Holder, Record};
use powerbox_authority::ledger::LedgerError;
use powerbox_core::Host;
use powerbox_core::local::HTTP;
use powerbox_core::local::wasi::{WASI, WASI_IN_WORDS};
use powerbox_core::plugin::{Plugin, slots};

/// What a plugin has, when it acts for an agent or for the person.
pub(crate) struct Held {
    by_slot: HashMap<String, Record>,
    /// The slots for which it ever had something.
    ever: Vec<String>,
}

/// What a slot reaches.
pub(crate) enum Reach<'a> {
    /// What this grant says.
    Granted(&'a Record),
    /// What it gets by itself when the plugin first runs: the names of whoever runs it.
    OwnNamesAtFirst,
    /// What it gets by itself when the plugin first runs: a part of the host, or what the user names.
    OwnAtFirst,
    /// Nothing any more.
    Ended,
    /// Nothing.
    Nothing,
}

impl Held {
    /// Looks it up.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub(crate) fn by(host: &Host, plugin: &str, agent: Option<&Agent>) -> Result<Self, LedgerError> {
        Self::of(host, &Holder::plugin(agent, plugin))
    }

    /// The same for a holder that is known.
    ///
    /// # Errors
    ///
    /// As [`by`](Self::by).
    pub(crate) fn of(host: &Host, holder: &Holder) -> Result<Self, LedgerError> {
        let held = host.ledger().held_by(holder)?;
        let by_slot = held.into_iter().map(|record| (record.slot.clone(), record)).collect();
        Ok(Self { by_slot, ever: host.ledger().ever_filled(holder)? })
    }

    /// That of a plugin that is only looked at.
    pub(crate) fn nothing() -> Self {
        Self { by_slot: HashMap::new(), ever: Vec::new() }
    }

    /// What a slot reaches, or the place of a slot.
    pub(crate) fn reach(&self, plugin: Option<&Plugin>, slot: &str) -> Reach<'_> {
        let interface = plugin.and_then(|plugin| interface(plugin, slot));
        match self.by_slot.get(slot) {
            Some(record) => Reach::Granted(record),
            None if self.ever.iter().any(|ever| ever == slot) => Reach::Ended,
            None if plugin.is_some_and(|plugin| plugin.own_names().contains(&slot)) => Reach::OwnNamesAtFirst,
            None if slot == Record::DESIGNATION => Reach::OwnAtFirst,
            None if interface.is_some_and(is_hosts_own) => Reach::OwnAtFirst,
            None => Reach::Nothing,
        }
    }
}

/// The interface of a plugin's slot.
pub(crate) fn interface<'a>(plugin: &'a Plugin, slot: &str) -> Option<&'a str> {
    let slot = slots(plugin.manifest()).find(|known| known.slot == slot)?;
    Some(slot.interface)
}

/// An interface as people are told of it.
pub(crate) fn in_words(interface: &str) -> &str {
    if interface == WASI { WASI_IN_WORDS } else { interface }
}

/// What a person writes behind the equals sign to fill a slot of an interface, if anything.
pub(crate) fn filled_with(interface: &str) -> Option<&'static str> {
    match interface {
        WASI => None,
        interface if is_hosts_own(interface) => None,
        interface if interface.starts_with(HTTP) => Some("ORIGIN"),
        _ => Some("NAME"),
    }
}

/// Whether the host itself serves an interface, without being told what.
pub(crate) fn is_hosts_own(interface: &str) -> bool {
    interface.starts_with("powerbox:plugin/") && !interface.starts_with(HTTP)
}
