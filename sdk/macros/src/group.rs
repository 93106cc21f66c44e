//! `group!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Error, Ident, LitStr, Path, Token, bracketed,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use crate::{command, docs, words};

/// A group of commands.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    summary: String,
    log_panics: bool,
    receives: bool,
    /// The function that brings the store into this version's form.
    migrates: Option<Path>,
    commands: Vec<Path>,
}

impl Parse for Group {
    fn parse(input: ParseStream) -> Result<Self, Error> {
        let (mut log_panics, mut receives, mut migrates) = (false, false, None);
        let attributes = input.call(Attribute::parse_outer)?;
        for attribute in &attributes {
            if attribute.path().is_ident("log_panics") {
                attribute.meta.require_path_only()?;
                log_panics = true;
            } else if attribute.path().is_ident("receives") {
                attribute.meta.require_path_only()?;
                receives = true;
            } else if attribute.path().is_ident("migrates") {
                migrates = Some(attribute.parse_args()?);
            } else if !attribute.path().is_ident("doc") {
                let known = "a group can have `#[log_panics]`, `#[receives]` and `#[migrates(function)]`";
                return Err(Error::new_spanned(attribute, known));
            }
        }
        let (name, span) = if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            words::check(&name.value(), name.span())?;
            (name.value(), name.span())
        } else {
            let ident: Ident = input.call(Ident::parse_any)?;
            (words::of_ident(&ident)?, ident.span())
        };
        let Some(summary) = docs::summary(&docs::paragraphs(&attributes)) else {
            return Err(Error::new(
                span,
                "say what the group is for, in a documentation comment before its name",
            ));
        };
        input.parse::<Token![:]>()?;
        let content;
        bracketed!(content in input);
        let commands = Punctuated::<Path, Token![,]>::parse_terminated(&content)?;
        if commands.is_empty() {
            return Err(Error::new(span, "a group has at least one command"));
        }
        input.parse::<Option<Token![,]>>()?;
        let commands = commands.into_iter().collect();
        Ok(Self { name, summary, log_panics, receives, migrates, commands })
    }
}

impl Group {
    /// Writes the plugin's exports.
    pub(crate) fn expand(&self) -> TokenStream {
        let Self { name, summary, .. } = self;
        let entries: Vec<Path> = self.commands.iter().map(command::entry_path).collect();
        let hook = self.log_panics.then(|| quote!(::powerbox_sdk::rt::hook_panics();));
        let receiver = self.receives.then(receiver);
        let migration = self.migrates.as_ref().map(migration);
        quote! {
            const _: () = ::core::assert!(
                ::powerbox_sdk::rt::no_word_twice(&[#(<#entries as ::powerbox_sdk::rt::Entry>::WORDS),*]),
                "two commands of this group have a name or alias in common",
            );

            #[doc(hidden)]
            struct PowerboxGroup;

            impl ::powerbox_sdk::bindings::exports::powerbox::plugin::commands::Guest for PowerboxGroup {
                fn describe() -> ::powerbox_sdk::description::CommandGroup {
                    ::powerbox_sdk::description::CommandGroup {
                        name: ::std::string::ToString::to_string(#name),
                        summary: ::std::string::ToString::to_string(#summary),
                        commands: ::std::vec![
                            #(<#entries as ::powerbox_sdk::rt::Entry>::describe(#name)),*
                        ],
                    }
                }

                async fn run(
                    invocation: ::powerbox_sdk::description::Invocation,
                ) -> ::core::result::Result<::powerbox_sdk::Output, ::powerbox_sdk::Problem> {
                    #hook
                    let arguments = ::powerbox_sdk::Arguments::from(invocation.arguments);
                    match invocation.command.as_str() {
                        #(<#entries as ::powerbox_sdk::rt::Entry>::NAME => {
                            <#entries as ::powerbox_sdk::rt::Entry>::run(arguments).await
                        })*
                        other => ::core::result::Result::Err(::powerbox_sdk::rt::unknown(other)),
                    }
                }
            }

            ::powerbox_sdk::bindings::export!(PowerboxGroup with_types_in ::powerbox_sdk::bindings);

            #receiver

            #migration
        }
    }
}

/// Writes the export through which messages to the plugin's own objects come.
fn receiver() -> TokenStream {
    quote! {
        impl ::powerbox_sdk::bindings::receiving::exports::powerbox::plugin::receiver::Guest for PowerboxGroup {
            async fn receive(
                id: ::core::primitive::u64,
                method: ::std::string::String,
                body: ::std::string::String,
                slots: ::std::vec::Vec<::powerbox_sdk::Object>,
            ) -> ::core::result::Result<::powerbox_sdk::Passable, ::powerbox_sdk::Problem> {
                ::powerbox_sdk::rt::receive(id, method, body, slots).await
            }
        }

        ::powerbox_sdk::bindings::receiving::export_receiver!(
            PowerboxGroup with_types_in ::powerbox_sdk::bindings::receiving
        );
    }
}

/// Writes the export that is called before this version takes an older one's place.
fn migration(function: &Path) -> TokenStream {
    quote! {
        impl ::powerbox_sdk::bindings::migrating::exports::powerbox::plugin::migration::Guest for PowerboxGroup {
            async fn migrate(
                from_version: ::std::string::String,
            ) -> ::core::result::Result<(), ::powerbox_sdk::Problem> {
                #function(from_version).await.map_err(::core::convert::Into::into)
            }
        }

        ::powerbox_sdk::bindings::migrating::export_migration!(
            PowerboxGroup with_types_in ::powerbox_sdk::bindings::migrating
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tokens: TokenStream) -> Result<Group, String> {
        syn::parse2(tokens).map_err(|error| error.to_string())
    }

    #[test]
    fn a_group_names_its_commands_by_path() {
        let group =
            read(quote! { #[doc = " Names."] #[log_panics] storage: [list, files::r#move,], }).unwrap();
        assert_eq!((group.name.as_str(), group.summary.as_str()), ("storage", "Names"));
        assert!(group.log_panics && !group.receives);
        let path = command::entry_path(&group.commands[1]);
        assert_eq!(quote!(#path).to_string(), "files :: __command_move");
    }

    #[test]
    fn only_a_group_that_says_so_receives_messages() {
        let exports = |tokens| read(tokens).unwrap().expand().to_string().contains("receiver");
        assert!(exports(quote! { #[doc = "A"] #[receives] storage: [list] }));
        assert!(!exports(quote! { #[doc = "A"] storage: [list] }));
        assert!(read(quote! { #[doc = "A"] #[receives(all)] storage: [list] }).is_err());
    }

    #[test]
    fn only_a_group_that_says_so_migrates() {
        let exports = |tokens| read(tokens).unwrap().expand().to_string().contains("migration");
        assert!(exports(quote! { #[doc = "A"] #[migrates(old::migrate)] notes: [list] }));
        assert!(!exports(quote! { #[doc = "A"] notes: [list] }));
        assert!(read(quote! { #[doc = "A"] #[migrates] notes: [list] }).is_err());
    }

    #[test]
    fn a_group_without_summary_or_commands_is_refused() {
        assert!(read(quote! { storage: [list] }).unwrap_err().contains("what the group is for"));
        assert!(read(quote! { #[doc = "A"] storage: [] }).unwrap_err().contains("at least one"));
        assert!(read(quote! { #[doc = "A"] #[cfg(x)] storage: [list] }).unwrap_err().contains("log_panics"));
        assert!(read(quote! { #[doc = "A"] "two words": [list] }).unwrap_err().contains("lower case"));
    }
}
