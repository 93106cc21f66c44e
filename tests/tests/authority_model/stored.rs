//! Random grants that are given, narrowed and taken back while a plugin stores what it reaches by them, against a small
//! model: whoever looks a stored reference up may do what all grants on the way to it allow, as they are now, and
//! nothing once one of them has ended, under whatever name it lies and however often everything was restarted.

use std::collections::BTreeMap;

use powerbox_authority::grant::{GrantId, Record};
use powerbox_captp::Value;
use powerbox_core::grants::Gift;
use powerbox_tests::world::{World, read};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

/// What may be called on what is stored. A directory does the first three, a file the others.
const FUNCTIONS: [&str; 5] = ["lookup", "has", "list", "text", "json"];
const ALL: u8 = 0b1_1111;
/// What the attacker's parameter declares that it calls.
const DECLARED: u8 = 0b0_1000;
/// The slots, and what they are bound to.
const SLOTS: [(&str, &str); 2] = [("left", "box"), ("right", "safe")];
const NAMES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Thing {
    Directory,
    File,
}

impl Thing {
    fn does(self) -> u8 {
        match self {
            Self::Directory => 0b0_0111,
            Self::File => 0b1_1000,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The plugin stores what it finds behind the slot `right`.
    Store(Thing, usize),
    /// It stores what its user named.
    StoreNamed(usize),
    /// It stores again what it finds under a name.
    StoreAgain(usize, usize),
    /// The person moves a name, or removes it.
    Move(usize, usize),
    Remove(usize),
    Give(usize, u8),
    Narrow(usize, u8),
    Revoke(usize),
    /// The grant for what the person names ends, or is given again.
    RevokeNamed,
    GiveNamed,
    /// The grant of something that is stored ends.
    RevokeStored(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0..NAMES;
    let slot = || 0..SLOTS.len();
    // What leads to what is stored is nearly always allowed.
    let bits = || prop_oneof![9 => (0..=ALL).prop_map(|bits| bits | 1), 1 => 1..=ALL];
    prop_oneof![
        4 => (prop_oneof![Just(Thing::Directory), Just(Thing::File)], name())
            .prop_map(|(thing, name)| Step::Store(thing, name)),
        2 => name().prop_map(Step::StoreNamed),
        4 => (name(), name()).prop_map(|(from, to)| Step::StoreAgain(from, to)),
        2 => (name(), name()).prop_map(|(from, to)| Step::Move(from, to)),
        2 => name().prop_map(Step::Remove),
        3 => (slot(), bits()).prop_map(|(slot, bits)| Step::Give(slot, bits)),
        2 => (slot(), bits()).prop_map(|(slot, bits)| Step::Narrow(slot, bits)),
        1 => slot().prop_map(Step::Revoke),
        1 => Just(Step::RevokeNamed),
        2 => Just(Step::GiveNamed),
        1 => name().prop_map(Step::RevokeStored),
        1 => Just(Step::Restart),
    ]
}

/// A grant, as the model knows it.
struct Link {
    id: GrantId,
    parent: Option<usize>,
    allows: u8,
    ended: bool,
}

/// What lies under a name: a thing, and the grants through which it is reached, the last stored first.
#[derive(Clone)]
struct Stored {
    thing: Thing,
    grants: Vec<usize>,
}

struct Test {
    world: Option<World>,
    links: Vec<Link>,
    /// What fills the slots.
    slots: [usize; SLOTS.len()],
    named: usize,
    stored: BTreeMap<usize, Stored>,
}

impl Test {
    async fn new() -> Self {
        let world = World::new().await.unwrap();
        for path in [&["box"][..], &["safe"], &["safe", "deep"]] {
            world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
        }
        world
            .ask("storeValue", vec![Value::text("found"), Value::texts(["safe", "deep", "plan"])])
            .await
            .unwrap();
        for path in [&["file"][..], &["safe", "file"]] {
            let args = vec![Value::texts(path.iter().copied()), Value::text("1")];
            world.ask("writeText", args).await.unwrap();
        }
        // Nothing is installed whose foreign interfaces are unbound.
        let bound = [SLOTS[0], SLOTS[1], ("test:vault/vault@1.0.0", "box")];
        world.install("attacker", &bound).await.unwrap();
        let mut test = Self {
            world: Some(world),
            links: Vec::new(),
            slots: [0; SLOTS.len()],
            named: 0,
            stored: BTreeMap::new(),
        };
        for (number, (slot, _)) in SLOTS.iter().enumerate() {
            test.slots[number] = test.link(test.granted(slot), None, ALL);
        }
        test.named = test.link(test.granted(Record::DESIGNATION), None, ALL);
        test
    }

    fn world(&self) -> &World {
        self.world.as_ref().unwrap()
    }

    fn granted(&self, slot: &str) -> GrantId {
        self.world().grant("attacker", slot).unwrap().id
    }

    fn link(&mut self, id: GrantId, parent: Option<usize>, allows: u8) -> usize {
        self.links.push(Link { id, parent, allows, ended: false });
        self.links.len() - 1
    }

    /// What a grant allows now, with those above it.
    fn allowed(&self, link: usize) -> u8 {
        let chain = std::iter::successors(Some(link), |link| self.links[*link].parent);
        chain.fold(ALL, |bits, link| if self.links[link].ended { 0 } else { bits & self.links[link].allows })
    }

    /// What can be done with what lies under a name.
    fn works(&self, stored: &Stored) -> u8 {
        stored.grants.iter().fold(stored.thing.does(), |bits, link| bits & self.allowed(*link))
    }

    fn lives(&self, link: usize) -> bool {
        std::iter::successors(Some(link), |link| self.links[*link].parent).all(|link| !self.links[link].ended)
    }

    fn end(&mut self, link: usize) {
        self.world().host.revoke_grant(self.links[link].id).unwrap();
        self.links[link].ended = true;
    }

    async fn give(&mut self, slot: &str, name: Option<&str>, bits: u8, before: usize) -> usize {
        let gift = Gift {
            plugin: "attacker".into(),
            agent: None,
            slot: slot.into(),
            name: name.map(str::to_owned),
            parent: None,
            caveats: caveats(bits),
        };
        let record = self.world().host.give(&gift).await.unwrap();
        // Whatever filled the slot before ends.
        self.links[before].ended = true;
        self.link(record.id, None, bits)
    }

    /// Has the attacker store what it came to by `steps`, and checks that it is stored exactly if it may be.
    async fn store(
        &mut self,
        more: &str,
        steps: Json,
        to: usize,
        by: usize,
        allows: u8,
        thing: Option<Stored>,
    ) -> TestCaseResult {
        let grants = |world: &World| world.host.ledger().list(true).unwrap();
        let before: Vec<_> = grants(self.world()).into_iter().map(|record| record.id).collect();
        let word = steps.to_string();
        let line = format!("attempt {word} {more} --to box/name-{to}");
        let outcome = self.world().run(&line).await;
        let said = outcome.map_or_else(|error| error.to_string(), |shown| shown.text());
        // A name that is taken keeps what it has.
        let thing = thing.filter(|_| !self.stored.contains_key(&to));
        let stored = said.lines().count() > 0 && said.lines().all(|line| line.starts_with("ok"));
        prop_assert_eq!(stored, thing.is_some(), "{}", said);
        let new: Vec<_> =
            grants(self.world()).into_iter().filter(|record| !before.contains(&record.id)).collect();
        let Some(mut thing) = thing else {
            // A grant that was made for it in vain has ended.
            prop_assert!(new.iter().all(|record| record.ended.is_some()), "{:?}", new);
            return Ok(());
        };
        prop_assert_eq!(new.len(), 1, "what is stored is one grant: {:?}", new);
        let link = self.link(new[0].id, Some(by), allows);
        thing.grants.insert(0, link);
        self.stored.insert(to, thing);
        Ok(())
    }

    async fn take(&mut self, step: &Step) -> TestCaseResult {
        let writes = self.lives(self.named);
        match step {
            Step::Store(thing, to) => {
                let found = if matches!(thing, Thing::Directory) { "deep" } else { "file" };
                let steps = json!([["right", "lookup", [found]], ["to", "store", {"ref": 0}]]);
                let by = self.slots[1];
                let reached = self.allowed(by) & 1 != 0 && writes;
                let stored = reached.then(|| Stored { thing: *thing, grants: Vec::new() });
                self.store("", steps, *to, by, ALL, stored).await?;
            }
            Step::StoreNamed(to) => {
                let stored = writes.then(|| Stored { thing: Thing::File, grants: Vec::new() });
                let steps = json!([["to", "store", {"ref": 0}]]);
                self.store("--object file", steps, *to, self.named, DECLARED, stored).await?;
            }
            Step::StoreAgain(from, to) => {
                let steps =
                    json!([["left", "lookup", [format!("name-{from}")]], ["to", "store", {"ref": 0}]]);
                let by = self.slots[0];
                let reached = self.allowed(by) & 1 != 0 && writes;
                let stored = self.stored.get(from).filter(|_| reached).cloned();
                self.store("", steps, *to, by, ALL, stored).await?;
            }
            Step::Move(from, to) => {
                if let Some(stored) = self.stored.get(from).filter(|_| from != to).cloned() {
                    let paths =
                        [from, to].map(|name| Value::texts(["box".to_owned(), format!("name-{name}")]));
                    self.world().ask("move", paths.to_vec()).await.unwrap();
                    self.stored.remove(from);
                    self.stored.insert(*to, stored);
                }
            }
            Step::Remove(name) => {
                if self.stored.remove(name).is_some() {
                    let path = ["box".to_owned(), format!("name-{name}")].map(Value::text);
                    self.world().ask("remove", path.to_vec()).await.unwrap();
                }
            }
            Step::Give(slot, bits) => {
                let (word, name) = SLOTS[*slot];
                self.slots[*slot] = self.give(word, Some(name), *bits, self.slots[*slot]).await;
            }
            Step::Narrow(slot, bits) => {
                let link = self.slots[*slot];
                let narrowed = self.world().host.narrow_grant(self.links[link].id, &caveats(*bits));
                let narrower = *bits == ALL || self.links[link].allows & bits == *bits;
                let possible = self.lives(link) && narrower;
                prop_assert_eq!(narrowed.is_ok(), possible, "{:?}", narrowed);
                if possible {
                    self.links[link].allows &= bits;
                }
            }
            Step::Revoke(slot) => self.end(self.slots[*slot]),
            Step::RevokeNamed => self.end(self.named),
            Step::GiveNamed => {
                self.named = self.give(Record::DESIGNATION, None, ALL, self.named).await;
            }
            Step::RevokeStored(name) => {
                if let Some(stored) = self.stored.get(name) {
                    self.end(stored.grants[0]);
                }
            }
            Step::Restart => {
                let world = self.world.take().unwrap();
                self.world = Some(world.restarted().await.unwrap());
            }
        }
        self.probe().await
    }

    /// The person looks up what is stored and tries all that can be called.
    async fn probe(&self) -> TestCaseResult {
        for (name, stored) in &self.stored {
            let path = vec![Value::texts(["box".to_owned(), format!("name-{name}")])];
            let object = self.world().ask("lookup", path).await.unwrap();
            let Value::Capability(object) = object else { panic!("{object:?} is no object") };
            let works = self.works(stored);
            for (bit, function) in FUNCTIONS.iter().enumerate() {
                let args = if bit < 2 { vec![Value::text("plan")] } else { vec![] };
                let came = object.call(*function, args).await;
                prop_assert_eq!(
                    came.is_ok(),
                    works & (1 << bit) != 0,
                    "name-{} {}: {:?}",
                    name,
                    function,
                    came
                );
            }
        }
        Ok(())
    }
}

fn caveats(bits: u8) -> Vec<powerbox_authority::caveat::Caveat> {
    if bits == ALL {
        return Vec::new();
    }
    let chosen: Vec<_> = FUNCTIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect();
    read(&[&format!("functions {}", chosen.join(","))]).unwrap()
}

proptest! {
    #![proptest_config(crate::config(24))]

    #[test]
    fn what_is_stored_allows_what_all_grants_on_its_way_allow(steps in prop::collection::vec(step(), 1..24)) {
        crate::on_threads(async {
            let mut test = Test::new().await;
            for step in &steps {
                test.take(step).await?;
            }
            Ok(())
        })?;
    }
}
