//! The reference of the contract, generated from its WIT: a page for each interface, and an index.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// The packages, by their folders.
const PACKAGES: &[(&str, &str)] =
    &[("powerbox-plugin", "powerbox:plugin@0.1.0"), ("endo-daemon", "endo:daemon@0.1.0")];

/// Writes the pages, or with `check` fails if they are not what the WIT says.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let folder = workspace.path("docs/reference");
    let mut stale = Vec::new();
    for (name, text) in pages(workspace)? {
        let path = folder.join(&name);
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        if check {
            stale.push(name);
        } else {
            fs::create_dir_all(&folder)?;
            fs::write(&path, text)?;
        }
    }
    if !stale.is_empty() {
        bail!("docs/reference is not what the WIT says: {}; run `cargo xtask reference`", stale.join(", "));
    }
    Ok(())
}

fn pages(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let mut index =
        "# The contract, interface by interface\n\nGenerated from `wit/` by `cargo xtask reference`. What \
                     these words mean is in the [guide](../guide/README.md).\n"
            .to_owned();
    let mut pages = Vec::new();
    for (folder, package) in PACKAGES {
        writeln!(index, "\n## {package}\n\n| interface | what it is |\n|---|---|")?;
        let mut files: Vec<PathBuf> = fs::read_dir(workspace.path("wit").join(folder))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.sort();
        for file in files {
            for interface in Interface::read(&fs::read_to_string(&file)?) {
                let page = format!("{folder}-{}.md", interface.name);
                let first = interface.docs.split("\n\n").next().unwrap_or_default().replace('\n', " ");
                let sentence = first.split_inclusive(". ").next().unwrap_or_default().trim();
                writeln!(index, "| [`{}`]({page}) | {sentence} |", interface.name)?;
                pages.push((page, interface.page(package)));
            }
        }
    }
    pages.push(("README.md".to_owned(), index));
    Ok(pages)
}

/// An interface as its source has it: the order and the words are the author's.
struct Interface {
    name: String,
    docs: String,
    items: Vec<Item>,
}

/// A function or a type, with its documentation and its declaration.
struct Item {
    docs: String,
    code: String,
}

impl Interface {
    /// Reads the interfaces of a file that `wit-parser` has taken, so its form is known.
    fn read(text: &str) -> Vec<Self> {
        let mut interfaces: Vec<Self> = Vec::new();
        let (mut docs, mut code, mut depth) = (String::new(), String::new(), 0_usize);
        for line in text.lines() {
            let trimmed = line.trim();
            let opens = trimmed.matches('{').count();
            let closes = trimmed.matches('}').count();
            match depth {
                0 => {
                    if let Some(comment) = trimmed.strip_prefix("///") {
                        docs.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                        docs.push('\n');
                    } else if let Some(name) = trimmed.strip_prefix("interface ") {
                        let name = name.trim_end_matches('{').trim().to_owned();
                        interfaces.push(Self { name, docs: docs.trim().to_owned(), items: Vec::new() });
                        docs.clear();
                    } else {
                        docs.clear();
                    }
                }
                1 if trimmed.is_empty() || trimmed == "}" => {}
                1 if code.is_empty() && trimmed.starts_with("///") => {
                    let comment = trimmed.trim_start_matches('/');
                    docs.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                    docs.push('\n');
                }
                _ => {
                    code.push_str(line.strip_prefix("  ").unwrap_or(line));
                    code.push('\n');
                }
            }
            depth = (depth + opens).saturating_sub(closes);
            let ends =
                trimmed.ends_with(';') || (closes > 0 && trimmed != "}" || depth == 1 && trimmed == "}");
            if depth == 1 && !code.is_empty() && ends {
                if let Some(interface) = interfaces.last_mut() {
                    interface
                        .items
                        .push(Item { docs: docs.trim().to_owned(), code: code.trim_end().to_owned() });
                }
                docs.clear();
                code.clear();
            }
        }
        interfaces
    }

    fn page(&self, package: &str) -> String {
        let (name, version) = package.split_once('@').unwrap_or((package, ""));
        let mut page = format!("# {name}/{}@{version}\n\n{}\n", self.name, self.docs);
        let uses: Vec<_> = self.items.iter().filter(|item| item.code.starts_with("use ")).collect();
        if !uses.is_empty() {
            page.push_str("\n```wit\n");
            uses.iter().for_each(|item| page.push_str(&format!("{}\n", item.code)));
            page.push_str("```\n");
        }
        for item in self.items.iter().filter(|item| !item.code.starts_with("use ")) {
            page.push_str(&format!("\n## {}\n\n", heading(&item.code)));
            if !item.docs.is_empty() {
                page.push_str(&format!("{}\n\n", item.docs));
            }
            page.push_str(&format!("```wit\n{}\n```\n", item.code));
        }
        page
    }
}

/// The name of what is declared.
fn heading(code: &str) -> String {
    let first = code.lines().next().unwrap_or_default();
    let words: Vec<_> = first.split([' ', ':', '{', '(', '=', ';']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [kind @ ("record" | "variant" | "enum" | "flags" | "resource" | "type"), name, ..] => {
            format!("{kind} `{}`", name.trim_start_matches('%'))
        }
        [name, ..] => format!("`{}`", name.trim_start_matches('%')),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_types_keep_their_words() {
        let text = "package a:b;\n\n/// Keeps. More.\ninterface store {\n  use types.{problem};\n\n  /// Gets.\n  get: async func(key: string) -> result<_, problem>;\n\n  /// A change.\n  record change {\n    /// The key.\n    key: string,\n  }\n}\n";
        let interfaces = Interface::read(text);
        assert_eq!((interfaces.len(), interfaces[0].items.len()), (1, 3));
        let page = interfaces[0].page("a:b@0.1.0");
        assert!(page.starts_with("# a:b/store@0.1.0\n\nKeeps. More.\n"), "{page}");
        assert!(page.contains("## `get`\n\nGets.\n\n```wit\nget: async func"), "{page}");
        assert!(
            page.contains("## record `change`\n\nA change.\n\n```wit\nrecord change {\n  /// The key.\n"),
            "{page}"
        );
    }
}
