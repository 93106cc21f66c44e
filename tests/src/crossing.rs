//! One call across a membrane, with nothing around it: to see closely what it does, and what it costs.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use powerbox_authority::audit::{Audit, AuditBounds};
use powerbox_authority::clock::Clock;
use powerbox_authority::grant::{Holder, Target};
use powerbox_authority::ledger::{Ledger, NewGrant, Origin};
use powerbox_authority::question::Questions;
use powerbox_captp::Object;
use powerbox_core::daemon::Dialect;
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::membrane::{Handle, Membrane, Pace, Setting, Slot, Streams, Unanswered};
use powerbox_core::{Link, Principal};
use powerbox_sandbox::wit::Function;
use powerbox_sandbox::{Component, Engine, EngineOptions, Host as _, Limits, Reply, Val};

use crate::raw;
use crate::world::read;

/// The slot, which is named after its interface.
const SLOT: &str = "test:sink/sink@1.0.0";

/// A component that calls its one slot as often as it is told, with a text and a number.
///
/// # Errors
///
/// None, unless this is wrong.
pub fn caller() -> Result<Vec<u8>> {
    raw::component(
        "package test:sink@1.0.0;
         interface sink { touch: func(note: string, count: u32) -> result<_, string>; }",
        &format!("import {SLOT}; export go: func(times: u32);"),
        &format!(
            r#"(module
                (import "{SLOT}" "touch" (func $touch (param i32 i32 i32 i32)))
                (memory (export "memory") 1)
                (data (i32.const 8) "a short note for whoever reads it")
                (func (export "go") (param $left i32)
                    (loop $again
                        (if (i32.eqz (local.get $left)) (then (return)))
                        (call $touch (i32.const 8) (i32.const 33) (local.get $left) (i32.const 64))
                        (if (i32.load8_u (i32.const 64)) (then unreachable))
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br $again)))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"#
        ),
    )
}

/// A slot that reaches one object, with all that stands between: grants in a ledger, the audit on disk.
pub struct Rig {
    /// The component that [`caller`] makes.
    pub component: Component<Handle>,
    /// Its one import.
    pub function: Arc<Function>,
    /// What the slot reaches.
    pub object: Object,
    audit: Arc<Audit>,
    ledger: Ledger,
}

impl Rig {
    /// Makes one that keeps its state in a folder.
    pub async fn new(folder: &Path, bounds: AuditBounds, object: Object) -> Result<Self> {
        let engine = Engine::new(EngineOptions::default())?;
        let component = Component::load(&engine, None, caller()?, |_| true).await?;
        let mut functions = component.imports().iter().flat_map(|import| &import.functions);
        let function = Arc::clone(functions.next().context("it imports nothing")?);
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            component,
            function,
            object,
            audit: Audit::open(&folder.join("audit"), bounds)?,
            ledger: Ledger::open(&folder.join("grants.sqlite"), Clock::system())?,
        })
    }

    /// A membrane whose slot is granted with these caveats, to an object like those of others.
    pub fn membrane(&self, caveats: &[&str]) -> Result<Membrane> {
        self.membrane_to(None, caveats)
    }

    /// The same, to an object that counts as the host's own power of this interface, if one is told.
    pub fn membrane_to(&self, power: Option<&'static str>, caveats: &[&str]) -> Result<Membrane> {
        let holder = Holder::plugin(None, "rig");
        let record = self.ledger.add(&NewGrant {
            origin: Origin::Object(Target::Object { name: vec!["sink".to_owned()], id: None }),
            holder,
            // A grant of its own for each: one that fills the same slot would end the one before.
            slot: format!("sink-{}", self.ledger.list(true)?.len()),
            caveats: read(caveats)?,
            giver: "the test".to_owned(),
        })?;
        let grant = self.ledger.grant(record.id)?.child(SLOT);
        let slot = Slot { object: self.object.clone(), grant, power };
        let principal = Principal::person().with(Link::Plugin("rig".to_owned())).with(Link::Invocation(1));
        Ok(Membrane::new(Setting {
            principal,
            slots: HashMap::from([(SLOT.to_owned(), slot)]),
            ended: HashSet::new(),
            dialect: Dialect::Embedded,
            audit: Arc::clone(&self.audit),
            front_end: Arc::new(Nobody),
            pace: Arc::new(Pace::new(u32::MAX, u32::MAX)),
            unanswered: Arc::new(Unanswered::alone(usize::MAX)),
            streams: Arc::new(Streams::alone(usize::MAX)),
            questions: Questions::of(&self.ledger),
            secrets: Vec::new(),
            keeper: None,
        }))
    }

    /// Makes one call across a membrane, as a compartment does.
    pub async fn cross(&self, membrane: &Membrane, count: u32) -> Result<()> {
        let params = vec![Val::string("a short note for whoever reads it"), Val::U32(count)];
        let outcome = match membrane.call(&self.function, params) {
            Reply::Now(outcome) => outcome,
            Reply::Later(outcome) => outcome.await,
        };
        match outcome.map_err(|error| anyhow!(error))? {
            Some(Val::Result(Ok(_))) => Ok(()),
            other => bail!("the crossing gave {other:?}"),
        }
    }

    /// Has a compartment make so many calls across a membrane.
    pub async fn go(&self, membrane: &Membrane, times: u32) -> Result<()> {
        let host = Arc::new(membrane.clone());
        self.component.invoke("", "go", vec![Val::U32(times)], host, &Limits::default()).await?;
        Ok(())
    }
}

struct Nobody;

impl FrontEnd for Nobody {
    fn emit(&self, _: Output) -> futures_util::future::BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
