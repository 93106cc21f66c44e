//! What attacks are made on, and how they end.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use powerbox_captp::{Exo, Object, Reply, Value};
use powerbox_core::{Allowance, Allowances, Principal};
use powerbox_tests::world::{Options, Person, Stage, World};
use tokio::sync::{Notify, Semaphore};

/// An object of somebody else's: it counts who touches it, and answers when it is let.
pub(crate) struct Target {
    touched: AtomicUsize,
    taken: Mutex<Vec<Value>>,
    reached: Notify,
    gate: Semaphore,
    /// As many as it has called back.
    called: Semaphore,
}

impl Target {
    /// One that answers at once.
    pub(crate) fn open() -> Arc<Self> {
        Self::with(Semaphore::MAX_PERMITS)
    }

    /// One that does not answer before it is let.
    pub(crate) fn closed() -> Arc<Self> {
        Self::with(0)
    }

    fn with(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            touched: AtomicUsize::new(0),
            taken: Mutex::default(),
            reached: Notify::new(),
            gate: Semaphore::new(permits),
            called: Semaphore::new(0),
        })
    }

    /// Lets it answer.
    pub(crate) fn answer(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    /// How often it was called.
    pub(crate) fn touched(&self) -> usize {
        self.touched.load(Ordering::SeqCst)
    }

    /// With what it was called.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until it was called so often.
    pub(crate) async fn is_touched(&self, times: usize) {
        loop {
            let reached = self.reached.notified();
            if self.touched() >= times {
                return;
            }
            reached.await;
        }
    }

    /// A daemon that knows it as `it`.
    pub(crate) fn staged(self: &Arc<Self>) -> Arc<Stage> {
        Stage::with([("it", Value::from(Object::exo(Arc::clone(self))))])
    }
}

impl Exo for Target {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Target".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["touch", "take", "wait", "tease", "swarm", "rest", "describe"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if method == "wait" {
            return Reply::pending(std::future::pending());
        }
        if let (Some(times), Some(Value::Capability(object))) = (called_back(method), args.first()) {
            // All at once, before any of them is answered.
            let calls: Vec<_> = (0..times).map(|_| object.call("heard", vec![])).collect();
            self.called.add_permits(times);
            return Reply::pending(async move {
                let answered = futures_util::future::join_all(calls).await;
                let refused: Vec<_> = answered.iter().filter_map(|answer| answer.as_ref().err()).collect();
                let first = refused.first().map(ToString::to_string).unwrap_or_default();
                Ok(Value::text(format!("{} of {times} answered {first}", answered.len() - refused.len())))
            });
        }
        if method == "rest" {
            let this = Arc::clone(self);
            return Reply::pending(async move {
                if let Ok(permit) = this.called.acquire().await {
                    permit.forget();
                }
                Ok(Value::Undefined)
            });
        }
        self.taken.lock().unwrap().extend(args);
        self.touched.fetch_add(1, Ordering::SeqCst);
        self.reached.notify_waiters();
        let this = Arc::clone(self);
        Reply::pending(async move {
            if let Ok(permit) = this.gate.acquire().await {
                permit.forget();
            }
            Ok(Value::Undefined)
        })
    }
}

/// How often a method calls back.
fn called_back(method: &str) -> Option<usize> {
    match method {
        "tease" => Some(1),
        "swarm" => Some(500),
        _ => None,
    }
}

/// A world in which plugins may use what is told, with the plugin `hostile`.
pub(crate) async fn world_with(change: impl FnOnce(&mut Allowance)) -> World {
    world_of(Options::default(), change).await
}

/// The same on a stage.
pub(crate) async fn world_on(stage: &Arc<Stage>, change: impl FnOnce(&mut Allowance)) -> World {
    world_of(Options { stage: Some(Arc::clone(stage)), ..Options::default() }, change).await
}

/// The same with further options.
pub(crate) async fn world_of(options: Options, change: impl FnOnce(&mut Allowance)) -> World {
    let mut allowance = Allowance::default();
    change(&mut allowance);
    // Only the hostile one is limited: others shall go on.
    let plugins = [("hostile".to_owned(), allowance.clone()), ("raw".to_owned(), allowance)].into();
    let allowances = Allowances { plugins, ..Allowances::default() };
    let world = World::with(Options { allowances, ..options }).await.unwrap();
    world.install("hostile", &[]).await.unwrap();
    world
}

/// Runs a line, and gives what it said, or `error: ` and why not.
pub(crate) async fn outcome(world: &World, line: &str) -> String {
    outcome_for(world, line, &Arc::default()).await
}

/// The same with a person who answers.
pub(crate) async fn outcome_for(world: &World, line: &str, person: &Arc<Person>) -> String {
    match world.run_for(&Principal::person(), line, Arc::clone(person)).await {
        Ok(shown) => shown.text(),
        Err(error) => format!("error: {error}"),
    }
}

/// Checks that commands of others work, and the same plugin's, too.
pub(crate) async fn goes_on(world: &World) {
    assert_eq!(outcome(world, "ok").await, "ok");
    let listed = outcome(world, "list").await;
    assert!(!listed.starts_with("error"), "{listed}");
}
