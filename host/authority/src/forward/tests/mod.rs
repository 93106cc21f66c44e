//! What passes through a membrane and what does not; each protection with what it lets through.

mod caveats;
mod ending;
mod identifiers;
mod identity;
mod promises;
mod recording;
mod refusing;
mod sessions;
mod support;
