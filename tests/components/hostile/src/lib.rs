//! A plugin that does all that plugins should not, one command for each, and one that behaves.

mod greedy;
mod handles;
mod painted;
mod stuck;

use powerbox_sdk::{Output, Problem, command};

powerbox_sdk::group! {
    /// Misbehaving
    #[log_panics]
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
        handles::forge,
        handles::keep,
        handles::hoard,
        painted::paint,
        painted::blame,
        painted::imitate,
        painted::erase,
    ]
}

/// Behave
#[command(effect = reads)]
async fn ok() -> Result<Output, Problem> {
    Ok(Output::message("ok"))
}
