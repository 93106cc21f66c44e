//! Writing a new project.
//!
//! A template is a folder. Every file of it is copied; in the content of each that is text, `{{name}}` becomes the
//! project's name and `{{name_}}` the same with underscores for hyphens. There is no more to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::carried;
use crate::project::Language;

/// What tools leave in a folder, and nobody means to copy.
const LEFT_BEHIND: [&str; 6] = [".git", ".powerbox", "target", "node_modules", "dist", "__pycache__"];

/// The longest name. It becomes that of a package, of a component and of files.
const LONGEST: usize = 40;

/// Words that cannot be names, since WIT, Rust, Python or JavaScript have their own use for them.
const TAKEN: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "bool",
    "borrow",
    "box",
    "break",
    "char",
    "class",
    "const",
    "constructor",
    "continue",
    "core",
    "crate",
    "def",
    "do",
    "dyn",
    "else",
    "enum",
    "export",
    "extern",
    "f32",
    "f64",
    "false",
    "final",
    "flags",
    "fn",
    "for",
    "from",
    "func",
    "future",
    "gen",
    "if",
    "impl",
    "import",
    "in",
    "include",
    "interface",
    "let",
    "list",
    "loop",
    "macro",
    "map",
    "match",
    "mod",
    "move",
    "mut",
    "option",
    "override",
    "own",
    "package",
    "plugin",
    "priv",
    "proc-macro",
    "pub",
    "record",
    "ref",
    "resource",
    "result",
    "return",
    "s16",
    "s32",
    "s64",
    "s8",
    "self",
    "static",
    "std",
    "stream",
    "string",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "tuple",
    "type",
    "typeof",
    "u16",
    "u32",
    "u64",
    "u8",
    "union",
    "unsafe",
    "unsized",
    "use",
    "variant",
    "virtual",
    "where",
    "while",
    "with",
    "world",
    "yield",
];

/// Writes a project into a folder that is empty or not there, from the language's own template or from another
/// folder (`from`). It has all that it needs to be built, tested and opened in an editor.
///
/// # Errors
///
/// If the name cannot be one, the folder holds something, or a file cannot be read or written. What was written until
/// then stays.
pub fn new_project(
    name: &str,
    language: Language,
    folder: &Path,
    from: Option<&Path>,
) -> Result<(), NewError> {
    check_name(name)?;
    let unwritable = |error| NewError::Unwritable { folder: folder.to_owned(), error };
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(NewError::NotEmpty(folder.to_owned()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable(error)),
    }
    let files = match from {
        Some(from) => {
            let mut files = Vec::new();
            collect(from, Path::new(""), &mut files)
                .map_err(|error| NewError::Unreadable { template: from.to_owned(), error })?;
            files
        }
        None => carried::below(&format!("templates/{}", language.word()))
            .map(|(place, content)| (PathBuf::from(place), content.to_vec()))
            .collect(),
    };
    if !files.iter().any(|(place, _)| place == Path::new(language.manifest())) {
        let template = from.unwrap_or(Path::new("")).to_owned();
        return Err(NewError::OtherLanguage {
            template,
            language: language.title(),
            manifest: language.manifest(),
        });
    }
    for (place, content) in files {
        let path = folder.join(place);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written.and_then(|()| fs::write(&path, filled(name, content))).map_err(unwritable)?;
    }
    carried::lay_out_for(language, folder).map_err(unwritable)
}

fn filled(name: &str, content: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(content) {
        Ok(text) => text.replace("{{name}}", name).replace("{{name_}}", &name.replace('-', "_")).into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

fn collect(root: &Path, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if LEFT_BEHIND.iter().any(|left| name == *left) {
            continue;
        }
        let place = below.join(name);
        if kind.is_dir() {
            collect(root, &place, files)?;
        } else if kind.is_file() {
            files.push((place, fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// Checks a project's name: words of lower case letters and digits that begin with a letter, with hyphens between.
fn check_name(name: &str) -> Result<(), NewError> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.len() > LONGEST || !name.split('-').all(word) {
        return Err(NewError::Name(name.to_owned()));
    }
    if TAKEN.contains(&name) {
        return Err(NewError::Taken(name.to_owned()));
    }
    Ok(())
}

/// Why no project was written.
#[derive(Debug, Error)]
pub enum NewError {
    /// The name cannot be one.
    #[error(
        "{0:?} cannot be a plugin's name: it may have lower case letters, digits and single hyphens, as in `word-count`, \
         each part begins with a letter, and it is at most {LONGEST} long"
    )]
    Name(String),
    /// The name means something else already.
    #[error("{0:?} cannot be a plugin's name: it is a word of the languages that it would stand in")]
    Taken(String),
    /// There is something in the folder.
    #[error("{} is not empty: name another folder with --path", .0.display())]
    NotEmpty(PathBuf),
    /// The template is none of this language.
    #[error("the template {} has no {manifest}, so it is none for {language}: choose with --lang", template.display())]
    OtherLanguage {
        /// Which one.
        template: PathBuf,
        /// The language that was wanted.
        language: &'static str,
        /// The file that is missing.
        manifest: &'static str,
    },
    /// The template cannot be read.
    #[error("cannot read the template {}", template.display())]
    Unreadable {
        /// Which one.
        template: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The project cannot be written.
    #[error("cannot write to {}", folder.display())]
    Unwritable {
        /// Where.
        folder: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_single_hyphens_between() {
        for good in ["a", "word-count", "b2", "x-y-z"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", "-a", "a-", "a--b", "A", "2a", "a-2", "a_b", "a b", "../a", "a/b", "é", &"a".repeat(41)]
        {
            assert!(matches!(check_name(bad), Err(NewError::Name(_))), "{bad}");
        }
        assert!(matches!(check_name("list"), Err(NewError::Taken(_))));
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "").unwrap();
        let refused = new_project("count-names", Language::Python, folder.path(), None);
        assert!(matches!(refused, Err(NewError::NotEmpty(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_template_is_filled_in_and_is_a_project() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("made");
            new_project("count-names", language, &place, None).unwrap();
            for file in ["README.md", ".gitignore", "wit/plugin.wit"] {
                assert!(place.join(file).exists(), "{language:?} {file}");
            }
            let mut files = Vec::new();
            collect(&place, Path::new(""), &mut files).unwrap();
            for (path, content) in files {
                assert!(!String::from_utf8_lossy(&content).contains("{{"), "{language:?} {}", path.display());
            }
            let project = crate::Project::find(&place).unwrap();
            assert_eq!((project.component.as_str(), project.language()), ("count-names", language));
            assert!(project.about.license.is_some() && project.about.version.is_some());
        }
    }

    #[test]
    fn a_template_of_ones_own_is_copied_without_what_tools_left() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(
            from.path().join("package.json"),
            r#"{"powerbox":{"component":"{{name}}"},"x":"{{name_}}"}"#,
        )
        .unwrap();
        fs::write(from.path().join("picture"), [0xff, 0xfe]).unwrap();
        fs::create_dir(from.path().join("node_modules")).unwrap();
        fs::write(from.path().join("node_modules/left"), "").unwrap();
        new_project("my-own", Language::JavaScript, to.path(), Some(from.path())).unwrap();
        let manifest = fs::read_to_string(to.path().join("package.json")).unwrap();
        assert_eq!(manifest, r#"{"powerbox":{"component":"my-own"},"x":"my_own"}"#);
        assert_eq!(fs::read(to.path().join("picture")).unwrap(), [0xff, 0xfe]);
        assert!(!to.path().join("node_modules").exists());

        let other = tempfile::tempdir().unwrap();
        let refused = new_project("my-own", Language::Rust, other.path(), Some(from.path()));
        assert!(matches!(refused, Err(NewError::OtherLanguage { .. })));
    }
}
