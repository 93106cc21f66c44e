//! The prompt: one line, one command.

mod complete;
mod history;
mod keys;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use clap::Parser as _;
use powerbox_core::designation::takes_secrets;
use powerbox_core::text::clean_line;
use powerbox_core::{Event, Host};
use reedline::{
    ColumnarMenu, ExternalPrinter, MenuBuilder as _, Prompt, PromptEditMode, PromptHistorySearch, Reedline,
    ReedlineMenu, Signal,
};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;

pub(crate) use self::complete::{Candidate, Names};
use self::history::Remembered;
use self::keys::Keys;
use crate::app::App;
use crate::arguments::{Arguments, Verb};
use crate::exit::{self, Failure, Status};
use crate::{quoting, render};

/// What leaves the prompt.
pub(crate) const LEAVE: [&str; 2] = ["exit", "quit"];

/// What the menu of completions is called.
const MENU: &str = "names";
/// What stands between the prompt and the line.
const INDICATOR: &str = "> ";
/// The exit status of a program that SIGTERM ended, as shells have it.
const TERMINATED: i32 = 128 + 15;

/// Reads and runs lines until the person leaves.
pub(crate) async fn run(app: Arc<App>, agent: Option<String>) -> Result<Status, Failure> {
    let broken = |error: String| Failure::new(Status::Failed, error);
    let printer = ExternalPrinter::default();
    let _watch = match app.host.watch() {
        Ok(watch) => Some(watch),
        Err(error) => {
            eprintln!("warning: plugin files are not watched: {error}");
            None
        }
    };
    tokio::spawn(tell(app.host.clone(), app.host.events(), printer.sender()));

    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return script(&app, agent.as_deref()).await;
    }
    let kept = Arc::clone(&app);
    let may_be_kept = Box::new(move |text: &str| may_be_kept(&kept, text));
    let history = Remembered::open(app.paths.history(), may_be_kept)
        .map_err(|error| broken(format!("the history cannot be read: {error}")))?;
    let names = Names::new(Arc::clone(&app), agent.clone(), tokio::runtime::Handle::current());
    let mut editor = Reedline::create()
        .with_history(Box::new(history))
        .with_completer(Box::new(names))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(
            ColumnarMenu::default().with_name(MENU).with_marker(INDICATOR),
        )))
        .with_edit_mode(Box::new(Keys::default()))
        .use_bracketed_paste(true)
        .with_external_printer(printer);
    leave_the_terminal_as_it_was_when_terminated();

    eprintln!("powerbox {} – `help` lists the commands, Ctrl-D leaves", env!("CARGO_PKG_VERSION"));
    loop {
        let line = Line { agent: agent.clone() };
        let (read, back) = tokio::task::spawn_blocking(move || (editor.read_line(&line), editor))
            .await
            .map_err(|error| broken(error.to_string()))?;
        editor = back;
        if let Some(error) = editor.take_history_save_error() {
            eprintln!("warning: the history cannot be written: {error}");
        }
        match read {
            Ok(Signal::Success(text)) => {
                if run_text(&app, agent.as_deref(), &text).await.is_none() {
                    break;
                }
            }
            Ok(Signal::CtrlD) => break,
            Ok(_) => {}
            Err(error) => return Err(broken(format!("the terminal cannot be read: {error}"))),
        }
    }
    app.host.disconnect().await;
    Ok(Status::Done)
}

/// Runs the lines of standard input, which is no terminal; the last line's status is the program's.
async fn script(app: &App, agent: Option<&str>) -> Result<Status, Failure> {
    let mut status = Status::Done;
    loop {
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|count| (count, line))
        });
        match read.await {
            Ok(Ok((0, _))) | Err(_) => break,
            Ok(Ok((_, line))) => match run_text(app, agent, &line).await {
                Some(last) => status = last,
                None => break,
            },
            Ok(Err(error)) => return Err(Failure::new(Status::Failed, format!("cannot read: {error}"))),
        }
    }
    app.host.disconnect().await;
    Ok(status)
}

/// Whether a text that was typed may be kept: none of its lines has a secret in it.
fn may_be_kept(app: &App, text: &str) -> bool {
    let nowhere = || !takes_secrets(&app.host.registry());
    let Some(lines) = quoting::split(text) else { return nowhere() };
    lines.into_iter().all(|words| {
        if words.first().is_some_and(|word| LEAVE.contains(&word.as_str())) {
            return true;
        }
        let words = std::iter::once("powerbox".to_owned()).chain(words);
        match Arguments::try_parse_from(words).map(|arguments| arguments.verb) {
            Ok(Some(Verb::Command(words))) => powerbox_console::may_be_kept(&app.host, words),
            Ok(_) => true,
            Err(_) => nowhere(),
        }
    })
}

/// The editor has the terminal in a state of its own, in which nothing else can be typed to.
fn leave_the_terminal_as_it_was_when_terminated() {
    let (Ok(before), Ok(mut terminated)) = (tcgetattr(std::io::stdin()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::spawn(async move {
        if terminated.recv().await.is_some() {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
            // Pasted texts are marked no more.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), b"\x1b[?2004l\r\n");
            std::process::exit(TERMINATED);
        }
    });
}

/// Runs what was typed or pasted, line by line; `None` to leave.
async fn run_text(app: &App, agent: Option<&str>, text: &str) -> Option<Status> {
    let Some(lines) = quoting::split(text) else {
        exit::show(&Failure::new(Status::Usage, "a quote is not closed"), false);
        return Some(Status::Usage);
    };
    let mut status = Status::Done;
    for words in lines {
        status = run_line(app, agent, words).await?;
    }
    Some(status)
}

/// Runs one line; `None` to leave.
async fn run_line(app: &App, agent: Option<&str>, words: Vec<String>) -> Option<Status> {
    match words.first().map(String::as_str) {
        None => return Some(Status::Done),
        Some(word) if LEAVE.contains(&word) => return None,
        Some(_) => {}
    }
    let words = std::iter::once("powerbox".to_owned()).chain(words);
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            render::usage(&error);
            return Some(Status::Usage);
        }
    };
    if arguments.connect.is_some() {
        let failure =
            Failure::new(Status::Usage, "`--connect` is not for the prompt: leave it and start anew");
        exit::show(&failure, false);
        return Some(Status::Usage);
    }
    let verb = arguments.verb?;
    let agent = arguments.agent.as_deref().or(agent);
    Some(match app.run(verb, agent, arguments.json).await {
        Ok(status) => status,
        Err(failure) => {
            exit::show(&failure, arguments.json);
            failure.status
        }
    })
}

/// Prints what happens to plugins above the line that is being typed.
async fn tell(host: Host, mut events: tokio::sync::broadcast::Receiver<Event>, printer: SyncSender<String>) {
    loop {
        match events.recv().await {
            // What the person just did at this prompt is said there.
            Ok(Event::Installed { .. } | Event::Removed { .. }) => {}
            Ok(event) => {
                // Nobody reads while a command runs; what does not fit then is in the log, and a swap is told when a
                // command of the plugin is run.
                let told = printer.try_send(render::sentence(&event.to_string())).is_ok();
                if let Event::Swapped { plugin, .. } = &event
                    && let Some(plugin) = host.registry().plugin(plugin)
                    && told
                {
                    host.news().heard(plugin);
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What stands before the line.
struct Line {
    agent: Option<String>,
}

impl Prompt for Line {
    fn render_prompt_left(&self) -> std::borrow::Cow<'_, str> {
        match &self.agent {
            Some(agent) => format!("powerbox {}", clean_line(agent)).into(),
            None => "powerbox".into(),
        }
    }

    fn render_prompt_right(&self) -> std::borrow::Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> std::borrow::Cow<'_, str> {
        INDICATOR.into()
    }

    fn render_prompt_multiline_indicator(&self) -> std::borrow::Cow<'_, str> {
        "… ".into()
    }

    fn render_prompt_history_search_indicator(
        &self,
        search: PromptHistorySearch,
    ) -> std::borrow::Cow<'_, str> {
        format!("(search: {}) ", clean_line(&search.term)).into()
    }
}
