//! What passes through a membrane and what does not; each protection with what it lets through.

mod caveats;
mod ending;
mod identity;
mod promises;
mod recording;
mod sessions;
mod support;
