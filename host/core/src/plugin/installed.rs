use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use powerbox_files::{Others, read_regular};
use powerbox_sandbox::Digest;
use serde::{Deserialize, Serialize};

use super::{Ask, Source, lock};

/// The plugins that the user installed: a file of records, and a folder of components named after their digests.
///
/// Several processes of one user may work on it. A change is made under a lock, and replaces the file in one step, so
/// that a reader sees the old records or the new ones.
#[derive(Clone, Debug)]
pub struct Installed {
    records: PathBuf,
    components: PathBuf,
}

/// One installed plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstalledPlugin {
    /// Its name: that of its command group.
    pub name: String,
    /// What its author calls the version that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The SHA-256 of that version's component. Another one is not run.
    pub digest: String,
    /// The name of the key that signed it, if the user knows the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The words that call its commands without its name before them, as the person agreed. `None` in a record of an
    /// earlier version of this program: then all those that nobody else has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<BTreeSet<String>>,
    /// Those of these words that the person took from another plugin and gave to this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub preferred: BTreeSet<String>,
    /// Where it came from.
    pub source: Source,
    /// What was last seen of the source file, so that a start needs not read it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// What was last seen of the signature beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_seen: Option<Seen>,
    /// What that version asks for, which is what the user consented to.
    pub ask: Ask,
}

/// What tells one content of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    len: u64,
    nanos: i64,
    /// When the file was last changed by the system's count, and its number: a clock that is set back, or a tool that sets
    /// times, does not hide a change.
    #[serde(default)]
    changed: (i64, i64),
    #[serde(default)]
    inode: i64,
}

impl Seen {
    /// In what steps the system counts times, at most, on disks that count in small ones.
    pub(crate) const STEP: Duration = Duration::from_millis(20);

    /// Looks at a file; `None` if it is not there.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        // A time before 1970 is as good as none.
        let since = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let nanos = i64::try_from(since.as_nanos()).ok()?;
        Some(Self { len: metadata.len(), nanos, changed, inode: metadata.ino().cast_signed() })
    }

    /// Whether a write of as many bytes, just after it was seen, might have the same time: the system counts in steps,
    /// of milliseconds or, on some disks, of seconds.
    pub(crate) fn is_fresh(&self) -> bool {
        let (seconds, nanos) = self.changed;
        let step = if nanos == 0 { Duration::from_secs(2) } else { Self::STEP };
        let since = Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0));
        // A time that is to come says nothing.
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .is_ok_and(|now| now.checked_sub(since).is_none_or(|age| age < step))
    }
}

/// The plugin store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The records are not as this version writes them.
    #[error("{} is damaged or of another version: {error}; move it away to start anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        error: String,
    },
}

/// The largest file of records, in bytes: a plugin takes about one KiB.
pub const RECORDS_BYTES: u64 = 16 << 20;
/// How long a component is kept that no record names any more.
const KEPT: Duration = Duration::from_secs(3600);

impl Installed {
    /// Opens the store whose records are in `state` and whose components are in `data`; both folders are made if need be.
    pub fn open(state: &Path, data: &Path) -> Result<Self, StoreError> {
        let components = data.join("plugins");
        for folder in [state, &components] {
            private_folder(folder).map_err(|error| StoreError::Io { path: folder.to_owned(), error })?;
        }
        Ok(Self { records: state.join("plugins.lock"), components })
    }

    /// The file of records, to watch for changes by other processes.
    pub fn records(&self) -> &Path {
        &self.records
    }

    /// All installed plugins, sorted by name.
    pub fn list(&self) -> Result<Vec<InstalledPlugin>, StoreError> {
        /// Reads one form of the records.
        type Parse<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<InstalledPlugin>, String>;
        let read = |path: &Path, parse: Parse<'_>| match read_regular(path, RECORDS_BYTES) {
            Ok(text) => {
                parse(&text).map(Some).map_err(|error| StoreError::Damaged { path: path.to_owned(), error })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::Io { path: path.to_owned(), error }),
        };
        let lock = |text: &[u8]| {
            let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
            lock::read_lock(text)
        };
        // Earlier versions of this program had an empty file of this name to lock.
        let is_empty = fs::metadata(&self.records).is_ok_and(|metadata| metadata.len() == 0);
        if !is_empty && let Some(plugins) = read(&self.records, &lock)? {
            return Ok(plugins);
        }
        Ok(read(&self.old_records(), &lock::read_old)?.unwrap_or_default())
    }

    /// The records of earlier versions of this program, read until there is a lock file.
    fn old_records(&self) -> PathBuf {
        self.records.with_extension("json")
    }

    /// Where the component with a digest is kept.
    pub fn component(&self, digest: &str) -> PathBuf {
        // A digest comes from the records: it must not lead elsewhere.
        let name: String = digest.chars().filter(char::is_ascii_hexdigit).collect();
        self.components.join(format!("{name}.wasm"))
    }

    /// Keeps a component's bytes.
    pub fn keep(&self, digest: Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.component(&digest.to_string());
        write_aside(&path, bytes).map_err(|error| StoreError::Io { path, error })?;
        self.sweep();
        Ok(())
    }

    /// Removes components that no record names any more, and no visit will put back. Those of the last hour stay: another process may be about to
    /// load one.
    fn sweep(&self) {
        let (Ok(records), Ok(entries)) = (self.list(), fs::read_dir(&self.components)) else { return };
        let digests = records.into_iter().map(|record| record.digest).chain(self.waiting_digests());
        let named: Vec<_> = digests.map(|digest| self.component(&digest)).collect();
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|metadata| metadata.modified());
            let old = age.ok().and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > KEPT);
            if old && !named.contains(&entry.path()) {
                // What stays behind costs room, nothing else.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Records a plugin in place of one of the same name.
    pub fn put(&self, plugin: InstalledPlugin) -> Result<(), StoreError> {
        self.change(|plugins| {
            plugins.retain(|known| known.name != plugin.name);
            plugins.push(plugin);
        })
    }

    /// Forgets a plugin, and its component if no other plugin has the same. Tells whether it was there.
    pub fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let mut gone = None;
        self.change(|plugins| {
            if let Some(index) = plugins.iter().position(|plugin| plugin.name == name) {
                let plugin = plugins.remove(index);
                pass_words(&plugin, plugins);
                let shared = plugins.iter().any(|other| other.digest == plugin.digest);
                gone = Some((plugin.digest, shared));
            }
        })?;
        if let Some((digest, false)) = &gone {
            // A file that stays behind costs room, nothing else.
            let _ = fs::remove_file(self.component(digest));
        }
        Ok(gone.is_some())
    }

    /// Changes records, all in one step.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<InstalledPlugin>)) -> Result<(), StoreError> {
        let lock_path = self.records.with_extension("lock.guard");
        let guard = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let guard =
            guard.and_then(|file: File| file.lock().map(|()| file)).map_err(|error| self.io(error))?;
        let mut plugins = self.list()?;
        change(&mut plugins);
        let text = lock::write(&plugins)
            .map_err(|error| StoreError::Damaged { path: self.records.clone(), error })?;
        write_aside(&self.records, text.as_bytes()).map_err(|error| self.io(error))?;
        // From here on it is not read.
        let _ = fs::remove_file(self.old_records());
        drop(guard);
        Ok(())
    }

    fn io(&self, error: io::Error) -> StoreError {
        StoreError::Io { path: self.records.clone(), error }
    }
}

/// Gives the bare words of a plugin that the person removed to the one that has them, too. Where several have one, they
/// say which with `plugin prefer`.
fn pass_words(gone: &InstalledPlugin, left: &mut [InstalledPlugin]) {
    for word in gone.words.iter().flatten() {
        let mut others = left.iter_mut().filter(|other| other.ask.words().any(|known| known == word));
        if let (Some(other), None) = (others.next(), others.next())
            && let Some(words) = &mut other.words
        {
            words.insert(word.clone());
        }
    }
}

/// Makes a folder that only its owner can change, with those above it, and makes sure that it is that.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    powerbox_files::private_folder(folder, Others::MayRead).map_err(io::Error::other)
}

/// Writes a file beside its place and moves it there: a reader sees all of it or none.
pub(crate) fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let aside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::{AskedCommand, AskedParameter};
    use crate::registry::{Effect, NameRight, ParameterKind};

    fn plugin(name: &str) -> InstalledPlugin {
        InstalledPlugin {
            name: name.into(),
            version: Some("1.2.0".into()),
            digest: "00ff".into(),
            signer: None,
            words: None,
            preferred: BTreeSet::new(),
            source: Source::File { path: "/somewhere/x.wasm".into() },
            seen: Some(Seen { len: 3, nanos: 7, changed: (1, 2), inode: 5 }),
            signature_seen: None,
            ask: Ask::default(),
        }
    }

    fn asked() -> AskedCommand {
        let parameter = |name: &str, positional, kind| AskedParameter {
            name: name.into(),
            positional,
            letter: (!positional).then_some('l'),
            required: positional,
            repeated: false,
            default: (!positional).then(|| "3".into()),
            choices: Vec::new(),
            kind,
        };
        AskedCommand {
            words: vec!["show".into(), "see".into()],
            effect: Effect::Reads,
            parameters: vec![
                parameter("name", true, ParameterKind::Name(vec![NameRight::Read])),
                parameter("lines", false, ParameterKind::Integer),
            ],
        }
    }

    #[test]
    fn records_of_the_form_before_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        let text = "version = 3\n[[plugin]]\nname = \"a\"\ndigest = \"00\"\nsource = { kind = \"file\", path = \"/x\" }\n\
            [plugin.ask]\nslots = { out = \"x\" }\neffects = { show = 1 }\nrights = { \"show name\" = [\"read\"] }\n";
        fs::write(store.records(), text).unwrap();
        let [record] = <[_; 1]>::try_from(store.list().unwrap()).unwrap();
        assert_eq!((record.ask.slots.len(), record.ask.commands, record.words), (1, None, None));
    }

    #[test]
    fn records_are_kept_sorted_and_replaced_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(&folder.path().join("state"), &folder.path().join("data")).unwrap();
        assert_eq!(store.list().unwrap(), []);
        store.put(plugin("b")).unwrap();
        store.put(plugin("a")).unwrap();
        store.put(InstalledPlugin { digest: "01".into(), ..plugin("b") }).unwrap();
        let names: Vec<_> = store.list().unwrap().into_iter().map(|p| (p.name, p.digest)).collect();
        assert_eq!(names, [("a".to_owned(), "00ff".to_owned()), ("b".to_owned(), "01".to_owned())]);
        assert!(store.remove("a").unwrap());
        assert!(!store.remove("a").unwrap());
    }

    #[test]
    fn a_word_of_a_plugin_that_is_removed_goes_to_the_only_other_that_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        let with = |name: &str, words: &[&str]| InstalledPlugin {
            words: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ask: Ask { commands: Some(vec![asked()]), ..Ask::default() },
            ..plugin(name)
        };
        let words =
            || -> Vec<_> { store.list().unwrap().into_iter().map(|p| p.words.unwrap().len()).collect() };
        store.put(with("a", &["show", "see"])).unwrap();
        store.put(with("b", &[])).unwrap();
        store.put(with("c", &[])).unwrap();
        store.remove("a").unwrap();
        assert_eq!(words(), [0, 0], "two have them");
        store.put(with("a", &["show", "see"])).unwrap();
        store.remove("b").unwrap();
        store.remove("a").unwrap();
        assert_eq!(words(), [2]);
    }

    #[test]
    fn damaged_records_are_an_error_and_not_an_empty_list() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        fs::write(store.records(), "version = 3\n[[plugin]]\n").unwrap();
        assert!(matches!(store.list(), Err(StoreError::Damaged { .. })));
        fs::write(store.records(), "version = 5\n").unwrap();
        assert!(matches!(store.list(), Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn the_lock_file_is_for_people_and_says_the_same_when_it_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        let ask = Ask {
            slots: [("out".into(), "powerbox:plugin/output@0.1".into())].into(),
            commands: Some(vec![asked()]),
        };
        let reference = Source::Registry { reference: "oci://x/y:1".into(), manifest: "sha256:aa".into() };
        let one = InstalledPlugin {
            source: reference,
            signer: Some("anna".into()),
            words: Some(["show".into(), "see".into()].into()),
            preferred: ["see".into()].into(),
            ask,
            ..plugin("b")
        };
        store.put(one.clone()).unwrap();
        store.put(plugin("a")).unwrap();
        let text = fs::read_to_string(store.records()).unwrap();
        insta::assert_snapshot!(text, @r#"
        # Installed plugins, written by powerbox. `powerbox plugin install --locked FILE` installs the same ones elsewhere.
        version = 4

        [[plugin]]
        name = "a"
        version = "1.2.0"
        digest = "00ff"

        [plugin.source]
        kind = "file"
        path = "/somewhere/x.wasm"

        [plugin.seen]
        len = 3
        nanos = 7
        changed = [1, 2]
        inode = 5

        [plugin.ask.slots]

        [[plugin]]
        name = "b"
        version = "1.2.0"
        digest = "00ff"
        signer = "anna"
        words = ["see", "show"]
        preferred = ["see"]

        [plugin.source]
        kind = "registry"
        reference = "oci://x/y:1"
        manifest = "sha256:aa"

        [plugin.seen]
        len = 3
        nanos = 7
        changed = [1, 2]
        inode = 5

        [plugin.ask.slots]
        out = "powerbox:plugin/output@0.1"

        [[plugin.ask.commands]]
        words = ["show", "see"]
        effect = "reads"

        [[plugin.ask.commands.parameters]]
        name = "name"
        positional = true
        required = true
        repeated = false

        [plugin.ask.commands.parameters.kind]
        name = ["read"]

        [[plugin.ask.commands.parameters]]
        name = "lines"
        positional = false
        letter = "l"
        required = false
        repeated = false
        default = "3"
        kind = "integer"
        "#);
        store.put(one.clone()).unwrap();
        assert_eq!(fs::read_to_string(store.records()).unwrap(), text);
        assert_eq!(store.list().unwrap()[1], one);
    }

    #[test]
    fn records_of_the_version_before_are_taken_over_with_the_first_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        let old = folder.path().join("plugins.json");
        let text = r#"{"version":2,"plugins":[{"name":"a","source":"/x.wasm","digest":"00",
            "ask":{"slots":{},"effects":{"a":1},"rights":{}},"seen":{"len":3,"nanos":1764201234567890123}}]}"#;
        fs::write(&old, text).unwrap();
        let before = store.list().unwrap();
        assert_eq!(before[0].source, Source::File { path: "/x.wasm".into() });
        store.put(plugin("b")).unwrap();
        assert!(!old.exists());
        assert_eq!(store.list().unwrap()[0], before[0]);
    }

    #[test]
    fn a_digest_in_the_records_cannot_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        assert!(store.component("../../etc/passwd").starts_with(folder.path().join("plugins")));
    }
}
