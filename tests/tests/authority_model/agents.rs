//! Random renaming of agents, taking back, updates with their migrations, removals and restarts, against a small model
//! of who has what: what is an agent's stays the agent's under whatever name, what was taken back is reached by nobody,
//! the host's own runs included, and comes back as it was when it is given again.

use std::path::PathBuf;

use powerbox_authority::grant::{Holder, Record};
use powerbox_captp::Value;
use powerbox_core::grants::Gift;
use powerbox_core::plugin::Data;
use powerbox_core::{Agent, Principal};
use powerbox_tests::powerbox::component;
use powerbox_tests::world::World;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const STORE: &str = "powerbox:plugin/store@0.1.0";
/// The person, and two agents.
const ALL: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// The plugin keeps something for one of them.
    Keep(usize, u8),
    /// An agent gets a name that nobody has.
    Rename(usize),
    /// The agents change names.
    Swap,
    /// The store is taken back from one of them, or given again.
    Revoke(usize),
    Give(usize),
    /// An agent is taken back with all that it has, or given again.
    RevokeAgent(usize),
    GiveAgent(usize),
    /// The new version comes, and brings along what it may.
    Update,
    /// The plugin is removed and what it kept is not deleted; it is installed again, with that or without.
    Again(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let agent = || 1..ALL;
    prop_oneof![
        4 => (0..ALL, any::<u8>()).prop_map(|(who, value)| Step::Keep(who, value)),
        2 => agent().prop_map(Step::Rename),
        2 => Just(Step::Swap),
        2 => (0..ALL).prop_map(Step::Revoke),
        2 => (0..ALL).prop_map(Step::Give),
        1 => agent().prop_map(Step::RevokeAgent),
        2 => agent().prop_map(Step::GiveAgent),
        3 => Just(Step::Update),
        1 => any::<bool>().prop_map(Step::Again),
        1 => Just(Step::Restart),
    ]
}

/// What should be.
#[derive(Clone, Debug)]
struct Whose {
    kept: Option<u8>,
    store: bool,
    agent: bool,
}

impl Whose {
    fn reaches(&self) -> bool {
        self.store && self.agent
    }
}

struct Test {
    world: Option<World>,
    file: PathBuf,
    updated: bool,
    /// What the agents are called.
    names: [String; ALL],
    all: [Whose; ALL],
    /// What was put aside at removals.
    aside: Vec<[Option<u8>; ALL]>,
    renamed: usize,
}

impl Test {
    async fn new() -> Self {
        let world = World::new().await.unwrap();
        let file = world.folder().join("keeper.wasm");
        std::fs::copy(component("keeper-v1").unwrap(), &file).unwrap();
        world.install_file(&file, &[]).await.unwrap();
        let names = ["", "one", "two"].map(str::to_owned);
        for name in &names[1..] {
            world.guest(name, &[]).await.unwrap();
        }
        let all = std::array::from_fn(|_| Whose { kept: None, store: true, agent: true });
        let mut test =
            Self { world: Some(world), file, updated: false, names, all, aside: Vec::new(), renamed: 0 };
        test.probe().await.unwrap();
        test
    }

    fn world(&self) -> &World {
        self.world.as_ref().unwrap()
    }

    async fn agent(&self, who: usize) -> Option<Agent> {
        if who == 0 { None } else { Some(self.world().agent(&self.names[who]).await) }
    }

    async fn run(&self, who: usize, line: &str) -> Result<String, String> {
        let principal = Principal::of(self.agent(who).await.as_ref());
        let ran = self.world().run_for(&principal, line, std::sync::Arc::default()).await;
        ran.map(|shown| shown.text()).map_err(|error| error.to_string())
    }

    async fn rename(&mut self, who: usize, to: String) {
        let paths = [&self.names[who], &to].map(|name| Value::texts([name.as_str()]));
        self.world().ask("move", paths.to_vec()).await.unwrap();
        self.names[who] = to;
    }

    async fn take(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::Keep(who, value) => {
                let done = self.run(*who, &format!("keep a {value}")).await;
                prop_assert_eq!(done.is_ok(), self.all[*who].reaches(), "{:?}", done);
                if done.is_ok() {
                    self.all[*who].kept = Some(*value);
                }
            }
            Step::Rename(who) => {
                self.renamed += 1;
                self.rename(*who, format!("name-{}", self.renamed)).await;
            }
            Step::Swap => {
                let (one, two) = (self.names[1].clone(), self.names[2].clone());
                self.rename(1, "between".to_owned()).await;
                self.rename(2, one).await;
                self.rename(1, two).await;
            }
            Step::Revoke(who) => {
                let holder = Holder::plugin(self.agent(*who).await.as_ref(), "keeper");
                if let Some(record) = self.world().host.ledger().filling(&holder, STORE).unwrap() {
                    self.world().host.revoke_grant(record.id).unwrap();
                    self.all[*who].store = false;
                }
            }
            Step::Give(who) => {
                let gift = Gift {
                    plugin: "keeper".into(),
                    agent: (*who > 0).then(|| self.names[*who].clone()),
                    slot: STORE.into(),
                    name: None,
                    parent: None,
                    caveats: Vec::new(),
                };
                let given = self.world().host.give(&gift).await.is_ok();
                prop_assert_eq!(given, self.all[*who].agent);
                self.all[*who].store |= given;
            }
            Step::RevokeAgent(who) => {
                let holder = Holder::agent(&self.world().agent(&self.names[*who]).await);
                if let Some(record) = self.world().host.ledger().filling(&holder, Record::AGENT).unwrap() {
                    self.world().host.revoke_grant(record.id).unwrap();
                    (self.all[*who].agent, self.all[*who].store) = (false, false);
                }
            }
            Step::GiveAgent(who) if !self.all[*who].agent => {
                self.world().host.give_agent(&self.names[*who], Vec::new()).await.unwrap();
                self.all[*who].agent = true;
            }
            Step::GiveAgent(_) => {}
            Step::Update => {
                let aside = self.file.with_extension("new");
                std::fs::copy(component("keeper-v2").unwrap(), &aside).unwrap();
                std::fs::rename(&aside, &self.file).unwrap();
                self.world().host.reconsider("keeper").await;
                self.updated = true;
            }
            Step::Again(adopt) => {
                self.world().host.remove_plugin("keeper", Data::Keep).await.unwrap();
                let kept = std::array::from_fn(|who| self.all[who].kept.take());
                if kept.iter().any(Option::is_some) {
                    self.aside.push(kept);
                }
                let mut installation = self.world().host.prepare_install(&self.file, &[]).await.unwrap();
                prop_assert_eq!(installation.kept_by_others().len(), self.aside.len());
                if *adopt {
                    installation.adopt_data();
                    for (whose, kept) in self.all.iter_mut().zip(self.aside.pop().unwrap_or_default()) {
                        whose.kept = kept;
                    }
                }
                self.world().host.install(installation).await.unwrap();
                // What the one before had is not this one's, and neither is that it was taken back.
                self.all.iter_mut().for_each(|whose| whose.store = true);
            }
            Step::Restart => {
                let world = self.world.take().unwrap();
                self.world = Some(world.restarted().await.unwrap());
            }
        }
        self.probe().await
    }

    /// Everybody reads what is theirs.
    async fn probe(&mut self) -> TestCaseResult {
        for who in 0..ALL {
            let whose = self.all[who].clone();
            match (self.run(who, "kept a").await, whose.reaches()) {
                (Ok(said), true) => {
                    let kept = whose.kept.map_or_else(|| "nothing".to_owned(), |kept| kept.to_string());
                    prop_assert_eq!(said, kept, "{}", who);
                }
                (Err(said), false) => {
                    prop_assert!(said.contains("revoked") || said.contains("has ended"), "{who}: {said}");
                }
                (came, reaches) => {
                    prop_assert!(false, "{who}: {came:?}, and it reaches its store: {reaches}")
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::config(12))]

    #[test]
    fn what_is_kept_is_whose_it_is_whatever_they_are_called(steps in prop::collection::vec(step(), 1..16)) {
        crate::on_threads(async {
            let mut test = Test::new().await;
            for step in &steps {
                test.take(step).await?;
            }
            Ok(())
        })?;
    }
}
