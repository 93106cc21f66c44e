//! The machine: what it lets the program watch, and the toolchains for writing plugins.

use powerbox_builder::toolchain;

use super::check::Check;

/// Fewer watches than this are soon used up by an editor and a build tool.
const FEW_WATCHES: u64 = 8192;

pub(super) fn checks() -> Vec<Check> {
    // Only authors need these.
    let tools = toolchain::survey().into_iter().map(|tool| match tool.found {
        Ok(version) => Check::fine(tool.what, version),
        Err(missing) => Check::doubtful(tool.what, missing, tool.remedy),
    });
    std::iter::once(watches()).chain(tools).collect()
}

/// Whether files can be watched.
fn watches() -> Check {
    let what = "watching files";
    if let Err(error) = notify::recommended_watcher(|_: notify::Result<notify::Event>| {}) {
        let remedy = "raise the limit: sysctl fs.inotify.max_user_instances=512";
        return Check::bad(what, format!("files cannot be watched: {error}"), remedy);
    }
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches");
    match limit.ok().and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(limit) if limit < FEW_WATCHES => Check::doubtful(
            what,
            format!("only {limit} folders can be watched"),
            "raise the limit: sysctl fs.inotify.max_user_watches=65536",
        ),
        _ => Check::fine(what, "new versions are noticed at once"),
    }
}
