use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use powerbox_files::{Others, check_folder};

use crate::exit::{Failure, Status};

/// Where the program keeps things, by the XDG base directory rules.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// `config.toml` is in here.
    pub(crate) config: PathBuf,
    /// What must survive.
    pub(crate) state: PathBuf,
    /// Installed plugins.
    pub(crate) data: PathBuf,
    /// What can be made anew.
    pub(crate) cache: PathBuf,
    /// The embedded daemon's socket.
    pub(crate) runtime: PathBuf,
}

impl Paths {
    /// Finds them. A variable that is set to a relative path is ignored, as the rules ask.
    pub(crate) fn find() -> Result<Self, Failure> {
        Self::by_variables().map_err(|error| Failure::new(Status::Failed, format!("{error:#}")))
    }

    fn by_variables() -> anyhow::Result<Self> {
        let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let folder = |variable: &str, in_home: &str| -> anyhow::Result<PathBuf> {
            let set = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            let base = match set {
                Some(base) => base,
                None => home
                    .as_ref()
                    .with_context(|| format!("neither {variable} nor HOME is set"))?
                    .join(in_home),
            };
            Ok(base.join("powerbox"))
        };
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let runtime = match runtime {
            Some(base) => base.join("powerbox"),
            // Without a runtime folder the state folder serves: it is as private, and no other user can take its
            // place as with a folder for temporary files.
            None => folder("XDG_STATE_HOME", ".local/state")?.join("run"),
        };
        Ok(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            runtime,
        })
    }

    /// What the folders are called, where they are, and what other users may do there.
    pub(crate) fn private(&self) -> [(&'static str, &PathBuf, Others); 5] {
        [
            ("state folder", &self.state, Others::MayRead),
            ("plugin folder", &self.data, Others::MayRead),
            ("cache folder", &self.cache, Others::MayRead),
            ("configuration folder", &self.config, Others::MayRead),
            // Who can enter it can reach the daemon's socket.
            ("runtime folder", &self.runtime, Others::StayOut),
        ]
    }

    /// Makes sure that nobody else can change what is in the folders that are there: code that is run, grants, the
    /// daemon's socket.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for (_, path, others) in self.private() {
            check_folder(path, others).map_err(|error| {
                Failure::new(Status::Failed, error.to_string())
                    .hinted(error.remedy(powerbox_core::text::word))
            })?;
        }
        Ok(())
    }

    /// The embedded daemon's state.
    pub(crate) fn daemon_state(&self) -> PathBuf {
        self.state.join("daemon")
    }

    /// The embedded daemon's socket.
    pub(crate) fn daemon_socket(&self) -> PathBuf {
        self.runtime.join("daemon.sock")
    }

    /// The host's socket, which front ends connect to.
    pub(crate) fn host_socket(&self) -> PathBuf {
        self.runtime.join("host.sock")
    }

    /// What the process holds that is the host of this state.
    pub(crate) fn host_lock(&self) -> PathBuf {
        self.state.join("host.lock")
    }

    /// What the host says, its daemon included.
    pub(crate) fn host_log(&self) -> PathBuf {
        self.state.join("host.log")
    }

    /// The configuration.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// What plugins note.
    pub(crate) fn plugin_log(&self) -> PathBuf {
        self.state.join("plugins.log")
    }

    /// What was typed at the prompt.
    pub(crate) fn history(&self) -> PathBuf {
        self.state.join("history.txt")
    }
}
