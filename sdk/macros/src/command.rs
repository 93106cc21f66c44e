//! `#[command]`.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Error, FnArg, Ident, ItemFn, LitStr, Path, ReturnType, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::{
    docs,
    parameter::{Parameter, Style},
    words,
};

/// What a function declares about its command.
#[derive(Debug)]
pub(crate) struct Declaration {
    words: Vec<String>,
    summary: String,
    details: String,
    category: Option<String>,
    effect: Effect,
    parameters: Vec<Parameter>,
}

#[derive(Debug)]
enum Effect {
    Known(&'static str),
    Other(String),
}

/// One of `name = "…"`, `alias = "…"`, `category = "…"`, `effect = …`.
enum Setting {
    Name(LitStr),
    Alias(LitStr),
    Category(LitStr),
    Effect(Effect),
}

impl Parse for Setting {
    fn parse(input: ParseStream) -> Result<Self, Error> {
        let key = Ident::parse_any(input)?;
        let value = |input: ParseStream| input.parse::<Token![=]>().map(|_| ());
        Ok(match key.to_string().as_str() {
            "name" => {
                value(input)?;
                Self::Name(input.parse()?)
            }
            "alias" => {
                value(input)?;
                Self::Alias(input.parse()?)
            }
            "category" => {
                value(input)?;
                Self::Category(input.parse()?)
            }
            "effect" => {
                value(input)?;
                Self::Effect(input.parse()?)
            }
            _ => {
                return Err(Error::new(
                    key.span(),
                    "a command's settings are `effect`, `alias`, `category` and `name`",
                ));
            }
        })
    }
}

impl Parse for Effect {
    fn parse(input: ParseStream) -> Result<Self, Error> {
        let effect: Ident = input.parse()?;
        Ok(Self::Known(match effect.to_string().as_str() {
            "reads" => "Reads",
            "writes" => "Writes",
            "destroys" => "Destroys",
            "executes" => "Executes",
            "communicates" => "Communicates",
            "other" => {
                let content;
                syn::parenthesized!(content in input);
                return Ok(Self::Other(content.parse::<LitStr>()?.value()));
            }
            _ => {
                let known =
                    "an effect is one of reads, writes, destroys, executes, communicates, or other(\"…\")";
                return Err(Error::new(effect.span(), known));
            }
        }))
    }
}

impl Declaration {
    /// Reads the settings and the function.
    pub(crate) fn read(settings: TokenStream, function: &ItemFn) -> Result<Self, Error> {
        let signature = &function.sig;
        let ident = &signature.ident;
        if signature.asyncness.is_none() {
            return Err(Error::new(signature.fn_token.span(), "a command is an `async fn`"));
        }
        if !signature.generics.params.is_empty() {
            return Err(Error::new(signature.generics.span(), "a command can not be generic"));
        }
        if let ReturnType::Default = signature.output {
            return Err(Error::new(
                ident.span(),
                "a command returns a `Result`, for instance `Result<Output, Problem>`",
            ));
        }
        let paragraphs = docs::paragraphs(&function.attrs);
        let Some(summary) = docs::summary(&paragraphs) else {
            let wish = "say what this command does, in a documentation comment: it is what `help` shows";
            return Err(Error::new(ident.span(), wish));
        };
        let details = paragraphs.get(1..).unwrap_or_default().join("\n\n");

        let (mut name, mut aliases, mut category, mut effect) = (None, Vec::new(), None, None);
        for setting in Punctuated::<Setting, Token![,]>::parse_terminated.parse2(settings)? {
            match setting {
                Setting::Name(text) => name = Some(text),
                Setting::Alias(text) => aliases.push(text),
                Setting::Category(text) => category = Some(text.value()),
                Setting::Effect(known) => effect = Some(known),
            }
        }
        let name = match name {
            Some(text) => {
                words::check(&text.value(), text.span())?;
                text.value()
            }
            None => words::of_ident(ident)?,
        };
        let mut words = vec![name];
        for alias in aliases {
            words::check(&alias.value(), alias.span())?;
            if words.contains(&alias.value()) {
                return Err(Error::new(alias.span(), format!("{:?} is there already", alias.value())));
            }
            words.push(alias.value());
        }
        let Some(effect) = effect else {
            let wish = "say the strongest thing that the command may do: `effect = reads`, `writes`, `destroys`, \
                        `executes` or `communicates`";
            return Err(Error::new(ident.span(), wish));
        };
        let parameters = parameters(signature.inputs.iter())?;
        Ok(Self { words, summary, details, category, effect, parameters })
    }

    /// Writes the function, and beside it what the group needs.
    pub(crate) fn expand(&self, function: &ItemFn) -> TokenStream {
        let Self { words, summary, details, .. } = self;
        let name = words.first();
        let aliases = words.get(1..).unwrap_or_default();
        let category = match &self.category {
            Some(category) => quote!(#category),
            None => quote!(category),
        };
        let effect = match &self.effect {
            Effect::Known(effect) => {
                let effect = format_ident!("{effect}");
                quote!(Effect::#effect)
            }
            Effect::Other(effect) => quote!(Effect::Other(::std::string::ToString::to_string(#effect))),
        };
        let describe = self.parameters.iter().map(Parameter::describe);
        let take = self.parameters.iter().map(Parameter::take);
        let call = &function.sig.ident;
        let result = match &function.sig.output {
            ReturnType::Type(_, ty) => ty.span(),
            ReturnType::Default => call.span(),
        };
        let run = quote_spanned!(result=> ::powerbox_sdk::rt::finish(#call(#(#take),*).await));
        let (visibility, entry) = (&function.vis, entry(call));
        let arguments = if self.parameters.is_empty() { quote!(_arguments) } else { quote!(mut arguments) };
        let function = without_attributes(function);
        quote! {
            #function

            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #visibility struct #entry;

            impl ::powerbox_sdk::rt::Entry for #entry {
                const NAME: &str = #name;
                const WORDS: &[&str] = &[#(#words),*];

                fn describe(category: &str) -> ::powerbox_sdk::description::Command {
                    #[allow(unused_imports)]
                    use ::powerbox_sdk::description::{Effect, Kind, NameRights, Parameter, Style};
                    ::powerbox_sdk::description::Command {
                        name: ::std::string::ToString::to_string(#name),
                        aliases: ::std::vec![#(::std::string::ToString::to_string(#aliases)),*],
                        summary: ::std::string::ToString::to_string(#summary),
                        details: ::std::string::ToString::to_string(#details),
                        category: ::std::string::ToString::to_string(#category),
                        effect: #effect,
                        parameters: ::std::vec![#(#describe),*],
                    }
                }

                async fn run(
                    #arguments: ::powerbox_sdk::Arguments,
                ) -> ::core::result::Result<::powerbox_sdk::Output, ::powerbox_sdk::Problem> {
                    #run
                }
            }
        }
    }
}

/// Gives the hidden type that stands for a command; the group finds it by its name.
pub(crate) fn entry(function: &Ident) -> Ident {
    format_ident!("__command_{}", function.unraw(), span = function.span())
}

/// Gives the path of the hidden type, from the path of the command.
pub(crate) fn entry_path(command: &Path) -> Path {
    let mut path = command.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = entry(&last.ident);
    }
    path
}

/// Writes the function as it is, an error, and what keeps the group from adding errors of its own.
pub(crate) fn without_declaration(function: &ItemFn, error: &Error) -> TokenStream {
    let (function, error) = (without_attributes(function), error.to_compile_error());
    let (visibility, entry) = (&function.vis, entry(&function.sig.ident));
    quote! {
        #[allow(dead_code)]
        #function
        #error

        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #entry;

        impl ::powerbox_sdk::rt::Entry for #entry {
            const NAME: &str = "";
            const WORDS: &[&str] = &[];

            fn describe(_: &str) -> ::powerbox_sdk::description::Command {
                ::core::unreachable!()
            }

            async fn run(
                _: ::powerbox_sdk::Arguments,
            ) -> ::core::result::Result<::powerbox_sdk::Output, ::powerbox_sdk::Problem> {
                ::core::unreachable!()
            }
        }
    }
}

fn without_attributes(function: &ItemFn) -> ItemFn {
    let mut function = function.clone();
    for argument in &mut function.sig.inputs {
        if let FnArg::Typed(typed) = argument {
            typed.attrs.retain(|attribute| {
                attribute.path().is_ident("allow") || attribute.path().is_ident("expect")
            });
        }
    }
    function
}

fn parameters<'a>(arguments: impl Iterator<Item = &'a FnArg>) -> Result<Vec<Parameter>, Error> {
    let mut parameters = Vec::<Parameter>::new();
    let mut letters = HashSet::new();
    for argument in arguments {
        let parameter = Parameter::read(argument)?;
        match parameter.style {
            Style::Option(Some(letter)) if !letters.insert(letter) => {
                return Err(Error::new(parameter.span, format!("two options have the short form -{letter}")));
            }
            Style::Option(_) => {}
            Style::Positional => follows(&parameters, &parameter)?,
        }
        parameters.push(parameter);
    }
    Ok(parameters)
}

/// Refuses positional parameters whose words could belong to the ones before them.
fn follows(before: &[Parameter], parameter: &Parameter) -> Result<(), Error> {
    for earlier in before.iter().filter(|earlier| earlier.style == Style::Positional) {
        if earlier.repeated() {
            let why = format!("{:?} takes all further words: make this an #[option]", earlier.word);
            return Err(Error::new(parameter.span, why));
        }
        if !earlier.required() && parameter.required() {
            let why = format!("{:?} can be left out, so what follows it must be, too", earlier.word);
            return Err(Error::new(parameter.span, why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
