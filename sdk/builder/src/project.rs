use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use powerbox_files::read_regular_text;
use serde_json::Value;

use crate::language::Language;

/// A plugin's folder, and what its manifest says.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// What it is written in.
    pub language: Language,
    /// The name of the component, and so of its file.
    pub component: String,
    /// What the author says about it.
    pub about: About,
    /// The WIT world, if the manifest names one; else it is the only one in `wit`.
    pub(crate) world: Option<String>,
    /// The source that is the plugin, from the folder: for JavaScript and Python.
    pub(crate) source: Option<PathBuf>,
    /// Whether the component may import WASI, which the host then serves as an empty one.
    pub virtual_wasi: bool,
}

/// What an author says about a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who wrote it.
    pub authors: Option<String>,
    /// An SPDX expression.
    pub licenses: Option<String>,
    /// Where its source is.
    pub source: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
}

/// A folder is no plugin project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A manifest is broken.
    #[error("{}: {reason}", .path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// How.
        reason: String,
    },
    /// Nothing in it says that it is a plugin.
    #[error(
        "{} is no plugin project: a Cargo.toml with [package.metadata.powerbox], a package.json with \"powerbox\" or a pyproject.toml with [tool.powerbox] makes it one; `powerbox plugin new` makes a whole one",
        .0.display()
    )]
    None(PathBuf),
}

/// The largest manifest of a project, in bytes.
const MANIFEST_BYTES: u64 = 4 << 20;

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    ///
    /// If there is none, or its manifest is broken.
    pub fn find(folder: &Path) -> Result<Self, ProjectError> {
        let read = |path: &Path, error| ProjectError::Read { path: path.to_owned(), error };
        let folder = fs::canonicalize(folder).map_err(|error| read(folder, error))?;
        for language in Language::ALL {
            let path = folder.join(language.manifest());
            let text = match read_regular_text(&path, MANIFEST_BYTES) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(read(&path, error)),
            };
            let broken = |reason: String| ProjectError::Broken { path: path.clone(), reason };
            let manifest: Value = match language {
                Language::JavaScript => {
                    serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?
                }
                _ => toml::from_str(&text).map_err(|error: toml::de::Error| broken(error.to_string()))?,
            };
            if let Some(project) = Self::read(&folder, language, &manifest).map_err(broken)? {
                return Ok(project);
            }
        }
        Err(ProjectError::None(folder))
    }

    /// Reads a manifest; nothing if it is not a plugin's.
    fn read(folder: &Path, language: Language, manifest: &Value) -> Result<Option<Self>, String> {
        let (settings, package) = match language {
            Language::Rust => ("/package/metadata/powerbox", manifest.get("package")),
            Language::JavaScript => ("/powerbox", Some(manifest)),
            Language::Python => ("/tool/powerbox", manifest.get("project")),
        };
        let Some(settings) = manifest.pointer(settings) else { return Ok(None) };
        let package = package.unwrap_or(&Value::Null);
        let setting = |key: &str| match settings.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("the plugin's `{key}` is a text")),
        };
        if let Some(unknown) = settings
            .as_object()
            .and_then(|settings| settings.keys().find(|key| !KEYS.contains(&key.as_str())))
        {
            return Err(format!("the plugin has no setting `{unknown}`; there are {}", KEYS.join(", ")));
        }
        let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
        let component = setting("component")?.unwrap_or_else(|| name.to_owned());
        if !is_name(&component) {
            return Err(format!(
                "the component's name {component:?} must be of lower case letters, digits and hyphens"
            ));
        }
        let virtual_wasi = match setting("wasi")?.as_deref() {
            None | Some("none") => false,
            Some("virtual") if language != Language::Rust => true,
            Some("virtual") => return Err("a plugin in Rust needs no WASI".to_owned()),
            Some(_) => return Err("the plugin's `wasi` is \"none\" or \"virtual\"".to_owned()),
        };
        Ok(Some(Self {
            folder: folder.to_owned(),
            language,
            component,
            about: About::read(package),
            world: setting("world")?,
            source: setting("source")?.map(PathBuf::from),
            virtual_wasi,
        }))
    }

    /// Where the finished component is put.
    pub fn output(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}.wasm", self.component))
    }

    /// What the SDK and the tools put into the project; not its author's.
    pub(crate) fn made(&self) -> PathBuf {
        self.folder.join(".powerbox")
    }

    /// What a change of makes a new component: files and whole folders.
    pub fn watched(&self) -> Vec<PathBuf> {
        let mut watched = vec![
            self.folder.join(self.language.manifest()),
            self.folder.join("src"),
            self.folder.join("wit"),
        ];
        match self.language {
            Language::Rust => watched.extend(["Cargo.lock", "build.rs"].map(|name| self.folder.join(name))),
            Language::JavaScript => watched.push(self.folder.join("package-lock.json")),
            Language::Python => {}
        }
        if let Some(folder) =
            self.source.as_deref().and_then(Path::parent).filter(|folder| *folder != Path::new("src"))
        {
            watched.push(self.folder.join(folder));
        }
        watched
    }
}

const KEYS: &[&str] = &["component", "world", "source", "wasi"];

/// Whether a name can be a component's: of lower case letters, digits and hyphens, beginning with a letter.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl About {
    /// The words differ little between the three kinds of manifest.
    fn read(package: &Value) -> Self {
        let text = |pointers: &[&str]| {
            let mut found = pointers.iter().filter_map(|pointer| package.pointer(pointer)?.as_str());
            found.next().map(str::to_owned)
        };
        let person = |value: &Value| match value {
            Value::String(name) => Some(name.clone()),
            Value::Object(person) => {
                let part = |key: &str| person.get(key).and_then(Value::as_str);
                Some(match (part("name")?, part("email")) {
                    (name, Some(email)) => format!("{name} <{email}>"),
                    (name, None) => name.to_owned(),
                })
            }
            _ => None,
        };
        let authors: Vec<String> = match package.get("authors") {
            Some(Value::Array(authors)) => authors.iter().filter_map(person).collect(),
            _ => package.get("author").and_then(person).into_iter().collect(),
        };
        Self {
            version: text(&["/version"]),
            description: text(&["/description"]),
            authors: (!authors.is_empty()).then(|| authors.join(", ")),
            licenses: text(&["/license", "/license/text"]),
            source: text(&["/repository", "/repository/url", "/urls/Repository", "/urls/repository"]),
            homepage: text(&["/homepage", "/urls/Homepage", "/urls/homepage"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(file: &str, text: &str) -> Result<Project, ProjectError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), text).unwrap();
        Project::find(folder.path())
    }

    #[test]
    fn each_languages_own_manifest_says_what_the_plugin_is() {
        let rust = project(
            "Cargo.toml",
            "[package]\nname = \"my-notes\"\nversion = \"1.2.0\"\nlicense = \"MIT\"\nauthors = [\"Anna <a@x.org>\"]\n[package.metadata.powerbox]\ncomponent = \"notes\"\n",
        )
        .unwrap();
        assert_eq!((rust.language, rust.component.as_str()), (Language::Rust, "notes"));
        assert_eq!(rust.about.authors.as_deref(), Some("Anna <a@x.org>"));
        let js = project(
            "package.json",
            r#"{"name":"notes","version":"0.1.0","author":{"name":"Anna"},"powerbox":{"source":"lib/plugin.js","wasi":"virtual"}}"#,
        )
        .unwrap();
        assert_eq!(
            (js.language, js.component.as_str(), js.virtual_wasi),
            (Language::JavaScript, "notes", true)
        );
        assert!(js.watched().iter().any(|path| path.ends_with("lib")));
        let python = project(
            "pyproject.toml",
            "[project]\nname = \"notes\"\nversion = \"3\"\nlicense = \"MIT\"\n[tool.powerbox]\n",
        )
        .unwrap();
        assert_eq!((python.language, python.about.version.as_deref()), (Language::Python, Some("3")));
        assert!(python.output().ends_with("dist/notes.wasm"));
    }

    #[test]
    fn what_is_wrong_with_a_manifest_is_said() {
        for (file, text, part) in [
            ("Cargo.toml", "[package", "TOML parse error"),
            ("Cargo.toml", "[package]\nname = \"x\"\n", "no plugin project"),
            ("package.json", r#"{"powerbox":{"component":"No Name"}}"#, "lower case"),
            ("package.json", r#"{"name":"x","powerbox":{"componet":"x"}}"#, "no setting `componet`"),
            ("package.json", r#"{"name":"x","powerbox":{"wasi":"all"}}"#, "\"virtual\""),
        ] {
            let error = project(file, text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
