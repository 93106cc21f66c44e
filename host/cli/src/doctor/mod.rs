//! `doctor`: looks at everything that must be in order for the program to work, changes nothing, and says how to mend
//! what is not.

mod check;
mod daemon;
mod folders;
mod machine;
mod plugins;

use std::io::IsTerminal as _;

use powerbox_core::text::clean_line;
use serde_json::json;

use self::check::{Check, State};
use crate::app::{Choice, choose};
use crate::config::Config;
use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::render::{out_marked, print_json};

/// Looks at everything. Done if nothing is wrong; warnings do not count.
pub(crate) async fn run(paths: &Paths, connect: Option<&str>, json: bool) -> Result<Status, Failure> {
    let mut checks = vec![version()];
    checks.extend(folders::checks(paths));
    let config = Config::read(&paths.config);
    let file = paths.config.join("config.toml");
    checks.push(match &config {
        Ok(_) if file.exists() => Check::fine("config.toml", file.display().to_string()),
        Ok(_) => Check::fine("config.toml", format!("{} is not there, so the defaults hold", file.display())),
        Err(error) => Check::bad("config.toml", error.message.clone(), "mend the line that it names"),
    });
    let choice = config.ok().map(|config| choose(connect, &config));
    match choice {
        Some(Ok(choice)) => checks.extend(daemon::checks(paths, &choice).await),
        Some(Err(failure)) => checks.push(Check::bad(
            "daemon",
            failure.message,
            "give an address such as unix:/path/to/socket, or none for the embedded daemon",
        )),
        None => checks.extend(daemon::checks(paths, &Choice::Embedded).await),
    }
    checks.extend(plugins::checks(paths));
    checks.extend(machine::checks());
    let wrong = checks.iter().filter(|check| check.state == State::Bad).count();
    if json {
        print_json(&json!({ "healthy": wrong == 0, "checks": checks }))?;
    } else {
        show(&checks);
    }
    Ok(if wrong == 0 { Status::Done } else { Status::Failed })
}

fn version() -> Check {
    Check::fine("powerbox", format!("{}, plugin contract 0.1.0", env!("CARGO_PKG_VERSION")))
}

fn show(checks: &[Check]) {
    let coloured = std::io::stdout().is_terminal();
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or_default();
    for check in checks {
        let mark = check.state.mark(coloured);
        let what = clean_line(&check.what);
        out_marked(mark, &format!("{what:width$}  {}", clean_line(&check.found)));
        if let Some(remedy) = &check.remedy {
            println!("  {:width$}  → {}", "", clean_line(remedy));
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (wrong, doubtful) = (count(State::Bad), count(State::Doubtful));
    let many =
        |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    match (wrong, doubtful) {
        (0, 0) => println!("\neverything is in order"),
        (0, _) => println!("\nit works; {} to look at", many(doubtful, "thing", "things")),
        _ => println!("\n{} wrong", many(wrong, "thing is", "things are")),
    }
}
