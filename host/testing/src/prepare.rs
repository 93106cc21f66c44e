use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use powerbox_captp::Value;
use powerbox_core::{Host, Principal, Request};

use crate::bench::{BenchError, wrong};
use crate::held::Held;
use crate::person::Person;

/// Who sets up what a scenario says that there is, before the plugin comes: the person, by a host of his own that has
/// none of the scenario's limits.
pub(crate) struct Preparer<'a> {
    pub(crate) host: Host,
    /// Where files may be put.
    pub(crate) folder: &'a Path,
}

impl Preparer<'_> {
    /// Makes names, by the commands that a person would use.
    pub(crate) fn fill<'a>(
        &'a self,
        names: &'a BTreeMap<String, Held>,
        above: &'a [String],
    ) -> BoxFuture<'a, Result<(), BenchError>> {
        Box::pin(async move {
            for (name, held) in names {
                let path: Vec<_> = above.iter().chain([name]).cloned().collect();
                let place = path.join("/");
                match held {
                    Held::Directory(inner) => {
                        self.prepare(&["mkdir", &place]).await?;
                        self.fill(inner, &path).await?;
                    }
                    Held::Text { text } => self.prepare(&["store", &place, "--text", text]).await?,
                    Held::Json { json } => self.prepare(&["store", &place, "--json", json]).await?,
                    Held::Blob { blob } => {
                        let file = self.folder.join("blob");
                        std::fs::write(&file, blob).map_err(wrong)?;
                        self.prepare(&["store", &place, "--file", &file.to_string_lossy()]).await?;
                    }
                    Held::Object { .. } if above.is_empty() => {}
                    Held::Object { .. } => {
                        return Err(wrong(format!(
                            "`{place}`: scripted objects stand outside of directories"
                        )));
                    }
                }
            }
            Ok(())
        })
    }

    async fn prepare(&self, words: &[&str]) -> Result<(), BenchError> {
        let (command, words) = words.split_first().unwrap_or((&"help", &[]));
        let request = Request {
            principal: Principal::person(),
            command: (*command).to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let done = self.host.invoke(request, Arc::new(Person::default())).await;
        done.map(drop).map_err(|error| wrong(format!("the scenario's names cannot be made: {error}")))
    }

    pub(crate) async fn guest(&self, name: &str, introduced: &[String]) -> Result<(), BenchError> {
        let names = introduced.iter().map(|name| (name.as_str(), Value::text(name.as_str())));
        let options =
            Value::record([("agentName", Value::text(name)), ("introducedNames", Value::record(names))]);
        let handle = Value::text(format!("{name}-handle"));
        let daemon = self.host.daemon().await.map_err(wrong)?;
        let made = daemon.host().call("provideGuest", vec![handle, options]).await;
        made.map(drop).map_err(|error| wrong(format!("the guest `{name}` cannot be made: {error}")))
    }
}
