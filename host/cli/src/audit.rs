//! `audit`: what crossed the membrane, what was kept from it, and what the person granted.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use notify::Watcher as _;
use powerbox_authority::audit::{Decision, Filter, Follow, Head, Reader, verify, verify_until};
use powerbox_authority::grant::GrantId;
use powerbox_core::Host;
use powerbox_core::text::clean_line;
use serde_json::json;

use self::table::Rows;
use crate::exit::{Failure, Status};
use crate::moment::Moment;
use crate::render::print;

mod table;

/// How many records a terminal is shown unless it asks for more.
const LAST: usize = 50;
/// How often is looked for new records where nothing tells that there are some.
const POLL: Duration = Duration::from_millis(250);

/// Which records are asked for, and how.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Go on showing what happens, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only calls of this plugin
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// Only what was done for principals whose chain in words contains this
    #[arg(long, value_name = "TEXT")]
    principal: Option<String>,
    /// Only calls with the names of this agent
    #[arg(long, value_name = "PATH")]
    agent: Option<String>,
    /// Only calls through this slot, or parameter of a command
    #[arg(long)]
    slot: Option<String>,
    /// Only calls of this function, as `--json` names it
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Only what was done by this grant, or to it
    #[arg(long, value_name = "ID")]
    grant: Option<GrantId>,
    /// Only calls that were let through
    #[arg(long, conflicts_with = "denied")]
    allowed: bool,
    /// Only calls that were not
    #[arg(long)]
    denied: bool,
    /// Only from then on: `10m` ago, or `2026-12-01T00:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
    since: Option<Moment>,
    /// Only before then
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
    until: Option<Moment>,
    /// Only so many, the newest [default: 50 on a terminal, else all]
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// Check that no record was changed, removed or slipped in, and print the head of the log
    ///
    /// Note the head where those who can write your files cannot: `--head` then proves that nothing was cut off.
    #[arg(long, conflicts_with_all = [
        "follow", "plugin", "principal", "agent", "slot", "function", "grant", "allowed", "denied", "since", "until",
        "last",
    ])]
    verify: bool,
    /// Check that this head, noted earlier, is still in the log
    #[arg(long, value_name = "HEAD", requires = "verify")]
    head: Option<Head>,
}

/// Shows or checks the audit.
pub(crate) async fn run(host: &Host, arguments: AuditArguments, json: bool) -> Result<Status, Failure> {
    let Some(folder) = host.audit().folder().map(Path::to_owned) else {
        return Err(Failure::new(Status::Failed, "the audit is not kept"));
    };
    if arguments.verify {
        return interruptible(move |_| check(&folder, arguments.head.as_ref(), json)).await;
    }
    let follows = arguments.follow;
    let mut filter = arguments.filter(host.ledger().clock().now());
    // What an agent did goes with it, whatever it was called then.
    let known =
        host.ledger().agents()?.into_iter().find(|known| known.name.is_some() && known.name == filter.agent);
    if let Some(known) = known {
        filter.agent = None;
        filter.agent_key = Some(known.key.to_string());
    }
    if follows {
        return follow(&folder, &filter, json).await;
    }
    interruptible(move |stop| {
        let mut rows = Rows::new(json);
        for record in Reader::open(&folder, &filter)? {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            rows.show(&record?)?;
        }
        rows.end();
        Ok(Status::Done)
    })
    .await
}

impl AuditArguments {
    fn filter(self, now: u64) -> Filter {
        let default = std::io::stdout().is_terminal().then_some(LAST);
        Filter {
            plugin: self.plugin,
            principal: self.principal,
            agent: self.agent,
            agent_key: None,
            slot: self.slot,
            function: self.function,
            grant: self.grant.map(GrantId::get),
            decision: match (self.allowed, self.denied) {
                (true, _) => Some(Decision::Allowed),
                (_, true) => Some(Decision::Denied),
                _ => None,
            },
            since: self.since.map(|since| since.before(now)),
            until: self.until.map(|until| until.before(now)),
            last: self.last.or(default),
        }
    }
}

/// Reads on a thread of its own, so that Ctrl-C ends it.
async fn interruptible(
    read: impl FnOnce(&AtomicBool) -> Result<Status, Failure> + Send + 'static,
) -> Result<Status, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let mut reading = tokio::task::spawn_blocking(move || read(&asked));
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            stop.store(true, Ordering::Relaxed);
            Ok(Status::Interrupted)
        }
        done = &mut reading => done.map_err(|error| Failure::new(Status::Failed, error.to_string()))?,
    }
}

/// Shows records as they come.
async fn follow(folder: &Path, filter: &Filter, json: bool) -> Result<Status, Failure> {
    let (watching, changed) = watch(folder);
    let mut follow = Follow::new(folder, filter)?;
    let mut rows = Rows::new(json);
    let shown = async {
        loop {
            let batch = follow.next_batch()?;
            if batch.is_empty() {
                let wait = if watching.is_some() { POLL * 8 } else { POLL };
                // What changed while it was read is noticed, too: the note stays until somebody waits.
                let _ = tokio::time::timeout(wait, changed.notified()).await;
            }
            for record in batch {
                rows.show(&record)?;
            }
        }
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Status::Interrupted),
        failed = shown => failed,
    }
}

/// Has changes of the folder noted. Without a watcher nothing is, and looking now and then has to do.
fn watch(folder: &Path) -> (Option<notify::RecommendedWatcher>, Arc<tokio::sync::Notify>) {
    let changed = Arc::new(tokio::sync::Notify::new());
    let note = Arc::clone(&changed);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the folder must not count as a change of it.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            note.notify_one();
        }
    });
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(folder, notify::RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    (watching.inspect_err(|error| tracing::debug!(%error, "the audit is not watched")).ok(), changed)
}

/// Checks the chain of records.
fn check(folder: &Path, head: Option<&Head>, json: bool) -> Result<Status, Failure> {
    let report = match head {
        Some(head) => verify_until(folder, head)?,
        None => verify(folder)?,
    };
    let status = if report.is_sound() { Status::Done } else { Status::Failed };
    if json {
        let mut shown = json!(report);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("sound".to_owned(), json!(report.is_sound()));
        }
        print(&shown.to_string())?;
        return Ok(status);
    }
    let mut lines = vec![format!(
        "{} lines in {} segments: {} calls ({} without an end), {} acts, {} torn",
        report.lines, report.segments, report.crossings, report.unfinished, report.acts, report.torn
    )];
    if let Some(first) = report.first.filter(|first| *first > 1) {
        lines.push(format!("it begins with line {first}: older segments were removed"));
    }
    lines.extend(report.head.map(|head| format!("head {head}")));
    print(&lines.join("\n"))?;
    for problem in &report.problems {
        eprintln!("problem: {}", clean_line(&problem.to_string()));
    }
    if report.further > 0 {
        eprintln!("problem: and {} more", report.further);
    }
    if !report.is_sound() {
        return Err(Failure::new(Status::Failed, "the audit is not as this program wrote it")
            .hinted("somebody else wrote to it, or a disk failed; compare it with a copy"));
    }
    eprintln!("the chain is sound{}", if head.is_some() { ", and the noted head is in it" } else { "" });
    Ok(status)
}
