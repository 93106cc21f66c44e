use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::language::Language;
use crate::pack;
use crate::project::is_name;

/// A project to make.
#[derive(Clone, Debug)]
pub struct New {
    /// The plugin's name.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// Its folder, which is made.
    pub folder: PathBuf,
    /// A folder with another template.
    pub from: Option<PathBuf>,
}

/// A project was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewError {
    /// The name cannot be a plugin's.
    #[error(
        "`{0}` can not be a plugin's name: give one of lower case letters, digits and hyphens that begins with a letter"
    )]
    Name(String),
    /// Something is in its place.
    #[error("{} is there already, and not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The template is not to be had.
    #[error("{} is no template: it has no files", .0.display())]
    NoTemplate(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// Makes a project of a template; gives the names of its files.
///
/// In the names and texts of a template's files `{{name}}` stands for the plugin's name, `{{name_}}` for the same with
/// underscores for hyphens, `{{Name}}` for the same with a capital letter. A file whose name ends in `.template` loses
/// that: a template in a repository must not be taken for a part of it.
///
/// # Errors
///
/// If its folder is not empty, or the name is none. Nothing was written then.
pub fn new_project(new: &New) -> Result<Vec<PathBuf>, NewError> {
    if !is_name(&new.name) {
        return Err(NewError::Name(new.name.clone()));
    }
    let io = |path: &Path, error| NewError::Io { path: path.to_owned(), error };
    match fs::read_dir(&new.folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(NewError::NotEmpty(new.folder.clone()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(&new.folder, error)),
    }
    let files = match &new.from {
        None => {
            let template = pack::below(&format!("sdk/templates/{}", new.language));
            template.map(|(name, content)| (PathBuf::from(name), content.to_vec())).collect()
        }
        Some(folder) => {
            let mut files = Vec::new();
            collect(folder, Path::new(""), &mut files).map_err(|error| io(folder, error))?;
            files
        }
    };
    if files.is_empty() {
        return Err(NewError::NoTemplate(new.from.clone().unwrap_or_else(|| new.language.name().into())));
    }
    let mut written = Vec::new();
    for (name, content) in files {
        let name = fill(&name.to_string_lossy(), &new.name);
        let name = PathBuf::from(name.strip_suffix(".template").unwrap_or(&name));
        let content = match String::from_utf8(content) {
            Ok(text) => fill(&text, &new.name).into_bytes(),
            Err(binary) => binary.into_bytes(),
        };
        let path = new.folder.join(&name);
        pack::write(&path, &content).map_err(|error| io(&path, error))?;
        written.push(name);
    }
    written.sort();
    Ok(written)
}

fn fill(text: &str, name: &str) -> String {
    let mut capital = name.to_owned();
    if let Some(first) = capital.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text.replace("{{name}}", name).replace("{{name_}}", &name.replace('-', "_")).replace("{{Name}}", &capital)
}

fn collect(folder: &Path, name: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if entry.file_name() == ".git" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else {
            files.push((name, fs::read(&path)?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    fn new(folder: &Path, language: Language) -> New {
        New { name: "word-count".into(), language, folder: folder.to_owned(), from: None }
    }

    #[test]
    fn each_template_is_a_project_of_its_name() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            let made = folder.path().join("made");
            let files = new_project(&new(&made, language)).unwrap();
            assert!(files.contains(&PathBuf::from("README.md")), "{files:?}");
            assert!(files.contains(&PathBuf::from("wit/word-count.wit")), "{files:?}");
            let project = Project::find(&made).unwrap();
            assert_eq!((project.language, project.component.as_str()), (language, "word-count"));
            for file in files {
                let text = fs::read_to_string(made.join(&file)).unwrap();
                assert!(!text.contains("{{"), "{}: {text}", file.display());
            }
            // What is there is not written over.
            assert!(matches!(new_project(&new(&made, language)), Err(NewError::NotEmpty(_))));
        }
    }

    #[test]
    fn another_folder_can_be_the_template() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a")).unwrap();
        fs::write(from.join("a/{{name_}}.txt"), "{{Name}} {{name}}").unwrap();
        let made = folder.path().join("made");
        let other = New { from: Some(from.clone()), ..new(&made, Language::Rust) };
        assert_eq!(new_project(&other).unwrap(), [PathBuf::from("a/word_count.txt")]);
        assert_eq!(fs::read_to_string(made.join("a/word_count.txt")).unwrap(), "Word-count word-count");
        assert!(matches!(new_project(&New { name: "../x".into(), ..other.clone() }), Err(NewError::Name(_))));
        fs::remove_dir_all(from.join("a")).unwrap();
        let made = folder.path().join("again");
        assert!(matches!(new_project(&New { folder: made, ..other }), Err(NewError::NoTemplate(_))));
    }
}
