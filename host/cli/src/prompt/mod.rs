//! The prompt: one line, one command.

mod complete;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use clap::Parser as _;
use powerbox_core::{Event, Host};
use reedline::{
    ColumnarMenu, Emacs, ExternalPrinter, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder as _, Prompt,
    PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal,
    default_emacs_keybindings,
};
use tokio::sync::broadcast::error::RecvError;

pub(crate) use self::complete::Names;
use crate::app::App;
use crate::arguments::Arguments;
use crate::exit::{Failure, Status};

/// What leaves the prompt.
pub(crate) const LEAVE: [&str; 2] = ["exit", "quit"];

/// How many lines of history are kept.
const HISTORY: usize = 10_000;

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

    let history = FileBackedHistory::with_file(HISTORY, app.paths.history())
        .map_err(|error| broken(error.to_string()))?;
    let names = Names::new(Arc::clone(&app), agent.clone(), tokio::runtime::Handle::current());
    let mut keys = default_emacs_keybindings();
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu("names".to_owned()), ReedlineEvent::MenuNext]),
    );
    let menu = ColumnarMenu::default().with_name("names");
    let mut editor = Reedline::create()
        .with_history(Box::new(history))
        .with_completer(Box::new(names))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_external_printer(printer);

    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        eprintln!("powerbox {} – `help` lists the commands, Ctrl-D leaves", env!("CARGO_PKG_VERSION"));
    } else {
        return script(&app, agent.as_deref()).await;
    }
    loop {
        let line = Line { agent: agent.clone() };
        let (read, back) = tokio::task::spawn_blocking(move || (editor.read_line(&line), editor))
            .await
            .map_err(|error| broken(error.to_string()))?;
        editor = back;
        match read {
            Ok(Signal::Success(line)) => {
                if run_line(&app, agent.as_deref(), &line).await.is_none() {
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
            Ok(Ok((_, line))) => match run_line(app, agent, &line).await {
                Some(last) => status = last,
                None => break,
            },
            Ok(Err(error)) => return Err(Failure::new(Status::Failed, format!("cannot read: {error}"))),
        }
    }
    app.host.disconnect().await;
    Ok(status)
}

/// Runs one line; `None` to leave.
async fn run_line(app: &App, agent: Option<&str>, line: &str) -> Option<Status> {
    let Some(words) = shlex::split(line) else {
        Failure::new(Status::Usage, "a quote is not closed").show(false);
        return Some(Status::Usage);
    };
    match words.first().map(String::as_str) {
        None => return Some(Status::Done),
        Some(word) if LEAVE.contains(&word) => return None,
        Some(_) => {}
    }
    let words = std::iter::once("powerbox".to_owned()).chain(words);
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return Some(Status::Usage);
        }
    };
    if arguments.connect.is_some() {
        Failure::new(Status::Usage, "`--connect` is not for the prompt: leave it and start anew").show(false);
        return Some(Status::Usage);
    }
    let verb = arguments.verb?;
    let agent = arguments.agent.as_deref().or(agent);
    Some(match app.run(verb, agent, arguments.json).await {
        Ok(status) => status,
        Err(failure) => {
            failure.show(arguments.json);
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
                let told = printer.try_send(event.to_string()).is_ok();
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
            Some(agent) => format!("powerbox {}", powerbox_core::text::clean_line(agent)).into(),
            None => "powerbox".into(),
        }
    }

    fn render_prompt_right(&self) -> std::borrow::Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> std::borrow::Cow<'_, str> {
        "> ".into()
    }

    fn render_prompt_multiline_indicator(&self) -> std::borrow::Cow<'_, str> {
        "… ".into()
    }

    fn render_prompt_history_search_indicator(
        &self,
        search: PromptHistorySearch,
    ) -> std::borrow::Cow<'_, str> {
        format!("(search: {}) ", search.term).into()
    }
}
