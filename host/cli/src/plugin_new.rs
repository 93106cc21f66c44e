//! `plugin new`: a project to begin with.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use powerbox_builder::{Language, NewError};
use serde_json::json;

use crate::exit::{Failure, Status};
use crate::render::print_json;

/// What `plugin new` takes.
#[derive(Args, Debug)]
pub(crate) struct NewArguments {
    /// The plugin's name: lower case letters, digits and hyphens
    name: String,
    /// The language to write it in
    #[arg(long, value_enum)]
    lang: LanguageWord,
    /// Copy this folder instead of the language's own template
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// Where to write the project [default: a new folder of that name]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// A language, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LanguageWord {
    #[value(alias = "rs")]
    Rust,
    #[value(alias = "js")]
    Javascript,
    #[value(alias = "py")]
    Python,
}

impl From<LanguageWord> for Language {
    fn from(word: LanguageWord) -> Self {
        match word {
            LanguageWord::Rust => Self::Rust,
            LanguageWord::Javascript => Self::JavaScript,
            LanguageWord::Python => Self::Python,
        }
    }
}

/// Runs the verb.
pub(crate) fn run(arguments: NewArguments, json: bool) -> Result<(), Failure> {
    let NewArguments { name, lang, from, path } = arguments;
    let language = Language::from(lang);
    let folder = path.unwrap_or_else(|| PathBuf::from(&name));
    powerbox_builder::new_project(&name, language, &folder, from.as_deref())?;
    if json {
        return print_json(&json!({ "plugin": name, "language": language.word(), "folder": folder }));
    }
    // A plain import is a slot that is named after its interface; Rust's template names its own.
    let slot = if language == Language::Rust { "inventory" } else { "endo:daemon/directory@0.1.0" };
    eprintln!("the plugin `{name}` was written to {} ({})\n", folder.display(), language.title());
    eprintln!("  cd {}", folder.display());
    eprintln!("  powerbox plugin build");
    match from {
        Some(_) => eprintln!("  powerbox plugin install dist/{name}.wasm"),
        None => eprintln!("  powerbox plugin install dist/{name}.wasm --bind {slot}=NAME-OF-A-DIRECTORY"),
    }
    Ok(())
}

impl From<NewError> for Failure {
    fn from(error: NewError) -> Self {
        let status = match error {
            NewError::Name(_) | NewError::Taken(_) | NewError::OtherLanguage { .. } => Status::Usage,
            _ => Status::Failed,
        };
        Self::new(status, format!("{:#}", anyhow::Error::from(error)))
    }
}
