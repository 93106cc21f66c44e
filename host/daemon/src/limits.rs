//! What one daemon gives to all its clients together, in one list.

/// Bounds on what clients can make the daemon keep.
///
/// Whoever reaches the socket owns the daemon, but a program of the owner's may be wrong or hostile all the same: each
/// bound here stops one way to fill memory or disk with single calls. Limits of a session (frames, nesting,
/// questions, exported objects) are those of `powerbox-captp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many sessions may be open at once; 256 by default. Stops a client that opens sockets without end: a
    /// further one is closed at once.
    pub sessions: usize,
    /// How many bytes a stored value may take as smallcaps text; 4 MiB by default. Each lookup decodes the value
    /// again.
    pub value_bytes: usize,
    /// How many bytes a blob may have; 1 GiB by default. Blobs are never held in memory as a whole, so this bounds
    /// disk only.
    pub blob_bytes: u64,
    /// How many bytes a blob may have to be read as one text or as JSON; 8 MiB by default.
    pub text_bytes: usize,
    /// How many UTF-16 units `writeText` accepts; 100,000 by default, as in Endo.
    pub written_text_units: usize,
    /// How many base64 characters of a blob a client may hand over at once; 4 MiB by default.
    pub chunk_chars: usize,
    /// How many names one directory may hold; 10,000 by default. A list of them is one message.
    pub names_per_directory: usize,
    /// How many names a path may have; 1,000 by default. Each is a call of its own.
    pub path_names: usize,
    /// How many subscriptions to name changes may be open at once; 1,024 by default. Those who follow the names of one
    /// directory or agent have at most half of what those who follow others leave.
    pub subscriptions: usize,
    /// How many bytes all subscriptions together may hold for clients that do not ask for them; 64 MiB by default, shared
    /// in the same way. A subscription that cannot keep a change any more ends with an error.
    pub subscription_bytes: usize,
    /// How many calls of `next` may wait at one iterator; 1,024 by default.
    pub waiting_nexts: usize,
    /// How many operations may wait for the disk before calls are held back; 1,024 by default.
    pub queued_operations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 256,
            value_bytes: 4 << 20,
            blob_bytes: 1 << 30,
            text_bytes: 8 << 20,
            written_text_units: 100_000,
            chunk_chars: 4 << 20,
            names_per_directory: 10_000,
            path_names: 1_000,
            subscriptions: 1_024,
            subscription_bytes: 64 << 20,
            waiting_nexts: 1_024,
            queued_operations: 1_024,
        }
    }
}
