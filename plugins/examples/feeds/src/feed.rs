//! Reading RSS 2.0 and Atom. What comes from the web may be anything: entities are not expanded beyond XML's own five,
//! and what is nested too deep or too much is refused.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::entry::Entry;

/// How deep elements may be nested.
const DEEPEST: usize = 64;
/// How many entries are taken; more are left.
const MOST: usize = 500;
/// How long one text may be, in bytes.
const LONGEST: usize = 16 << 10;

/// Reads the entries of a feed, in its own order.
///
/// # Errors
///
/// Why it is none.
pub(crate) fn read(text: &str) -> Result<Vec<Entry>, String> {
    let mut reader = Reader::from_str(text);
    let mut entries: Vec<Entry> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut is_feed = false;
    let mut current: Option<Entry> = None;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => {
                let name = local(&element);
                is_feed |= open.is_empty() && matches!(name.as_str(), "rss" | "feed" | "RDF");
                if matches!(name.as_str(), "item" | "entry") && entries.len() < MOST {
                    current = Some(Entry::default());
                }
                link(&element, &name, &mut current);
                open.push(name);
                if open.len() > DEEPEST {
                    return Err(format!("it is nested more than {DEEPEST} deep"));
                }
            }
            Event::Empty(element) => link(&element, &local(&element), &mut current),
            Event::End(_) => {
                if matches!(open.pop().as_deref(), Some("item" | "entry")) {
                    entries.extend(current.take());
                }
            }
            Event::Text(text) => add(&mut current, open.last(), &text.xml10_content()),
            Event::CData(text) => add(&mut current, open.last(), &text),
            Event::GeneralRef(entity) => {
                let known = match entity.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    _ => quick_xml::escape::resolve_predefined_entity(&entity).map(str::to_owned),
                };
                add(&mut current, open.last(), known.as_deref().unwrap_or("?"));
            }
            Event::Eof if is_feed && open.is_empty() => return Ok(entries),
            Event::Eof if is_feed => return Err("it ends too early".to_owned()),
            Event::Eof => return Err("it is neither RSS nor Atom".to_owned()),
            _ => {}
        }
    }
}

/// An element's name without its prefix.
fn local(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

/// Atom has links in an attribute.
fn link(element: &BytesStart<'_>, name: &str, current: &mut Option<Entry>) {
    let Some(entry) = current.as_mut().filter(|entry| name == "link" && entry.link.is_empty()) else {
        return;
    };
    if let Ok(Some(href)) = element.try_get_attribute("href") {
        entry.link = href.value.replace("&amp;", "&").chars().take(LONGEST).collect();
    }
}

/// Adds text to the part of the entry that an element is.
fn add(current: &mut Option<Entry>, element: Option<&String>, text: &str) {
    let (Some(entry), Some(element)) = (current.as_mut(), element) else { return };
    let part = match element.as_str() {
        "title" => &mut entry.title,
        "guid" | "id" => &mut entry.id,
        "pubDate" | "published" | "updated" | "date" => &mut entry.date,
        "link" => &mut entry.link,
        "description" | "summary" | "content" => &mut entry.summary,
        _ => return,
    };
    // A second element of the kind, such as `updated` after `published`, adds nothing.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let again = element == "updated" && !part.is_empty();
    if part.len() + text.len() < LONGEST && !text.is_empty() && !again {
        if !part.is_empty() && text.len() > 1 {
            part.push(' ');
        }
        part.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rss_and_atom_are_read_alike() {
        let rss = "<?xml version='1.0'?><rss><channel><title>News</title><item><title>One &amp; two</title>\
            <link>https://a.org/1</link><guid>g1</guid><pubDate>Thu, 26 Nov 2026</pubDate>\
            <description><![CDATA[<b>text</b>]]></description></item><item><title>Three</title></item></channel></rss>";
        let entries = read(rss).unwrap();
        assert_eq!(entries.len(), 2);
        assert!(entries[0].title.starts_with("One") && entries[0].title.ends_with("two"), "{entries:?}");
        assert_eq!((entries[0].id.as_str(), entries[0].link.as_str()), ("g1", "https://a.org/1"));
        assert_eq!(entries[0].summary, "<b>text</b>");
        let atom = "<feed xmlns='x'><title>News</title><entry><title>One</title><id>i</id>\
            <link href='https://a.org/1?a=b&amp;c'/><published>2026-11-26</published><updated>2026-11-27</updated></entry></feed>";
        let entries = read(atom).unwrap();
        assert_eq!(entries[0].link, "https://a.org/1?a=b&c");
        assert_eq!(entries[0].date, "2026-11-26");
    }

    #[test]
    fn what_is_no_feed_or_too_much_is_refused() {
        assert!(read("").unwrap_err().contains("neither"));
        assert!(read("<html></html>").unwrap_err().contains("neither"));
        assert!(read("<rss><channel>").unwrap_err().contains("too early"));
        assert!(read(&format!("<rss>{}", "<a>".repeat(100))).unwrap_err().contains("deep"));
        // An entity of its own is not expanded.
        let bomb =
            "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><rss><channel><item><title>&a;</title></item></channel></rss>";
        assert_eq!(read(bomb).unwrap()[0].title, "?");
        let long = format!("<rss><item><title>{}</title></item></rss>", "a".repeat(100_000));
        assert!(read(&long).unwrap()[0].title.len() <= LONGEST);
    }
}
