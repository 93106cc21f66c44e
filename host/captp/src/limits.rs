use std::time::Duration;

/// What one peer may cost this side. Each bound stops one way to hurt it; what happens at the bound stands with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest frame, either way: 16 MiB, which is also what Endo's own Rust supervisor takes. A larger frame of
    /// the peer ends the connection before its data is read; a larger message of ours is not sent, and the call or
    /// answer becomes an error.
    pub frame_bytes: usize,
    /// How deep a value may be nested: 1024 levels. Beyond it a call is answered with an error.
    pub nesting: usize,
    /// How many values, keys and brackets a body may have: 2²⁰. Beyond it a call is answered with an error.
    pub nodes: usize,
    /// How many digits a bigint may have: 20,000, since reading them takes time that grows with the square. Beyond
    /// it a call is answered with an error.
    pub bigint_digits: usize,
    /// How many slots one body may list: 65,536. Beyond it a call is answered with an error.
    pub slots: usize,
    /// How many objects and open promises the peer may hold of ours: 131,072. JavaScript never lets go of any, so a
    /// peer that keeps asking for new objects ends here. Beyond it the answer that would export is an error.
    pub exports: usize,
    /// How many objects and open promises of the peer may be held here at a time: 131,072. Beyond it a call that
    /// brings a new one is answered with an error.
    pub imports: usize,
    /// How many of our own calls may be unanswered: 65,536. Beyond it calls fail at once;
    /// [`Session::ready`](crate::Session::ready) waits for room.
    pub questions: usize,
    /// How many calls of the peer may be unanswered: 32,768. Beyond it calls are answered with an error.
    pub peer_questions: usize,
    /// How many bytes the unanswered calls of the peer may take, as frames and, by a rough estimate, as values:
    /// 64 MiB. Beyond it calls are answered with an error, unless nothing else is unanswered.
    pub peer_question_bytes: usize,
    /// How many of the peer's calls may wait for answers or promises that are still open: 16,384. Beyond it calls on
    /// what is open are answered with an error.
    pub queued_calls: usize,
    /// How many finished answers that are data are kept for calls pipelined on them: 1,024. The oldest is forgotten.
    pub kept_answers: usize,
    /// How many bytes those may have had as frames: 1 MiB. The oldest is forgotten.
    pub kept_answer_bytes: usize,
    /// How many finished answers that are objects are kept: 16,384. The oldest is forgotten.
    pub kept_objects: usize,
    /// How many settled promises are kept each way for peers that mention them again: 16,384. The oldest is
    /// forgotten.
    pub kept_promises: usize,
    /// How many bytes the settled promises of the peer may have had as frames: 16 MiB. The oldest is forgotten.
    pub kept_promise_bytes: usize,
    /// How many bytes of answers may wait to be sent before this side stops reading: 16 MiB. A peer that asks and
    /// does not read its answers makes itself wait, and nothing grow.
    pub answer_bytes: usize,
    /// How many bytes may wait to be sent before our own calls fail: 64 MiB.
    /// [`Session::ready`](crate::Session::ready) waits for room.
    pub queue_bytes: usize,
    /// How long a peer may read nothing at all while this side does not read because of it: 30 seconds. Then the
    /// connection ends.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 16 << 20,
            nesting: 1024,
            nodes: 1 << 20,
            bigint_digits: 20_000,
            slots: 1 << 16,
            exports: 1 << 17,
            imports: 1 << 17,
            questions: 1 << 16,
            peer_questions: 1 << 15,
            peer_question_bytes: 64 << 20,
            queued_calls: 1 << 14,
            kept_answers: 1 << 10,
            kept_answer_bytes: 1 << 20,
            kept_objects: 1 << 14,
            kept_promises: 1 << 14,
            kept_promise_bytes: 4 << 20,
            answer_bytes: 16 << 20,
            queue_bytes: 64 << 20,
            stall: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The part that the reader of bodies keeps.
    pub(crate) fn body(&self) -> powerbox_passable::Limits {
        powerbox_passable::Limits {
            depth: self.nesting,
            body_bytes: self.frame_bytes,
            nodes: self.nodes,
            bigint_digits: self.bigint_digits,
        }
    }
}
