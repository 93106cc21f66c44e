/// One entry of a feed, in text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) date: String,
    pub(crate) link: String,
    pub(crate) summary: String,
}

impl Entry {
    /// Under what is kept that it was read: by its own identifier, cut to what a key can have.
    pub(crate) fn key(&self) -> String {
        let id = [&self.id, &self.link, &self.title].into_iter().find(|id| !id.is_empty());
        format!("read/{}", id.map(String::as_str).unwrap_or_default().chars().take(120).collect::<String>())
    }

    /// The whole of it.
    pub(crate) fn shown(&self) -> String {
        let parts = [&self.title, &self.date, &self.link, &self.summary];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
