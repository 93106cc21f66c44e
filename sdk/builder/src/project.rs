//! What a folder says about itself: which component it becomes, and of what.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::language::{javascript, python, rust};

/// A plugin's sources.
#[derive(Clone, Debug)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// The name of the component that it becomes.
    pub component: String,
    /// What its manifest says for people.
    pub about: About,
    pub(crate) kind: Kind,
}

/// What only the project's language knows.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Rust(rust::Crate),
    JavaScript(javascript::Package),
    Python(python::Module),
}

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, for `wasm32-unknown-unknown`.
    Rust,
    /// JavaScript, run by QuickJS inside the component.
    JavaScript,
    /// Python, run by CPython inside the component.
    Python,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The language's name in lower case, which is also that of its template.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::Python => "python",
        }
    }

    /// The language's name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        }
    }

    /// The file that says what a project of this language is.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// What such a file must contain for a folder to be a plugin's.
    fn needed(self) -> &'static str {
        match self {
            Self::Rust => "[package.metadata.powerbox] with component = \"name\"",
            Self::JavaScript => "\"powerbox\": { \"component\": \"name\", \"source\": \"src/plugin.js\" }",
            Self::Python => "[tool.powerbox] with component = \"name\"",
        }
    }
}

/// What a project's manifest says for people; it becomes the component's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The version.
    pub version: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// The licence, as an SPDX expression.
    pub license: Option<String>,
    /// Where its sources are.
    pub source: Option<String>,
    /// Where there is more about it.
    pub homepage: Option<String>,
}

/// What becomes of the WASI imports that a language's engine has, in JavaScript and Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wasi {
    /// They stay inside the component, where every call ends the plugin: no clock, no random numbers, no files.
    #[default]
    Stubbed,
    /// The component imports them, and its user may grant a virtual WASI: a clock, random numbers, no files.
    Virtual,
}

impl Wasi {
    pub(crate) fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            None => Ok(Self::Stubbed),
            Some("virtual") => Ok(Self::Virtual),
            Some(other) => Err(format!("`wasi` can only be \"virtual\", or absent; it is {other:?}")),
        }
    }
}

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    ///
    /// If no manifest in the folder says that it is a plugin's, or one says it wrongly.
    pub fn find(folder: &Path) -> Result<Self, ProjectError> {
        let folder = fs::canonicalize(folder)
            .map_err(|error| ProjectError::Unreadable { path: folder.to_owned(), error })?;
        let mut silent = None;
        for language in Language::ALL {
            let manifest = folder.join(language.manifest());
            let text = match fs::read_to_string(&manifest) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(ProjectError::Unreadable { path: manifest, error }),
            };
            let read = match language {
                Language::Rust => rust::read(&folder, &text),
                Language::JavaScript => javascript::read(&text),
                Language::Python => python::read(&text),
            };
            match read.map_err(|why| ProjectError::Wrong { manifest: manifest.clone(), why })? {
                Some((component, about, kind)) => {
                    check_component(&component)
                        .map_err(|why| ProjectError::Wrong { manifest: manifest.clone(), why })?;
                    return Ok(Self { folder, component, about, kind });
                }
                None => silent = silent.or(Some((manifest, language))),
            }
        }
        Err(match silent {
            Some((manifest, language)) => ProjectError::Silent { manifest, needed: language.needed() },
            None => ProjectError::NoManifest(folder),
        })
    }

    /// The language that it is written in.
    pub fn language(&self) -> Language {
        match self.kind {
            Kind::Rust(_) => Language::Rust,
            Kind::JavaScript(_) => Language::JavaScript,
            Kind::Python(_) => Language::Python,
        }
    }

    /// The file that a build makes.
    pub fn output(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}.wasm", self.component))
    }

    /// What a build depends on and an author changes: files and whole folders, those that are there.
    pub fn watched(&self) -> Vec<PathBuf> {
        let sources: &[&str] = match &self.kind {
            Kind::Rust(_) => &["Cargo.lock", "build.rs", "src"],
            Kind::JavaScript(package) => &[package.sources()],
            Kind::Python(_) => &[python::SOURCES],
        };
        let manifest = self.language().manifest();
        let all = [manifest, "wit"].into_iter().chain(sources.iter().copied());
        all.map(|path| self.folder.join(path)).filter(|path| path.exists()).collect()
    }
}

/// A component's name becomes a file's, so it may lead nowhere else.
fn check_component(name: &str) -> Result<(), String> {
    let good = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-');
    if good {
        Ok(())
    } else {
        Err(format!("the component's name {name:?} may have lower case letters, digits and hyphens only"))
    }
}

/// Why a folder is no plugin's project.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// There is no manifest.
    #[error("there is no Cargo.toml, package.json or pyproject.toml in {}: `powerbox plugin new` writes a project", .0.display())]
    NoManifest(PathBuf),
    /// There is a manifest, and it says nothing of a plugin.
    #[error("{} does not say which component it becomes: write {needed}", manifest.display())]
    Silent {
        /// Which file.
        manifest: PathBuf,
        /// What to write there.
        needed: &'static str,
    },
    /// What a manifest says cannot be.
    #[error("{}: {why}", manifest.display())]
    Wrong {
        /// Which file.
        manifest: PathBuf,
        /// What is wrong.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Project, ProjectError>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let found = Project::find(folder.path());
        (folder, found)
    }

    #[test]
    fn a_folder_without_a_manifest_says_how_to_get_one() {
        let error = project(&[]).1.unwrap_err().to_string();
        assert!(error.contains("powerbox plugin new"), "{error}");
    }

    #[test]
    fn a_manifest_that_says_nothing_of_a_plugin_says_what_to_write() {
        let error = project(&[("package.json", "{}")]).1.unwrap_err().to_string();
        assert!(error.contains(r#""powerbox": { "component""#), "{error}");
        let error = project(&[("pyproject.toml", "")]).1.unwrap_err().to_string();
        assert!(error.contains("[tool.powerbox]"), "{error}");
    }

    #[test]
    fn a_manifest_beside_the_plugins_own_does_not_hide_it() {
        let python = "[project]\nname = 'x'\nversion = '1.2.3'\n[tool.powerbox]\ncomponent = 'counting'\n";
        let (folder, found) = project(&[("package.json", "{}"), ("pyproject.toml", python)]);
        let found = found.unwrap();
        assert_eq!((found.language(), found.component.as_str()), (Language::Python, "counting"));
        assert_eq!(found.about.version.as_deref(), Some("1.2.3"));
        assert_eq!(found.output(), fs::canonicalize(folder.path()).unwrap().join("dist/counting.wasm"));
    }

    #[test]
    fn a_component_cannot_be_named_out_of_its_folder() {
        for name in ["../x", "a/b", "", "Upper", "-x", "a b"] {
            let text = format!(r#"{{ "powerbox": {{ "component": "{name}" }} }}"#);
            assert!(
                matches!(project(&[("package.json", &text)]).1, Err(ProjectError::Wrong { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn sources_are_watched_and_what_builds_leave_is_not() {
        let manifest = r#"{ "powerbox": { "component": "x", "source": "lib/main.js" } }"#;
        let (folder, found) = project(&[("package.json", manifest)]);
        for made in ["lib", "wit", "dist", "node_modules", ".powerbox"] {
            fs::create_dir(folder.path().join(made)).unwrap();
        }
        let root = fs::canonicalize(folder.path()).unwrap();
        let watched = found.unwrap().watched();
        assert_eq!(watched, ["package.json", "wit", "lib"].map(|name| root.join(name)));
    }

    #[test]
    fn a_rust_project_speaks_through_cargo() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        let manifest = "[package]\nname = 'one-two'\nversion = '0.3.0'\ndescription = 'x'\n\
                        [package.metadata.powerbox]\ncomponent = 'one'\n";
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        let error = Project::find(folder.path()).unwrap_err().to_string();
        assert!(error.contains("crate-type = [\"cdylib\"]"), "{error}");

        fs::write(folder.path().join("Cargo.toml"), format!("{manifest}[lib]\ncrate-type = ['cdylib']\n"))
            .unwrap();
        let found = Project::find(folder.path()).unwrap();
        assert_eq!((found.component.as_str(), found.about.version.as_deref()), ("one", Some("0.3.0")));
        assert_eq!(found.package(), Some(("one-two", "one_two.wasm")));
    }
}
