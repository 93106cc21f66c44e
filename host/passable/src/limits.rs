/// What a reader of bodies accepts.
///
/// A peer chooses the bodies that it sends, so each bound here stops one way to hurt whoever reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep lists and objects may be nested; 1024 by default. A body of a hundred thousand `[` would otherwise
    /// make a value whose comparison, copy or mere drop overflows the stack. More than [`Limits::MAX_DEPTH`] counts
    /// as that.
    pub depth: usize,
    /// How many bytes a body may have; 16 MiB by default. Bounds the time and memory that one message takes.
    pub body_bytes: usize,
    /// How many texts, numbers, keys, lists and so on a body may have; 2²⁰ by default. An item of a list takes two
    /// bytes as text (`0,`) and more than thirty times that as a value, so bytes alone do not bound memory.
    pub nodes: usize,
    /// How many digits a bigint may have; 20,000 by default. Converting from decimal takes time that grows with the
    /// square of the digits: a million take seconds, twenty thousand less than a millisecond.
    pub bigint_digits: usize,
}

impl Limits {
    /// The deepest nesting that is ever read or written.
    ///
    /// Reading, writing and mapping values goes without recursion. Dropping, copying, comparing and printing them
    /// recurses once for each level; that is safe to this depth on a thread with the two MiB of stack that Rust
    /// gives by default, debug builds included.
    pub const MAX_DEPTH: usize = 1024;

    pub(crate) fn effective_depth(&self) -> usize {
        self.depth.min(Self::MAX_DEPTH)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: Self::MAX_DEPTH, body_bytes: 16 << 20, nodes: 1 << 20, bigint_digits: 20_000 }
    }
}
