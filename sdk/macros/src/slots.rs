//! `slots!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, LitStr, Token,
    parse::{Parse, ParseStream},
};

/// The WIT packages that every plugin may use. They stand beside this crate, so that a plugin in another folder or
/// workspace finds them without having copies.
const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/wit");

/// Which world's imports to make functions of.
#[derive(Debug)]
pub(crate) struct Slots {
    world: LitStr,
    folder: String,
}

impl Parse for Slots {
    fn parse(input: ParseStream) -> Result<Self, Error> {
        let world: LitStr = input.parse()?;
        let shape = world.value();
        // The text goes into WIT source, so it must be no more than a name.
        let named = shape.chars().all(|c| c.is_ascii_alphanumeric() || "-:/@.+".contains(c));
        if !named || shape.split([':', '/']).count() != 3 {
            return Err(Error::new(world.span(), "name a world as in \"example:compare/compare@0.1.0\""));
        }
        let folder = match input.parse::<Option<Token![in]>>()? {
            Some(_) => input.parse::<LitStr>()?.value(),
            None => "wit".to_owned(),
        };
        Ok(Self { world, folder })
    }
}

impl Slots {
    /// Writes the module `slots`.
    pub(crate) fn expand(&self) -> TokenStream {
        // The world of the plugin is included in one that imports the shared types for certain: `with` must not name
        // anything that the world does not use.
        let inline = format!(
            "package powerbox:slots;
             world slots {{
                 import powerbox:plugin/types@0.1.0;
                 import endo:daemon/types@0.1.0;
                 include {};
             }}",
            self.world.value(),
        );
        let (plugin, daemon) = (format!("{WIT}/powerbox-plugin"), format!("{WIT}/endo-daemon"));
        let folder = &self.folder;
        quote! {
            /// The functions of this plugin's slots, by the slots' names.
            pub(crate) mod slots {
                #![allow(dead_code, missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn)]
                #![allow(clippy::all, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

                ::powerbox_sdk::wit_bindgen::generate!({
                    inline: #inline,
                    path: [#plugin, #daemon, #folder],
                    with: {
                        "powerbox:plugin/types@0.1.0": ::powerbox_sdk::bindings::powerbox::plugin::types,
                        "endo:daemon/types@0.1.0": ::powerbox_sdk::bindings::endo::daemon::types,
                    },
                    generate_all,
                    runtime_path: "::powerbox_sdk::wit_bindgen::rt",
                    bitflags_path: "::powerbox_sdk::wit_bindgen::rt::bitflags",
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tokens: TokenStream) -> Result<Slots, String> {
        syn::parse2(tokens).map_err(|error| error.to_string())
    }

    #[test]
    fn a_world_is_named_with_its_package() {
        let slots = read(quote!("example:compare/compare@0.1.0")).unwrap();
        assert_eq!(slots.folder, "wit");
        assert_eq!(read(quote!("a:b/c" in "other")).unwrap().folder, "other");
        assert!(read(quote!("compare")).unwrap_err().contains("name a world"));
        assert!(read(quote!("a:b/c; include d:e/f")).unwrap_err().contains("name a world"));
    }

    #[test]
    fn the_packages_are_where_the_expansion_says() {
        for package in ["powerbox-plugin", "endo-daemon"] {
            assert!(std::path::Path::new(WIT).join(package).is_dir(), "{package}");
        }
    }
}
