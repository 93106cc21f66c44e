use clap::Args;
use powerbox_core::plugin::{Candidate, Difference, InstalledPlugin, Source};
use powerbox_core::text::{clean_line, word};
use powerbox_core::{Host, Installation};
use serde_json::{Value as Json, json};

use super::candidate;
use crate::ask;
use crate::exit::{self, Failure, Status};
use crate::render::print_json;

/// What to bring up to date, and what is agreed to beforehand.
#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// The plugins
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// All installed plugins
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Only show what would change
    #[arg(long)]
    check: bool,
    /// Update without asking, unless a version asks for more than the old one or is older
    #[arg(long, short)]
    yes: bool,
    /// Accept versions that ask for more, too
    #[arg(long)]
    accept_new_imports: bool,
    /// Accept older versions, too
    #[arg(long)]
    allow_downgrade: bool,
    /// Reach registries on other machines without encryption
    #[arg(long)]
    insecure_registry: bool,
}

/// What there is to say of one plugin.
struct Report {
    name: String,
    outcome: Outcome,
    difference: Option<Difference>,
    asks_more: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Current,
    Available,
    Updated,
    Held,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Available => "available",
            Self::Updated => "updated",
            Self::Held => "held",
        }
    }
}

pub(super) async fn update(host: &Host, arguments: UpdateArguments, json: bool) -> Result<(), Failure> {
    let installed =
        host.installed().list().map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
    let mut chosen = Vec::new();
    for name in &arguments.names {
        let known = installed.iter().find(|record| record.name == *name);
        chosen.push(known.cloned().ok_or_else(|| {
            Failure::new(Status::Failed, format!("no plugin named `{}` is installed", clean_line(name)))
                .hinted("`powerbox plugin list` lists the plugins")
        })?);
    }
    if arguments.all {
        chosen = installed;
    }
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for record in chosen {
        match one(host, &record, &arguments, json).await {
            Ok(report) => reports.push(report),
            // The others are brought up to date all the same.
            Err(failure) => {
                failures.push(Failure { message: format!("{}: {}", record.name, failure.message), ..failure })
            }
        }
    }
    if json {
        let row = |report: &Report| {
            json!({
                "plugin": report.name, "outcome": report.outcome.word(), "difference": report.difference,
                "asksMore": report.asks_more,
            })
        };
        print_json(&reports.iter().map(row).collect::<Json>())?;
    }
    if let Some(last) = failures.pop() {
        failures.iter().for_each(|failure| exit::show(failure, json));
        return Err(last);
    }
    let held: Vec<_> = reports.iter().filter(|report| report.outcome == Outcome::Held).collect();
    if let Some(first) = held.first() {
        let names: Vec<_> = held.iter().map(|report| format!("`{}`", report.name)).collect();
        let again = format!("powerbox plugin update {}", word(&first.name));
        let hint = if first.asks_more.is_empty() {
            format!("`{again} --allow-downgrade` accepts the older version")
        } else {
            format!("`{again} --accept-new-imports` accepts what it asks for")
        };
        return Err(Failure::new(
            Status::Denied,
            format!("held, and the old version stays: {}", names.join(", ")),
        )
        .hinted(hint));
    }
    Ok(())
}

async fn one(
    host: &Host,
    record: &InstalledPlugin,
    arguments: &UpdateArguments,
    json: bool,
) -> Result<Report, Failure> {
    let report =
        |outcome| Report { name: record.name.clone(), outcome, difference: None, asks_more: Vec::new() };
    let Some(candidate) = newer(record, arguments.insecure_registry).await? else {
        if !json {
            eprintln!("{}: this is the current version", record.name);
        }
        return Ok(report(Outcome::Current));
    };
    let mut installation = host.prepare(&candidate, &[]).await?;
    if installation.plugin().name() != record.name {
        let name = clean_line(installation.plugin().name());
        return Err(Failure::new(Status::Failed, format!("the new version calls itself `{name}`"))
            .hinted(format!("`powerbox plugin install {}` installs that beside it", record.source.word())));
    }
    let registry = host.registry();
    let difference = registry.plugin(&record.name).map(|old| Difference::between(old, installation.plugin()));
    let asks_more = installation.asks_more();
    let outcome = if arguments.check {
        if !json {
            show(record, &installation, difference.as_ref(), &asks_more);
        }
        Outcome::Available
    } else if agreed(host, record, &installation, difference.as_ref(), arguments, json)? {
        // It was among what it asks for.
        installation.grant_wasi();
        installation.accept_unsigned();
        host.install(installation).await?;
        if !json {
            eprintln!("updated");
        }
        Outcome::Updated
    } else {
        Outcome::Held
    };
    Ok(Report { difference, asks_more, ..report(outcome) })
}

/// What is at a plugin's source now, if that is something else than what is installed.
async fn newer(record: &InstalledPlugin, insecure: bool) -> Result<Option<Candidate>, Failure> {
    let candidate = match &record.source {
        Source::Registry { reference, manifest } => {
            let reference = candidate::reference(reference)?;
            let registry = candidate::registry(insecure)?;
            let resolved = registry.resolve(&reference).await.map_err(candidate::failed)?;
            if resolved.digest == *manifest {
                return Ok(None);
            }
            candidate::fetch(&registry, &reference, resolved).await?
        }
        source => match Candidate::again(source) {
            Ok(Some(candidate)) => candidate,
            Ok(None) => return Ok(None),
            Err(error) => {
                return Err(Failure::new(Status::Failed, format!("cannot read {source}: {error}")));
            }
        },
    };
    let same = powerbox_sandbox::Digest::of(&candidate.bytes).to_string() == record.digest;
    let moved = matches!(record.source, Source::Registry { .. });
    // A manifest that changed around the same component is taken over: it may have been signed.
    Ok((!same || moved).then_some(candidate))
}

fn show(
    record: &InstalledPlugin,
    installation: &Installation,
    difference: Option<&Difference>,
    asks_more: &[String],
) {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let (old, new) = (short(&record.digest), short(&installation.record().digest));
    eprintln!("{}: a new version from {}", record.name, record.source);
    for line in difference.map(Difference::lines).unwrap_or_default() {
        eprintln!("  {line}");
    }
    eprintln!("  digest    {old} → {new}");
    for more in asks_more {
        eprintln!("  it asks for more: {}", clean_line(more));
    }
    if installation.is_older() {
        eprintln!("  it is older than what is installed");
    }
}

/// Whether the person agrees. What asks for more, and what is older, is never agreed to by `--yes`, but each by its own
/// option.
fn agreed(
    host: &Host,
    record: &InstalledPlugin,
    installation: &Installation,
    difference: Option<&Difference>,
    arguments: &UpdateArguments,
    json: bool,
) -> Result<bool, Failure> {
    let asks_more = installation.asks_more();
    let (grown, older) = (!asks_more.is_empty(), installation.is_older());
    let open = (grown && !arguments.accept_new_imports) || (older && !arguments.allow_downgrade);
    let beforehand = !open && (arguments.yes || grown || older);
    if !beforehand && ask::somebody_is_there() {
        let question = if open { "install it all the same?" } else { "update it?" };
        return ask::agree(&installation.agreement(&host.registry()), question);
    }
    if !json {
        show(record, installation, difference, &asks_more);
    }
    if !beforehand && !open {
        // Nobody said yes to anything.
        return ask::confirm("update it?");
    }
    Ok(beforehand)
}
