//! Embeds the bundled plugins, which `cargo xtask components` builds.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=POWERBOX_COMPONENTS");
    let folder = match env::var_os("POWERBOX_COMPONENTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/components"),
    };
    for plugin in ["agents", "storage", "system"] {
        let component = folder.join(format!("{plugin}.wasm"));
        println!("cargo::rerun-if-changed={}", component.display());
        match fs::canonicalize(&component) {
            Ok(component) => {
                println!("cargo::rustc-env=POWERBOX_{}={}", plugin.to_uppercase(), component.display());
            }
            Err(error) => {
                println!(
                    "cargo::error=the bundled plugin {} is missing ({error}): run `cargo xtask components` first",
                    component.display()
                );
            }
        }
    }
}
