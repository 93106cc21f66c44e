//! `config.toml`. A key that is not known here is an error: a misspelt limit must not silently be none.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use powerbox_core::plugin::{Demand, Signatures};
use powerbox_core::{Allowance, Allowances, Host};
use powerbox_files::read_regular_text;
use powerbox_sandbox::Limits;
use serde::Deserialize;

use crate::exit::{Failure, Status};

/// The largest file, in bytes.
const MOST: u64 = 1 << 20;

/// What the file says.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The daemon to connect to, as `--connect` takes it.
    pub(crate) connect: Option<String>,
    /// What plugins may use: the defaults, with what is set here.
    pub(crate) allowances: Allowances,
    /// Whose signatures plugins must have.
    pub(crate) signatures: Signatures,
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    connect: Option<String>,
    /// What holds for installing plugins.
    #[serde(default)]
    plugins: Plugins,
    /// Of every plugin.
    #[serde(default)]
    limits: Keys,
    /// Of these plugins, where they shall differ from that.
    #[serde(default)]
    plugin: BTreeMap<String, Section>,
    /// Of all plugins that act for these agents, beside what holds for the plugin.
    #[serde(default)]
    agent: BTreeMap<String, Section>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plugins {
    #[serde(default)]
    signatures: Demanded,
    /// Public keys of minisign, by the names that the user gives them.
    #[serde(default)]
    keys: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Demanded {
    Required,
    #[default]
    WhenPresent,
    Off,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default)]
    limits: Keys,
}

/// Limits, where they are set. All are whole numbers above zero.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Keys {
    /// Processor time of one run.
    cpu_seconds: Option<i64>,
    /// Time of one run from start to end. A person can interrupt a command, so there is none unless it is set.
    wall_seconds: Option<i64>,
    memory_mib: Option<i64>,
    /// What one run may put out.
    output_mib: Option<i64>,
    /// What may come into one run.
    input_mib: Option<i64>,
    /// Calls of one run.
    calls: Option<i64>,
    /// References that one run may hold at once.
    handles: Option<i64>,
    table_elements: Option<i64>,
    /// What one call may carry.
    call_mib: Option<i64>,
    /// Runs at once.
    concurrent: Option<i64>,
    /// Calls in a second, of all runs together.
    crossings_per_second: Option<i64>,
    /// Calls that may come at once before that counts.
    crossings_at_once: Option<i64>,
    /// What one run may put out in a second.
    output_kib_per_second: Option<i64>,
    /// Calls that may wait for their answers at once, of all runs together.
    unanswered: Option<i64>,
    /// Streams of changes that may be open at once, of all runs together.
    streams: Option<i64>,
    /// What each of its stores may have.
    store_mib: Option<i64>,
}

/// The longest time, a year, and the most MiB, which are a tebibyte: beyond them nothing can be counted on.
const SECONDS: i64 = 366 * 24 * 60 * 60;
const MEBIBYTES: i64 = 1 << 20;

impl Config {
    /// Reads the file, if there is one.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let read = Self::read_file(&folder.join("config.toml"));
        read.map_err(|error| Failure::new(Status::Failed, format!("{error:#}")))
    }

    fn read_file(path: &Path) -> anyhow::Result<Self> {
        match read_regular_text(path, MOST) {
            Ok(text) => Self::parse(&text).with_context(|| format!("{} is not right", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::parse(""),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Complaints about limits of plugins that are not installed: a misspelt name must not silently limit nobody.
    pub(crate) fn of_unknown_plugins(&self, host: &Host) -> impl Iterator<Item = String> {
        let registry = host.registry();
        let unknown = self.allowances.plugins.keys().filter(move |name| registry.plugin(name).is_none());
        unknown.map(|name| {
            let name = powerbox_core::text::clean_line(name);
            format!("config.toml has limits of the plugin `{name}`, which is not installed")
        })
    }

    /// What plugins may use where nothing but these keys of `[limits]` is set.
    pub(crate) fn limits(keys: &BTreeMap<String, i64>) -> Result<Allowances, String> {
        let keys: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        Self::parse(&format!("[limits]\n{keys}"))
            .map(|config| config.allowances)
            .map_err(|error| format!("{error:#}"))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        let defaults = Allowance { run: Limits { wall: None, ..Limits::default() }, ..Allowance::default() };
        let plugin = file.limits.over(defaults, "limits")?;
        let sections = |kind: &str, sections: BTreeMap<String, Section>, base: &Allowance| {
            let read = |(name, section): (String, Section)| {
                let own = section.limits.over(base.clone(), &format!("{kind}.{name}.limits"))?;
                anyhow::Ok((name, own))
            };
            sections.into_iter().map(read).collect::<anyhow::Result<BTreeMap<_, _>>>()
        };
        let plugins = sections("plugin", file.plugin, &plugin)?;
        // An agent only takes away from what its plugins have: what is not set takes away nothing.
        let agents = sections("agent", file.agent, &everything())?;
        let signatures = file.plugins.read()?;
        Ok(Self { connect: file.connect, allowances: Allowances { plugin, plugins, agents }, signatures })
    }
}

impl Plugins {
    fn read(&self) -> anyhow::Result<Signatures> {
        let mut signatures = Signatures::new(match self.signatures {
            Demanded::Required => Demand::Required,
            Demanded::WhenPresent => Demand::WhenPresent,
            Demanded::Off => Demand::Off,
        });
        for (name, key) in &self.keys {
            signatures.trust(name, key).map_err(|error| anyhow::anyhow!("plugins.keys: {error}"))?;
        }
        if matches!(self.signatures, Demanded::Required) && self.keys.is_empty() {
            bail!(
                "`plugins.signatures = \"required\"` needs a key in `plugins.keys`, else nothing can be installed"
            );
        }
        Ok(signatures)
    }
}

impl Keys {
    /// What is set here, over what holds otherwise.
    fn over(&self, mut base: Allowance, place: &str) -> anyhow::Result<Allowance> {
        let set = |key: &str, value: Option<i64>, most: i64| match value {
            Some(value) if value < 1 || value > most => {
                bail!("`{place}.{key}` must be a whole number from 1 to {most}, not {value}")
            }
            value => Ok(value.map(i64::unsigned_abs)),
        };
        let bytes =
            |key: &str, value| Ok::<_, anyhow::Error>(set(key, value, MEBIBYTES)?.map(|mib| mib << 20));
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);

        let run = &mut base.run;
        put(&mut run.cpu, set("cpu-seconds", self.cpu_seconds, SECONDS)?.map(Duration::from_secs));
        put(
            &mut run.wall,
            set("wall-seconds", self.wall_seconds, SECONDS)?.map(|wall| Some(Duration::from_secs(wall))),
        );
        put(&mut run.memory, bytes("memory-mib", self.memory_mib)?.map(size));
        put(&mut run.output_bytes, bytes("output-mib", self.output_mib)?);
        put(&mut run.input_bytes, bytes("input-mib", self.input_mib)?);
        put(&mut run.calls, set("calls", self.calls, i64::MAX)?);
        put(&mut run.handles, set("handles", self.handles, u32::MAX.into())?.map(size));
        put(&mut run.table_elements, set("table-elements", self.table_elements, u32::MAX.into())?.map(size));
        put(&mut run.call_bytes, bytes("call-mib", self.call_mib)?.map(size));
        put(&mut base.concurrent, set("concurrent", self.concurrent, u32::MAX.into())?.map(size));
        let per_second = set("crossings-per-second", self.crossings_per_second, u32::MAX.into())?;
        put(&mut base.crossings_per_second, per_second.map(count));
        let at_once = set("crossings-at-once", self.crossings_at_once, u32::MAX.into())?;
        put(&mut base.crossings_at_once, at_once.map(count));
        let output = set("output-kib-per-second", self.output_kib_per_second, u32::MAX.into())?;
        put(&mut base.output_kib_per_second, output.map(count));
        put(&mut base.unanswered, set("unanswered", self.unanswered, u32::MAX.into())?.map(size));
        put(&mut base.streams, set("streams", self.streams, u32::MAX.into())?.map(size));
        put(&mut base.store_bytes, bytes("store-mib", self.store_mib)?);
        Ok(base)
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// What takes nothing away from anything.
fn everything() -> Allowance {
    Allowance {
        run: Limits {
            cpu: Duration::MAX,
            wall: None,
            memory: usize::MAX,
            table_elements: usize::MAX,
            instances: usize::MAX,
            memories: usize::MAX,
            tables: usize::MAX,
            call_bytes: usize::MAX,
            output_bytes: u64::MAX,
            input_bytes: u64::MAX,
            calls: u64::MAX,
            pending_calls: usize::MAX,
            handles: usize::MAX,
        },
        concurrent: usize::MAX,
        crossings_per_second: u32::MAX,
        crossings_at_once: u32::MAX,
        output_kib_per_second: u32::MAX,
        unanswered: usize::MAX,
        streams: usize::MAX,
        store_bytes: u64::MAX,
    }
}

/// An allowance as the file would say it: keys and values.
pub(crate) fn keys(allowance: &Allowance) -> Vec<(&'static str, String)> {
    let run = &allowance.run;
    let mib = |bytes: u64| match (bytes >> 20, bytes % (1 << 20)) {
        (mib, 0) => mib.to_string(),
        _ => format!("{:.1}", bytes as f64 / f64::from(1 << 20)),
    };
    let size = |bytes: usize| mib(u64::try_from(bytes).unwrap_or(u64::MAX));
    vec![
        ("cpu-seconds", run.cpu.as_secs().to_string()),
        ("wall-seconds", run.wall.map_or_else(|| "none".to_owned(), |wall| wall.as_secs().to_string())),
        ("memory-mib", size(run.memory)),
        ("output-mib", mib(run.output_bytes)),
        ("input-mib", mib(run.input_bytes)),
        ("calls", run.calls.to_string()),
        ("handles", run.handles.to_string()),
        ("table-elements", run.table_elements.to_string()),
        ("call-mib", size(run.call_bytes)),
        ("concurrent", allowance.concurrent.to_string()),
        ("crossings-per-second", allowance.crossings_per_second.to_string()),
        ("crossings-at-once", allowance.crossings_at_once.to_string()),
        ("output-kib-per-second", allowance.output_kib_per_second.to_string()),
        ("unanswered", allowance.unanswered.to_string()),
        ("streams", allowance.streams.to_string()),
        ("store-mib", mib(allowance.store_bytes)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn without_a_file_the_defaults_hold_but_for_the_wall_clock() {
        let allowances = Config::parse("").unwrap().allowances;
        let run = Limits { wall: None, ..Limits::default() };
        assert_eq!(allowances.of("storage", &BTreeSet::new()), Allowance { run, ..Allowance::default() });
    }

    #[test]
    fn a_plugin_differs_from_all_and_an_agent_only_takes_away() {
        let text = r#"
            connect = "unix:/x"
            [limits]
            cpu-seconds = 2
            wall-seconds = 30
            calls = 1000
            [plugin.big.limits]
            memory-mib = 512
            table-elements = 7
            call-mib = 3
            [agent."team/scout".limits]
            calls = 10
            concurrent = 1
            input-mib = 1
        "#;
        let config = Config::parse(text).unwrap();
        assert_eq!(config.connect.as_deref(), Some("unix:/x"));
        let big = config.allowances.of("big", &BTreeSet::from(["team/scout".to_owned()]));
        assert_eq!((big.run.cpu, big.run.wall), (Duration::from_secs(2), Some(Duration::from_secs(30))));
        assert_eq!((big.run.memory, big.run.calls, big.concurrent), (512 << 20, 10, 1));
        assert_eq!((big.run.table_elements, big.run.call_bytes, big.run.input_bytes), (7, 3 << 20, 1 << 20));
        let other = config.allowances.of("other", &BTreeSet::new());
        assert_eq!((other.run.memory, other.run.calls), (Limits::default().memory, 1000));
        assert_eq!(other.concurrent, Allowance::default().concurrent);
    }

    #[test]
    fn every_key_is_read_and_shown() {
        let names = keys(&Allowance::default()).into_iter().map(|(key, _)| key);
        let text = names.clone().fold(String::new(), |text, key| format!("{text}{key} = 3\n"));
        let allowances = Config::parse(&format!("[limits]\n{text}")).unwrap().allowances;
        assert!(keys(&allowances.plugin).iter().all(|(_, value)| value == "3"), "{allowances:?}");
        // Each of them refuses what is no number to count with.
        for key in names {
            for odd in ["0", "-1", "-9223372036854775808", "1.5", "\"3\"", "99999999999999999999"] {
                for place in ["limits", "plugin.x.limits", "agent.\"a/b\".limits"] {
                    let error = Config::parse(&format!("[{place}]\n{key} = {odd}")).unwrap_err();
                    assert!(error.to_string().contains(key), "{key} = {odd}: {error:#}");
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_unknown_or_too_large_is_named() {
        for (text, key) in [
            ("limit = 1", "limit"),
            ("[limits]\ncpu = 1", "cpu"),
            ("[plugin.x]\ncalls = 1", "calls"),
            ("[plugin.x.limits]\ncpus = 1", "cpus"),
            ("[agent.x.limits]\nmemory-mib = 9223372036854775807", "agent.x.limits.memory-mib"),
            ("[limits]\nwall-seconds = 9223372036854775807", "limits.wall-seconds"),
            ("[limits]\nconcurrent = 4294967296", "limits.concurrent"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.to_string().contains(key), "{text}: {error:#}");
        }
    }
}
