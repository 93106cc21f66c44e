use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use powerbox_captp::{Exo, Reply, Value};

/// The longest note that is kept whole, in characters.
const MAX_NOTE: usize = 2000;
/// How many notes one invocation may write.
const MAX_NOTES: u32 = 1000;

/// The target under which plugins' notes are traced, so that a front end can keep them apart from its own.
pub const PLUGIN_NOTES: &str = "plugin";

/// The power behind a `log` slot, for one invocation: notes go to the host's log under the plugin's name.
pub struct LogPower {
    plugin: String,
    notes: AtomicU32,
}

impl LogPower {
    /// Makes one for a plugin.
    pub fn new(plugin: impl Into<String>) -> Self {
        Self { plugin: plugin.into(), notes: AtomicU32::new(0) }
    }

    /// Writes a note, unless there were too many.
    pub(super) fn note(&self, level: &str, note: &str) {
        if self.notes.fetch_add(1, Ordering::Relaxed) >= MAX_NOTES {
            return;
        }
        let note: String = crate::text::clean_line(note).chars().take(MAX_NOTE).collect();
        let plugin = self.plugin.as_str();
        match level {
            "error" => tracing::error!(target: PLUGIN_NOTES, plugin, "{note}"),
            "warning" => tracing::warn!(target: PLUGIN_NOTES, plugin, "{note}"),
            "debug" => tracing::debug!(target: PLUGIN_NOTES, plugin, "{note}"),
            _ => tracing::info!(target: PLUGIN_NOTES, plugin, "{note}"),
        }
    }
}

impl Exo for LogPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Log".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["write"]
    }

    fn call(self: &Arc<Self>, _: &str, args: Vec<Value>) -> Reply {
        let level = args.first().and_then(Value::as_str).unwrap_or("info");
        self.note(level, args.get(1).and_then(Value::as_str).unwrap_or_default());
        Reply::undefined()
    }
}
