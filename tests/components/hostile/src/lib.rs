//! A plugin that does all that plugins should not, one command for each, and one that behaves.

mod callbacks;
mod greedy;
mod handles;
mod painted;
mod stuck;

use powerbox_sdk::{Output, Problem, command};

powerbox_sdk::group! {
    /// Misbehaving
    #[log_panics]
    #[receives]
    hostile: [
        ok,
        stuck::spin,
        stuck::trap,
        stuck::recurse,
        stuck::wait,
        greedy::exhaust,
        greedy::huge,
        greedy::flood,
        greedy::shout,
        greedy::chatter,
        greedy::gulp,
        greedy::crowd,
        greedy::post,
        greedy::linger,
        greedy::nag,
        callbacks::bait,
        handles::forge,
        handles::keep,
        handles::hoard,
        painted::paint,
        painted::blame,
        painted::plead,
        painted::imitate,
        painted::erase,
    ]
}

/// Behave
#[command(effect = reads)]
async fn ok() -> Result<Output, Problem> {
    Ok(Output::message("ok"))
}
