use clap::Args;
use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Agent, GrantId, Holder, Record};
use powerbox_core::Host;
use powerbox_core::grants::{Gift, GiveError};
use powerbox_core::local::wasi::WASI;
use powerbox_core::plugin::{Plugin, slot_meant, slots};
use powerbox_core::text::clean_line;

use super::caveats::{CaveatFlags, TypedCaveat};
use super::words;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::held::{filled_with, in_words, interface};

/// What shall be given to whom.
#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// The plugin that shall have it
    ///
    /// `@agent` in its place gives the agent of `--as` back what was taken from it as a whole.
    plugin: Option<String>,
    /// The slot, and the name of the object that it shall reach
    ///
    /// A slot that the host itself serves takes no name. `@named` in place of a slot is what you name in the
    /// plugin's commands.
    #[arg(value_name = "SLOT[=NAME]", value_parser = SlotWord::parse)]
    slot: Option<SlotWord>,
    /// For the plugin when it acts for this agent; names are the agent's then
    #[arg(long = "as", value_name = "AGENT")]
    agent: Option<String>,
    /// Make it a part of this grant, which it ends with and cannot exceed
    #[arg(long, value_name = "ID")]
    parent: Option<GrantId>,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    caveats: CaveatFlags,
}

/// A slot as it is typed, with what it shall reach.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SlotWord {
    slot: String,
    name: Option<String>,
}

impl SlotWord {
    fn parse(text: &str) -> Result<Self, String> {
        let (slot, name) = match text.split_once('=') {
            Some((slot, name)) => (slot, Some(name)),
            None => (text, None),
        };
        if slot.is_empty() || name.is_some_and(str::is_empty) {
            return Err("give a slot and a name, as in `left=notes`".to_owned());
        }
        Ok(Self { slot: slot.to_owned(), name: name.map(str::to_owned) })
    }
}

/// Gives a plugin something.
pub(super) async fn run(
    host: &Host,
    arguments: AddArguments,
    agent: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let asks = !arguments.yes && ask::somebody_is_there();
    let agent = arguments.agent.as_deref().or(agent);
    if arguments.plugin.as_deref() == Some(Record::AGENT) {
        let (Some(agent), None, None) = (agent, &arguments.slot, arguments.parent) else {
            return Err(Failure::usage(format!(
                "say which agent, and nothing else: {} --as AGENT",
                Record::AGENT
            )));
        };
        let record = host.give_agent(agent, super::read(host, &arguments.caveats)?).await?;
        return super::given("granted", &record, json);
    }
    let complete = arguments.plugin.is_some() && arguments.slot.is_some();
    if !complete && !asks {
        return Err(Failure::usage("say which plugin shall have what")
            .hinted("`powerbox grant add PLUGIN SLOT=NAME`; `powerbox why PLUGIN` shows its slots"));
    }
    let registry = host.registry();
    let plugin = match arguments.plugin {
        Some(plugin) => plugin,
        None => {
            let known: Vec<_> = registry.plugins().iter().map(|plugin| plugin.name()).collect();
            ask::question(&format!("which plugin? ({}) ", known.join(", ")))?
        }
    };
    let known = registry.plugin(&plugin).ok_or_else(|| GiveError::UnknownPlugin(clean_line(&plugin)))?;
    let mut asked = !complete;
    let slot = match arguments.slot {
        // What is wrong with it is told when it is given.
        Some(slot) => slot,
        None => ask_slot(known)?,
    };
    let mut gift = Gift {
        plugin,
        agent: agent.map(str::to_owned),
        slot: slot_meant(known.manifest(), &slot.slot)
            .map_or(slot.slot.clone(), |meant| meant.slot.to_owned()),
        name: slot.name,
        parent: arguments.parent,
        caveats: super::read(host, &arguments.caveats)?,
    };
    if gift.name.is_none() && asks && needs_name(known, &gift) {
        let name =
            ask::question(&format!("the name of the object for the slot `{}`: ", clean_line(&gift.slot)))?;
        gift.name = Some(name).filter(|name| !name.is_empty());
        asked = true;
    }
    if asked {
        if gift.caveats.is_empty() {
            gift.caveats = ask_caveats(host)?;
        }
        let agent = match &gift.agent {
            Some(path) => Some(host.agent(path).await?),
            None => None,
        };
        if !ask::agree(&ask::lines(&preview(host, known, &gift, agent.as_ref())?), "grant it?")? {
            return Err(Failure::new(Status::Failed, "nothing was granted"));
        }
    }
    let record = host.give(&gift).await?;
    super::given("granted", &record, json)
}

/// Whether the slot reaches an object that has to be named.
fn needs_name(plugin: &Plugin, gift: &Gift) -> bool {
    let interface = interface(plugin, &gift.slot);
    gift.parent.is_none()
        && interface.is_some_and(|interface| filled_with(interface).is_some())
        && !plugin.own_names().contains(&gift.slot.as_str())
}

fn ask_slot(plugin: &Plugin) -> Result<SlotWord, Failure> {
    eprintln!("the plugin `{}` has the slots", plugin.name());
    for slot in slots(plugin.manifest()) {
        if slot.is_named() || slot.interface == WASI {
            eprintln!("  {} ({})", slot.slot, in_words(slot.interface));
        } else {
            eprintln!("  {}", slot.slot);
        }
    }
    eprintln!("  {} (what you name in its commands)", Record::DESIGNATION);
    loop {
        let typed = ask::question("which slot? ")?;
        match SlotWord::parse(&typed) {
            Ok(word) if word.slot == Record::DESIGNATION || interface(plugin, &word.slot).is_some() => {
                return Ok(word);
            }
            Ok(word) => eprintln!("error: it has no slot `{}`", clean_line(&word.slot)),
            Err(error) => eprintln!("error: {error}"),
        }
    }
}

fn ask_caveats(host: &Host) -> Result<Vec<Caveat>, Failure> {
    eprintln!(
        "caveats, one a line as in `read-only`, `functions list,lookup`, `calls 10` or `expires 10m`; none ends"
    );
    let mut caveats = Vec::new();
    loop {
        let line = ask::question("caveat: ")?;
        if line.is_empty() {
            return Ok(caveats);
        }
        let now = host.ledger().clock().now();
        let caveat = TypedCaveat::parse(&line);
        match caveat.and_then(|caveat| caveat.at(now).map_err(|error| error.to_string())) {
            Ok(caveat) => caveats.push(caveat),
            Err(error) => eprintln!("error: {}", clean_line(&error)),
        }
    }
}

/// What will be granted, in words.
fn preview(host: &Host, plugin: &Plugin, gift: &Gift, agent: Option<&Agent>) -> Result<String, Failure> {
    let to = match (gift.parent, &gift.name) {
        (Some(parent), _) => match host.ledger().get(parent)? {
            Some(parent) => format!("a part of grant {}: {}", parent.id, parent.target),
            None => format!("a part of grant {parent}"),
        },
        (None, Some(name)) => format!("`{}`", clean_line(name)),
        (None, None) if gift.slot == Record::DESIGNATION => "what you name in its commands".to_owned(),
        (None, None) if plugin.own_names().contains(&gift.slot.as_str()) => {
            "all names of whoever runs it".to_owned()
        }
        (None, None) => "what the host itself serves".to_owned(),
    };
    let place = match interface(plugin, &gift.slot) {
        Some(interface) => format!(" for its slot `{}` ({interface})", clean_line(&gift.slot)),
        None => String::new(),
    };
    let whom = gift.agent.as_deref().map_or_else(
        || "when it acts for you".to_owned(),
        |agent| format!("when it acts for the agent `{}`", clean_line(agent)),
    );
    let mut text = format!("the plugin `{}` gets{place}, {whom}:\n  {to}\n", plugin.name());
    if gift.slot == Record::DESIGNATION {
        for (place, rights) in &plugin.ask().rights() {
            text.push_str(&format!("    {}\n", words::designated(place, rights)));
        }
    }
    for caveat in &gift.caveats {
        text.push_str(&format!("  {}\n", words::caveat(caveat)));
    }
    if gift.caveats.is_empty() {
        text.push_str("  without caveats, until it is taken back\n");
    }
    let holder = Holder::plugin(agent, plugin.name());
    if let Some(before) = host.ledger().filling(&holder, &gift.slot)? {
        text.push_str(&format!(
            "  in place of grant {} ({}), which ends\n",
            before.id,
            words::reach(&before)
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_typed_with_or_without_a_name() {
        let read = |text| SlotWord::parse(text).map(|word| (word.slot, word.name));
        assert_eq!(read("left=a/b=c"), Ok(("left".to_owned(), Some("a/b=c".to_owned()))));
        assert_eq!(read("@named"), Ok(("@named".to_owned(), None)));
        assert!(read("left=").is_err());
        assert!(read("=notes").is_err());
        assert!(read("").is_err());
    }
}
