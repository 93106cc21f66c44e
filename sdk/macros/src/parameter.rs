//! One parameter of a command.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, Ident, Lit, LitChar, LitStr, Meta, Pat,
    PathArguments, Token, Type, punctuated::Punctuated, spanned::Spanned,
};

use crate::{docs, words};

/// What a declaration says about one parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) span: Span,
    pub(crate) word: String,
    label: String,
    help: String,
    ty: Type,
    pub(crate) arity: Arity,
    pub(crate) style: Style,
    default: Option<String>,
    choices: Vec<String>,
    methods: Option<Vec<String>>,
    rights: Option<Vec<Ident>>,
}

/// How many values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    One,
    AtMostOne,
    AtLeastOne,
    Any,
    /// A `bool`.
    Switch,
}

/// How a parameter is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Positional,
    Option(Option<char>),
}

const RIGHTS: [&str; 6] = ["read", "write", "remove", "move", "cancel", "replace"];

impl Parameter {
    /// Reads a declaration.
    pub(crate) fn read(argument: &FnArg) -> Result<Self, Error> {
        let typed = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                return Err(Error::new(receiver.span(), "a command is a free function: it has no `self`"));
            }
        };
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(Error::new(typed.pat.span(), "a parameter of a command is a plain name"));
        };
        let word = words::of_ident(&pattern.ident)?;
        let (arity, ty) = peel(&typed.ty)?;
        let paragraphs = docs::paragraphs(&typed.attrs);
        let Some(help) = docs::summary(&paragraphs) else {
            let wish = "say what this parameter is for, in a documentation comment before it";
            return Err(Error::new(pattern.ident.span(), wish));
        };
        if paragraphs.len() > 1 {
            let wish =
                "a parameter is documented in one paragraph; put the rest into the command's documentation";
            return Err(Error::new(pattern.ident.span(), wish));
        }
        let mut parameter = Self {
            span: pattern.ident.span(),
            label: words::label(&word),
            word,
            help,
            ty,
            arity,
            style: if arity == Arity::Switch { Style::Option(None) } else { Style::Positional },
            default: None,
            choices: Vec::new(),
            methods: None,
            rights: None,
        };
        for attribute in &typed.attrs {
            parameter.read_attribute(attribute)?;
        }
        Ok(parameter)
    }

    fn read_attribute(&mut self, attribute: &Attribute) -> Result<(), Error> {
        let path = attribute.path();
        if path.is_ident("doc") || path.is_ident("allow") || path.is_ident("expect") {
            return Ok(());
        }
        if path.is_ident("option") {
            self.style = Style::Option(short(attribute)?);
        } else if path.is_ident("default") {
            self.default = Some(self.read_default(attribute)?);
        } else if path.is_ident("label") {
            self.label = text(attribute)?;
        } else if path.is_ident("choices") {
            self.choices = texts(attribute)?;
        } else if path.is_ident("methods") {
            self.methods = Some(texts(attribute)?);
        } else if path.is_ident("rights") {
            self.rights = Some(rights(attribute)?);
        } else {
            let known = "a parameter's attributes are `option`, `default`, `choices`, `methods`, `rights` and `label`";
            return Err(Error::new(attribute.span(), known));
        }
        if let Some(default) = &self.default
            && !self.choices.is_empty()
            && !self.choices.contains(default)
        {
            return Err(Error::new(
                attribute.span(),
                format!("the default {default:?} is not one of the choices"),
            ));
        }
        Ok(())
    }

    fn read_default(&self, attribute: &Attribute) -> Result<String, Error> {
        let because = match self.arity {
            Arity::One => None,
            Arity::Switch => Some("a `bool` is false if it is not given"),
            Arity::AtMostOne | Arity::Any => Some("an `Option` is `None` if it is not given: take it away"),
            Arity::AtLeastOne => Some("a `Vec` has no default"),
        };
        if let Some(because) = because {
            return Err(Error::new(attribute.span(), because));
        }
        let default = text(attribute)?;
        let ty = &self.ty;
        let integer =
            ["i64", "u64"].into_iter().find(|name| *ty == syn::parse_quote!(i64) || is_named(ty, name));
        let fits = match integer {
            Some("u64") => default.parse::<u64>().is_ok(),
            Some(_) => default.parse::<i64>().is_ok(),
            None => true,
        };
        if fits {
            Ok(default)
        } else {
            Err(Error::new(attribute.span(), format!("{default:?} is no integer")))
        }
    }

    /// Tells whether the user must give a value.
    pub(crate) fn required(&self) -> bool {
        matches!(self.arity, Arity::One | Arity::AtLeastOne) && self.default.is_none()
    }

    /// Tells whether the user may give several values.
    pub(crate) fn repeated(&self) -> bool {
        matches!(self.arity, Arity::AtLeastOne | Arity::Any)
    }

    /// Writes the expression that describes the parameter.
    pub(crate) fn describe(&self) -> TokenStream {
        let Self { word, label, help, ty, choices, .. } = self;
        let (required, repeated) = (self.required(), self.repeated());
        let parameter = parameter_trait(ty);
        let kind = match (&self.methods, &self.rights) {
            (Some(methods), _) => {
                quote!(Kind::Object(::std::vec![#(::std::string::ToString::to_string(#methods)),*]))
            }
            (None, Some(rights)) => quote!(Kind::Name(#(NameRights::#rights)|*)),
            (None, None) if !choices.is_empty() => quote!(Kind::Choice),
            (None, None) => quote!(#parameter::kind()),
        };
        let style = match self.style {
            Style::Positional => quote!(Style::Positional),
            Style::Option(None) => quote!(Style::Option(::core::option::Option::None)),
            Style::Option(Some(short)) => quote!(Style::Option(::core::option::Option::Some(#short))),
        };
        let default = option(&self.default);
        let (has_choices, has_methods, has_rights) =
            (!choices.is_empty(), self.methods.is_some(), self.rights.is_some());
        let check = quote_spanned! {ty.span()=>
            const _: () =
                ::powerbox_sdk::rt::check_attributes(#parameter::TAKES, #has_choices, #has_methods, #has_rights);
        };
        quote! {{
            #check
            Parameter {
                name: ::std::string::ToString::to_string(#word),
                label: ::std::string::ToString::to_string(#label),
                kind: #kind,
                style: #style,
                required: #required,
                repeated: #repeated,
                default: #default.map(::std::string::ToString::to_string),
                choices: ::std::vec![#(::std::string::ToString::to_string(#choices)),*],
                help: ::std::string::ToString::to_string(#help),
            }
        }}
    }

    /// Writes the expression that takes the parameter's value out of `arguments`.
    pub(crate) fn take(&self) -> TokenStream {
        let Self { word, ty, span, .. } = self;
        match self.arity {
            Arity::One => {
                let default = option(&self.default);
                quote_spanned!(*span=> arguments.one::<#ty>(#word, #default)?)
            }
            Arity::AtMostOne => quote_spanned!(*span=> arguments.optional::<#ty>(#word)?),
            Arity::AtLeastOne => quote_spanned!(*span=> arguments.several::<#ty>(#word)?),
            Arity::Any => quote_spanned!(*span=> arguments.any::<#ty>(#word)?),
            Arity::Switch => quote_spanned!(*span=> arguments.optional::<#ty>(#word)?.unwrap_or(false)),
        }
    }
}

fn parameter_trait(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::powerbox_sdk::Parameter>)
}

fn option(text: &Option<String>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::<&str>::None),
    }
}

/// Takes `Option` and `Vec` off a type.
fn peel(ty: &Type) -> Result<(Arity, Type), Error> {
    if let Some(inner) = argument_of(ty, "Option") {
        if let Some(item) = argument_of(inner, "Vec") {
            return Ok((Arity::Any, item.clone()));
        }
        if is_named(inner, "bool") {
            return Err(Error::new(ty.span(), "a `bool` can always be left out: take the `Option` away"));
        }
        return Ok((Arity::AtMostOne, inner.clone()));
    }
    if let Some(item) = argument_of(ty, "Vec") {
        if is_named(item, "bool") {
            return Err(Error::new(ty.span(), "a `bool` can be given once only: take the `Vec` away"));
        }
        return Ok((Arity::AtLeastOne, item.clone()));
    }
    if is_named(ty, "bool") {
        return Ok((Arity::Switch, ty.clone()));
    }
    if let Type::Reference(_) | Type::ImplTrait(_) = ty {
        let wish = "a command owns its arguments: use an owned type such as `String`";
        return Err(Error::new(ty.span(), wish));
    }
    Ok((Arity::One, ty.clone()))
}

/// Gives the type argument of a type with a certain last name.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

fn short(attribute: &Attribute) -> Result<Option<char>, Error> {
    if let Meta::Path(_) = attribute.meta {
        return Ok(None);
    }
    let mut short = None;
    attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("short") {
            return Err(meta.error("an option can have `short = 'x'`"));
        }
        let letter: LitChar = meta.value()?.parse()?;
        if !letter.value().is_ascii_alphanumeric() {
            return Err(Error::new(letter.span(), "the short form of an option is a letter or a digit"));
        }
        short = Some(letter.value());
        Ok(())
    })?;
    Ok(short)
}

/// Reads `#[name = literal]`.
fn text(attribute: &Attribute) -> Result<String, Error> {
    match &attribute.meta.require_name_value()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.value()),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Ok(number.base10_digits().to_owned()),
        other => Err(Error::new(other.span(), "write a text in quotes here")),
    }
}

/// Reads `#[name("a", "b")]`.
fn texts(attribute: &Attribute) -> Result<Vec<String>, Error> {
    let texts = attribute.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated)?;
    if texts.is_empty() {
        return Err(Error::new(attribute.span(), "name at least one"));
    }
    Ok(texts.iter().map(LitStr::value).collect())
}

/// Reads `#[rights(read, move)]`, giving the flags' names.
fn rights(attribute: &Attribute) -> Result<Vec<Ident>, Error> {
    let read = |input: syn::parse::ParseStream| {
        Punctuated::<Ident, Token![,]>::parse_terminated_with(input, <Ident as syn::ext::IdentExt>::parse_any)
    };
    let rights = attribute.parse_args_with(read)?;
    if rights.is_empty() {
        return Err(Error::new(attribute.span(), format!("name at least one of {}", RIGHTS.join(", "))));
    }
    let flag = |right: Ident| {
        let name = right.to_string();
        if RIGHTS.contains(&name.as_str()) {
            Ok(Ident::new(&name.to_ascii_uppercase(), right.span()))
        } else {
            Err(Error::new(right.span(), format!("the rights to a name are {}", RIGHTS.join(", "))))
        }
    };
    rights.into_iter().map(flag).collect()
}
