//! Agents by who they are, whatever they are called.

use super::*;

fn agent(digit: char, name: &str) -> Agent {
    let number: String = std::iter::repeat_n(digit, 64).collect();
    Agent::new(AgentId::parse(&format!("{number}:{number}")).unwrap(), name)
}

fn for_agent(agent: &Agent) -> NewGrant {
    let target = Target::Agent { name: vec![agent.name().to_owned()], id: Some(agent.id().clone()) };
    NewGrant { holder: Holder::agent(agent), ..new(Origin::Object(target), Record::AGENT, &[]) }
}

#[test]
fn what_an_agent_holds_stays_its_own_when_its_name_goes_to_another() {
    let home = Home::new();
    let ledger = home.open();
    let scout = agent('a', "scout");
    ledger.note_agent(&scout).unwrap();
    let held = ledger.add(&for_agent(&scout)).unwrap();
    assert_eq!(held.holder.to_string(), "agent scout");
    ledger.note_agent(&agent('a', "old-scout")).unwrap();
    let new = agent('b', "scout");
    ledger.note_agent(&new).unwrap();
    assert_eq!(ledger.held_by(&Holder::agent(&new)).unwrap(), []);
    let held = ledger.held_by(&Holder::agent(&agent('a', "whatever"))).unwrap();
    assert_eq!(held[0].holder.to_string(), "agent old-scout");
    assert_eq!(held[0].target.to_string(), "the agent `old-scout`");
    // Another process says the same, and so does a live grant.
    let other = home.open();
    let grant = other.grant(held[0].id).unwrap();
    assert_eq!(grant.holder_now().to_string(), "agent old-scout");
    other.note_unnamed(scout.key()).unwrap();
    assert_eq!(grant.holder_now().agent_name(), None);
    let record = &ledger.list(false).unwrap()[0];
    assert!(record.holder.to_string().contains("without a name"), "{record:?}");
    assert!(record.target.to_string().contains("without a name"), "{record:?}");
}

#[test]
fn a_name_that_goes_to_another_agent_is_no_longer_shown_for_the_first() {
    let home = Home::new();
    let ledger = home.open();
    let (one, two) = (agent('a', "scout"), agent('b', "scout"));
    ledger.note_agent(&one).unwrap();
    ledger.note_agent(&two).unwrap();
    assert_eq!(ledger.agent_name(one.key()).unwrap(), None);
    assert_eq!(ledger.agent_name(two.key()).unwrap().as_deref(), Some("scout"));
    assert_eq!(ledger.agents().unwrap().len(), 2);
}

#[test]
fn sections_of_the_configuration_go_with_the_agent() {
    let home = Home::new();
    let ledger = home.open();
    let scout = agent('a', "scout");
    let section = |name: &str| std::collections::BTreeSet::from([name.to_owned()]);
    ledger.note_sections(scout.key(), &section("scout")).unwrap();
    assert_eq!(ledger.note_sections(scout.key(), &section("other")).unwrap().len(), 2);
    assert_eq!(home.open().sections(scout.key()).unwrap().len(), 2);
    assert!(ledger.sections(agent('b', "scout").key()).unwrap().is_empty());
}

/// Makes the database one of the version that knew agents by path, with a grant for an agent and one of a plugin that
/// acts for it, from which came a reference; and something of the person's.
fn earlier(home: &Home) {
    drop(home.open());
    home.tamper(
        "DROP TABLE agent;
         DROP TABLE agent_section;
         INSERT INTO grants (id, parent, holder, slot, target, caveats, giver, made, revision) VALUES
             (1, NULL, 'agent scout', '@agent', '{\"kind\":\"agent\",\"name\":[\"scout\"]}', '[]', 'person', 1, 1),
             (2, 1, 'agent scout > plugin notes', 'left', '{\"kind\":\"own-names\"}', '[]', 'person', 1, 1),
             (3, 2, 'reference shared', 'shared', '{\"kind\":\"own-names\"}', '[]', 'person', 1, 1),
             (4, NULL, 'plugin notes', 'left', '{\"kind\":\"own-names\"}', '[]', 'person', 1, 1);
         UPDATE state SET value = 1 WHERE name = 'revision';
         PRAGMA user_version = 1;",
    );
}

#[test]
fn grants_of_an_earlier_version_that_knew_agents_by_path_end_and_bind_to_nobody() {
    let home = Home::new();
    earlier(&home);
    let ledger = home.open();
    let all = ledger.list(true).unwrap();
    let ended: Vec<_> = all.iter().map(|record| record.ended).collect();
    assert_eq!(ended, [Some(Ending::Removed), Some(Ending::Removed), Some(Ending::Removed), None]);
    assert_eq!(all[1].holder.to_string(), "agent scout > plugin notes");
    // Neither an agent of that name nor anybody else has anything of it.
    let scout = agent('a', "scout");
    ledger.note_agent(&scout).unwrap();
    assert_eq!(ledger.held_by(&Holder::agent(&scout)).unwrap(), []);
    assert_eq!(ledger.held_by(&Holder::plugin(Some(&scout), "notes")).unwrap(), []);
    assert!(ledger.had_path("scout").unwrap() && !ledger.had_path("other").unwrap());
    // Once: what is given after that stays.
    let given = ledger.add(&for_agent(&scout)).unwrap();
    assert_eq!(home.open().get(given.id).unwrap().unwrap().ended, None);
}

#[test]
fn a_process_that_runs_learns_that_an_update_ended_grants() {
    let home = Home::new();
    earlier(&home);
    home.tamper("PRAGMA user_version = 2; CREATE TABLE agent (key TEXT, id TEXT, name TEXT); CREATE TABLE agent_section (path TEXT, key TEXT);");
    let running = home.open();
    let grant = running.grant("3".parse().unwrap()).unwrap();
    assert!(grant.alive().is_ok());
    home.tamper("PRAGMA user_version = 1; DROP TABLE agent; DROP TABLE agent_section;");
    drop(home.open());
    running.keep_up().unwrap();
    assert!(grant.alive().is_err());
}
