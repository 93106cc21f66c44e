//! Pet names for completion.

use std::time::Duration;

use powerbox_captp::{Answer, Value};

use crate::agents::agent_object;
use crate::designation::parse_path;
use crate::host::Host;

/// A person waits while names are completed; a slow daemon is not worth it.
const PATIENCE: Duration = Duration::from_millis(500);

impl Host {
    /// The paths that begin with `prefix` in the names of the agent at a path, or in the person's, for completion: the names in the directory
    /// that the prefix has reached. Empty if the daemon does not answer in time.
    pub async fn complete_names(&self, agent: Option<&str>, prefix: &str) -> Vec<String> {
        tokio::time::timeout(PATIENCE, self.matching_names(agent, prefix))
            .await
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    async fn matching_names(&self, agent: Option<&str>, prefix: &str) -> Option<Vec<String>> {
        let daemon = self.daemon().await.ok()?;
        let agent = match agent {
            Some(path) => Some(self.look_for_agent(path).await.ok()?),
            None => None,
        };
        let agent = agent_object(&daemon, agent.as_ref()).await.ok()?;
        let (parents, last) = match prefix.rsplit_once('/') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, prefix),
        };
        let listed: Answer = match parents {
            Some(parents) => {
                let path = daemon.dialect().path(parents.split('/').map(str::to_owned).collect());
                let path = Value::texts(path);
                let directory = daemon.dialect().call(&agent, "endo:daemon/directory", "lookup", vec![path]);
                directory.ok()?.call("list", vec![])
            }
            None => agent.call("list", vec![]),
        };
        let names = listed.await.ok()?;
        let names = names.as_list()?.iter().filter_map(Value::as_str).filter(|name| name.starts_with(last));
        // A peer may list what no path can name.
        let names = names.filter(|name| parse_path(name).is_ok_and(|path| path.len() == 1));
        Some(
            names
                .map(|name| match parents {
                    Some(parents) => format!("{parents}/{name}"),
                    None => name.to_owned(),
                })
                .collect(),
        )
    }
}
