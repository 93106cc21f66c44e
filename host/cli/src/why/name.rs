use powerbox_authority::caveat::{Caveat, PathPrefix};
use powerbox_authority::grant::{Agent, GrantId, Record, Target};
use powerbox_captp::{CallError, Object, Value};
use powerbox_core::Host;
use powerbox_core::daemon::{Daemon, Dialect};
use powerbox_core::designation::parse_path;
use powerbox_core::membrane::Problem;
use powerbox_core::text::clean_line;
use serde_json::json;

use super::explained;
use crate::exit::Failure;
use crate::grant::{Tree, words};
use crate::held::{Held, Reach};
use crate::render::print;

/// A name, and what is known of what it stands for.
struct Named<'a> {
    path: Vec<String>,
    /// The agent in whose names it is; none is the person.
    agent: Option<&'a Agent>,
    /// The formula identifiers of the directories on the way and of the thing itself, where the daemon has such.
    ids: Vec<Option<String>>,
}

/// How a grant reaches a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It is to the thing itself.
    Itself,
    /// It is to a directory on the way to it.
    Above,
}

/// Under what a grant is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    Itself,
    Above,
    References,
}

impl Heading {
    fn of(how: How, record: &Record) -> Self {
        match how {
            _ if words::is_reference(record) => Self::References,
            How::Itself => Self::Itself,
            How::Above => Self::Above,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Itself => "reached by",
            Self::Above => "reached through what it is in, by",
            Self::References => "references made of it, or of what it is in",
        }
    }
}

/// Tells who may reach what a name stands for.
pub(super) async fn run(
    host: &Host,
    name: &str,
    agent: Option<&Agent>,
    grants: &Tree,
    json: bool,
) -> Result<(), Failure> {
    let path = parse_path(name).map_err(Failure::usage)?;
    let daemon =
        host.daemon().await.map_err(|error| Failure::from(powerbox_core::InvokeError::from(error)))?;
    let ids = identify(host, &daemon, agent, &path).await?;
    let named = Named { path, agent, ids };
    let own = reference(&daemon, &named).await.and_then(|id| grants.chain(id).next());
    let now = host.ledger().clock().now();
    let live = |record: &&Record| words::ended(record, now).is_none();
    let reaching: Vec<(How, &Record)> = grants
        .records()
        .filter(live)
        .filter_map(|record| Some((named.reached_by(record, grants)?, record)))
        .collect();
    let id = named.ids.last().and_then(Option::as_deref);
    if json {
        let reaching = reaching.iter().map(|(how, record)| {
            let how = if *how == How::Itself { "itself" } else { "above" };
            let chain: Vec<_> = grants.chain(record.id).map(|link| link.id).collect();
            json!({ "how": how, "grant": record, "chain": chain })
        });
        let shown = json!({ "name": name, "agent": agent.map(Agent::name), "id": id, "reference": own, "grants": reaching.collect::<Vec<_>>() });
        return print(&shown.to_string());
    }

    let mut lines = vec![clean_line(name)];
    lines.extend(id.map(|id| format!("  {}", clean_line(id))));
    if let Some(own) = own {
        lines.push(format!("  it is an attenuated reference to {}", own.target));
        lines.extend(explained(own, grants, now).into_iter().map(|line| format!("      {line}")));
    }
    for heading in [Heading::Itself, Heading::Above, Heading::References] {
        let mut section = Vec::new();
        for (_, record) in reaching.iter().filter(|(how, record)| Heading::of(*how, record) == heading) {
            section.push(format!("  {}, {}", clean_line(&record.holder.to_string()), words::reach(record)));
            section.extend(explained(record, grants, now).into_iter().map(|line| format!("      {line}")));
        }
        if heading == Heading::Above {
            section.extend(at_first(host, agent)?);
        }
        if !section.is_empty() {
            lines.push(format!("\n{}", heading.text()));
            lines.append(&mut section);
        }
    }
    lines.push(
        "\nand by each command in which you name it, with the right that its parameter declares".to_owned(),
    );
    print(&lines.join("\n"))
}

/// The plugins that will reach the names of whoever runs them, and did not run yet.
fn at_first(host: &Host, agent: Option<&Agent>) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for plugin in host.registry().plugins() {
        let held = Held::by(host, plugin.name(), agent)?;
        for slot in plugin.own_names() {
            if matches!(held.reach(Some(plugin), slot), Reach::OwnNamesAtFirst) {
                let name = plugin.name();
                lines.push(format!("  plugin {name}, {slot} → {}, from its first run on", Target::OwnNames));
            }
        }
    }
    Ok(lines)
}

impl Named<'_> {
    /// How a grant reaches the thing, if it does.
    fn reached_by(&self, record: &Record, grants: &Tree) -> Option<How> {
        let same_names = record.holder.agent_key().as_ref() == self.agent.map(Agent::key);
        // How many names of the path lead to what is granted.
        let place = match &record.target {
            Target::OwnNames if same_names => 0,
            Target::Object { id: Some(id), .. } if self.ids.iter().any(Option::is_some) => {
                self.ids.iter().position(|known| known.as_ref() == Some(id))? + 1
            }
            Target::Object { name, .. } if same_names && self.path.starts_with(name) => name.len(),
            Target::Agent { id: Some(id), .. } if self.agent.is_none() => {
                self.ids.iter().position(|known| known.as_deref() == Some(id.as_str()))? + 1
            }
            Target::Agent { id: Some(id), .. } if self.agent.is_some_and(|agent| agent.id() == id) => 0,
            _ => return None,
        };
        let rest = self.path.get(place..).unwrap_or_default();
        // A path caveat speaks of the object that was granted.
        let mut links = grants.chain(record.id).filter(|link| link.target == record.target);
        let let_through = links.all(|link| link.caveats.iter().all(|caveat| leads_to(caveat, rest)));
        let_through.then_some(if rest.is_empty() { How::Itself } else { How::Above })
    }
}

/// Whether a caveat lets something through to a path, or to something below it.
fn leads_to(caveat: &Caveat, path: &[String]) -> bool {
    let Caveat::Path(prefix) = caveat else { return true };
    let below = PathPrefix::new(path.to_vec()).is_ok_and(|path| {
        let prefix: Vec<_> = prefix.to_string().split('/').map(str::to_owned).collect();
        path.covers(&prefix)
    });
    path.is_empty() || prefix.covers(path) || below
}

/// Finds the identifiers of what a path leads to, and of the directories on the way.
async fn identify(
    host: &Host,
    daemon: &Daemon,
    agent: Option<&Agent>,
    path: &[String],
) -> Result<Vec<Option<String>>, Failure> {
    let names = host.agent_names(daemon, agent).await?;
    // All at once: none waits for the one before.
    let asked: Vec<_> = (1..=path.len())
        .map(|count| ask(daemon, &names, "identify", path.get(..count).unwrap_or_default()))
        .collect();
    let mut ids = Vec::new();
    for asked in asked {
        ids.push(match asked?.await {
            Ok(Value::Text(id)) => id.as_str().map(str::to_owned),
            Ok(_) => return Err(Problem::NotFound(path.join("/")).into()),
            // Not every object that names things knows identifiers.
            Err(error @ CallError::Thrown(_)) => match Problem::from(error) {
                Problem::NotFound(_) => return Err(Problem::NotFound(path.join("/")).into()),
                _ => None,
            },
            Err(error) => return Err(Problem::from(error).into()),
        });
    }
    Ok(ids)
}

fn ask(
    daemon: &Daemon,
    object: &Object,
    function: &str,
    path: &[String],
) -> Result<powerbox_captp::Answer, Failure> {
    let path = Value::texts(daemon.dialect().path(path.to_vec()));
    let asked = daemon.dialect().call(object, "endo:daemon/directory", function, vec![path]);
    asked.map_err(|mismatch| Failure::from(Problem::Invalid(mismatch.to_string())))
}

/// The grant behind the thing, if it is an attenuated reference. Only the embedded daemon keeps such.
async fn reference(daemon: &Daemon, named: &Named<'_>) -> Option<GrantId> {
    let id = named.ids.last().and_then(Option::as_deref)?;
    if daemon.dialect() != Dialect::Embedded {
        return None;
    }
    match daemon.bootstrap().call("grantOf", vec![Value::text(id)]).await {
        Ok(Value::BigInt(number)) => number.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use powerbox_authority::grant::{AgentId, Holder, Use};

    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    fn scout() -> Agent {
        let number = "a".repeat(64);
        Agent::new(AgentId::parse(&format!("{number}:{number}")).unwrap(), "scout")
    }

    fn agent_target(agent: &Agent) -> Target {
        Target::Agent { name: names(agent.name()), id: Some(agent.id().clone()) }
    }

    fn named(path: &str) -> Named<'static> {
        let path = names(path);
        let ids = (1..=path.len()).map(|count| Some(format!("id of {}", path[..count].join("/")))).collect();
        Named { path, agent: None, ids }
    }

    fn how(named: &Named<'_>, agent: Option<&Agent>, target: Target, caveats: &[&str]) -> Option<How> {
        let record = Record {
            id: "1".parse().unwrap(),
            parent: None,
            holder: Holder::plugin(agent, "compare"),
            slot: "left".to_owned(),
            target,
            caveats: caveats.iter().map(|caveat| caveat.parse().unwrap()).collect(),
            giver: "person".to_owned(),
            made: 0,
            ended: None,
            used: Use::default(),
        };
        named.reached_by(&record, &Tree::new([record.clone()]))
    }

    fn object(path: &str, id: Option<&str>) -> Target {
        Target::Object { name: names(path), id: id.map(str::to_owned) }
    }

    #[test]
    fn a_thing_is_reached_by_its_identifier_whatever_it_was_called() {
        let todo = named("notes/todo");
        assert_eq!(how(&todo, None, object("old", Some("id of notes/todo")), &[]), Some(How::Itself));
        assert_eq!(how(&todo, Some(&scout()), object("old", Some("id of notes")), &[]), Some(How::Above));
        // What was granted was something else of this name.
        assert_eq!(how(&todo, None, object("notes/todo", Some("another")), &[]), None);
    }

    #[test]
    fn without_identifiers_the_path_counts_in_the_same_names() {
        let todo = Named { ids: vec![None, None], ..named("notes/todo") };
        assert_eq!(how(&todo, None, object("notes/todo", None), &[]), Some(How::Itself));
        assert_eq!(how(&todo, None, object("notes", Some("any")), &[]), Some(How::Above));
        assert_eq!(how(&todo, None, object("note", None), &[]), None);
        assert_eq!(how(&todo, Some(&scout()), object("notes", None), &[]), None);
    }

    #[test]
    fn all_names_and_an_agent_are_above_what_is_in_them() {
        let todo = named("notes/todo");
        assert_eq!(how(&todo, None, Target::OwnNames, &[]), Some(How::Above));
        assert_eq!(how(&todo, Some(&scout()), Target::OwnNames, &[]), None);
        let agent = scout();
        let above = Named { ids: vec![Some(agent.id().as_str().to_owned()), None], ..named("notes/todo") };
        assert_eq!(how(&above, None, agent_target(&agent), &[]), Some(How::Above));
        assert_eq!(how(&todo, None, agent_target(&agent), &[]), None, "another agent by now");
        let theirs = Named { agent: Some(&agent), ..named("todo") };
        assert_eq!(how(&theirs, Some(&agent), Target::OwnNames, &[]), Some(How::Above));
        assert_eq!(how(&theirs, None, agent_target(&agent), &[]), Some(How::Above));
        assert_eq!(how(&theirs, None, Target::OwnNames, &[]), None);
        assert_eq!(how(&todo, None, Target::Designated, &[]), None);
    }

    #[test]
    fn a_path_caveat_keeps_from_what_is_beside_it() {
        let todo = named("notes/todo");
        for (prefix, reached) in [
            ("notes", true),
            ("notes/todo", true),
            ("notes/todo/below", true),
            ("notes/other", false),
            ("n", false),
        ] {
            let how = how(&todo, None, Target::OwnNames, &[&format!("path {prefix}")]);
            assert_eq!(how.is_some(), reached, "{prefix}");
        }
        assert_eq!(how(&todo, None, object("notes", Some("id of notes")), &["path todo"]), Some(How::Above));
        assert_eq!(how(&todo, None, object("notes", Some("id of notes")), &["path notes"]), None);
    }
}
