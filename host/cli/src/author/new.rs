use std::path::PathBuf;

use clap::Args;
use powerbox_builder::{Language, New, new_project};
use powerbox_core::text::word;
use serde_json::json;

use crate::exit::{Failure, Status};
use crate::render::print_json;

/// What `plugin new` is told.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The plugin's name: lower case letters, digits and hyphens
    name: String,
    /// What it is written in: rust, javascript or python
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// Its folder [default: one of its name, here]
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Take the files of this folder instead; in them {{name}} stands for the plugin's name
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
}

/// Makes a project.
pub(crate) fn new(arguments: NewArguments, json: bool) -> Result<(), Failure> {
    let NewArguments { name, lang, path, from } = arguments;
    let folder = path.unwrap_or_else(|| PathBuf::from(&name));
    let new = New { name, language: lang, folder, from };
    let files = new_project(&new).map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
    let folder = word(&new.folder.to_string_lossy());
    if json {
        let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        return print_json(&json!({ "folder": new.folder, "language": lang, "files": files }));
    }
    for file in &files {
        println!("{}", new.folder.join(file).display());
    }
    eprintln!("the plugin `{}` is made; go on with: cd {folder} && powerbox plugin build", new.name);
    Ok(())
}
