//! An example of a plugin with slots of its own: it compares the names in two directories.

use std::collections::BTreeSet;

use powerbox_sdk::{Output, Problem, command};

powerbox_sdk::slots!("example:compare/compare@0.1.0");

powerbox_sdk::group! {
    /// Comparing directories
    compare: [compare]
}

/// Compare the names in two directories
///
/// The directories are those that the slots `left` and `right` were bound to when the plugin was installed.
#[command(effect = reads)]
async fn compare(
    /// Compare the directories of this name in both, instead of the two themselves
    name: Option<String>,
    /// Show the names that are in both, too
    #[option(short = 'a')]
    all: bool,
) -> Result<Output, Problem> {
    let path: Vec<String> = name.into_iter().collect();
    let left: BTreeSet<_> = slots::left::list(path.clone()).await?.into_iter().collect();
    let right: BTreeSet<_> = slots::right::list(path).await?.into_iter().collect();

    let rows: Vec<_> = left
        .union(&right)
        .filter_map(|name| match (left.contains(name), right.contains(name)) {
            (true, true) if !all => None,
            (true, true) => Some(vec![name.clone(), "both".to_owned()]),
            (true, false) => Some(vec![name.clone(), "left".to_owned()]),
            (false, _) => Some(vec![name.clone(), "right".to_owned()]),
        })
        .collect();
    if rows.is_empty() && !all {
        return Ok(Output::message("Both have the same names"));
    }
    Ok(Output::table(["name", "in"], rows))
}
