//! An example of a plugin that reads from the web: a feed reader. It reaches the one origin that its user binds it to,
//! and keeps which entries were read.

mod entry;
mod feed;

use powerbox_sdk::{Output, Problem, command, http, store};

use crate::entry::Entry;

powerbox_sdk::group! {
    /// Reading feeds
    feeds: [feed, feed_read]
}

/// List the entries of a feed
///
/// RSS and Atom are understood. What was read with `feed-read` is marked.
#[command(effect = communicates)]
async fn feed(
    /// Where it is at the site
    #[default = "/feed.xml"]
    path: String,
    /// Only what was not read yet
    #[option(short = 'n')]
    new: bool,
) -> Result<Output, Problem> {
    let mut rows = Vec::new();
    for (place, entry) in entries(&path).await?.into_iter().enumerate() {
        let read = store::get(entry.key()).await?.is_some();
        if !(new && read) {
            let mark = if read { "read" } else { "" };
            rows.push(vec![(place + 1).to_string(), entry.date, entry.title, mark.to_owned()]);
        }
    }
    if rows.is_empty() {
        return Ok(Output::message("There is nothing new"));
    }
    Ok(Output::table(["no", "date", "title", ""], rows))
}

/// Show an entry of a feed, and mark it as read
#[command(effect = communicates)]
async fn feed_read(
    /// Its number in the list
    number: u64,
    /// Where the feed is at the site
    #[default = "/feed.xml"]
    path: String,
) -> Result<Output, Problem> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let entries = entries(&path).await?;
    let entry = place.and_then(|place| entries.into_iter().nth(place));
    let entry = entry.ok_or_else(|| Problem::NotFound(format!("entry {number}")))?;
    store::set(entry.key(), Vec::new()).await?;
    Ok(Output::text(entry.shown()))
}

async fn entries(path: &str) -> Result<Vec<Entry>, Problem> {
    let text = http::get_text(path).await?;
    feed::read(&text).map_err(|reason| Problem::Other(format!("{path} is no feed: {reason}")))
}
