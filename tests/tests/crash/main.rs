//! Kills the embedded daemon at random points, and checks that it keeps its word.
//!
//! Several clients change names at the same time, each one change after the other, and remember what was acknowledged.
//! Then the daemon gets SIGKILL. When it runs again on the same state, each client must find every change that was
//! acknowledged, and the one that was not either wholly or not at all. `CRASH_SEED` repeats a run, as far as the
//! scheduler lets it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod child;
mod model;
mod random;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use child::Child;
use model::{Model, Step};
use powerbox_captp::{CallError, Config, Object, Session, Value, transport};
use random::Random;

const CLIENTS: usize = 8;
const ROUNDS: usize = 30;
const BUDGET: Duration = Duration::from_secs(20);

/// What one client has done.
struct Owner {
    /// The names that were acknowledged.
    kept: Model,
    /// The change that was asked for and not acknowledged.
    open: Option<Step>,
    random: Random,
    /// How many changes were acknowledged in all.
    acknowledged: usize,
}

struct Client {
    _session: Session,
    host: Object,
}

impl Client {
    async fn connect(socket: &Path) -> Result<Self, CallError> {
        let session = transport::unix::connect(socket, Config::new("client"))
            .await
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let bootstrap = session.bootstrap().await?;
        let bootstrap = bootstrap.as_capability().expect("an object").clone();
        let host = bootstrap.call("host", vec![]).await?.as_capability().expect("an object").clone();
        Ok(Self { _session: session, host })
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let seed = std::env::var("CRASH_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64);
    println!("CRASH_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(rounds(seed));
}

async fn rounds(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (state, socket) = (folder.path().join("state"), folder.path().join("run/socket"));
    let mut random = Random::new(seed);
    let begin = Instant::now();
    let mut owners: Vec<Owner> = (0..CLIENTS)
        .map(|i| Owner {
            kept: Model::new(i),
            open: None,
            random: Random::new(seed.wrapping_add(1 + i as u64)),
            acknowledged: 0,
        })
        .collect();

    let child = Child::start(&state, &socket);
    for owner in &owners {
        owner.kept.prepare(&Client::connect(&socket).await.unwrap().host).await;
    }
    child.kill();

    let mut done = 0;
    for round in 0..ROUNDS {
        if random.below(3) == 0 {
            // Also while it is starting.
            Child::start_and_kill(&state, &socket, Duration::from_micros(random.below(40_000)));
        }
        let child = Child::start(&state, &socket);
        check(&socket, &mut owners, round).await;
        let workers: Vec<_> = owners
            .drain(..)
            .map(|owner| {
                let socket = socket.clone();
                tokio::spawn(async move { owner.work(&socket).await })
            })
            .collect();
        // Not before the kill, but at a random point of the work: this is the attack, not a wait for anything.
        tokio::time::sleep(Duration::from_micros(random.below(700_000))).await;
        child.kill();
        for worker in workers {
            owners.push(worker.await.unwrap());
        }
        done = round + 1;
        if begin.elapsed() > BUDGET {
            break;
        }
    }
    let child = Child::start(&state, &socket);
    check(&socket, &mut owners, done).await;
    child.kill();
    let acknowledged: usize = owners.iter().map(|owner| owner.acknowledged).sum();
    println!("{done} rounds, {acknowledged} acknowledged changes, {:?}", begin.elapsed());
    assert!(acknowledged > CLIENTS * done, "the daemon was hardly at work when it was killed");
}

impl Owner {
    /// Changes names until the daemon is gone.
    async fn work(mut self, socket: &Path) -> Self {
        let Ok(client) = Client::connect(socket).await else { return self };
        loop {
            let step = self.kept.step(&mut self.random);
            self.open = Some(step.clone());
            match step.run(&client.host).await {
                Ok(()) => {
                    self.kept.apply(&step);
                    self.open = None;
                    self.acknowledged += 1;
                }
                Err(CallError::Disconnected(_)) => return self,
                Err(error) => panic!("{step:?}: {error}"),
            }
        }
    }
}

/// Compares what each client remembers with what the daemon has.
async fn check(socket: &Path, owners: &mut [Owner], round: usize) {
    let client = Client::connect(socket).await.unwrap();
    let listed = client.host.call("has", vec![Value::text("@pins")]).await.unwrap();
    assert_eq!(listed, Value::Bool(true));
    for owner in owners {
        let found = owner.kept.read(&client.host).await;
        if found == owner.kept {
            owner.open = None;
            continue;
        }
        let step = owner.open.take().unwrap_or_else(|| {
            panic!("round {round}: acknowledged changes are lost\nkept {:?}\nfound {found:?}", owner.kept)
        });
        let mut changed = owner.kept.clone();
        changed.apply(&step);
        assert_eq!(found, changed, "round {round}: neither before nor after {step:?}");
        owner.kept = changed;
    }
}
