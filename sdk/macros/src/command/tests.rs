//! What declarations are refused for, and what good ones come to.

use syn::parse_quote;

use super::*;

fn read(function: ItemFn) -> Result<Declaration, String> {
    Declaration::read(quote!(effect = reads), &function).map_err(|error| error.to_string())
}

/// Reads a command that has just these parameters.
fn with(parameters: TokenStream) -> Result<Declaration, String> {
    read(parse_quote! {
        /// Does it
        async fn act(#parameters) -> Result<Output, Problem> {}
    })
}

fn refusal(parameters: TokenStream) -> String {
    with(parameters).unwrap_err()
}

#[test]
fn a_command_is_described_by_its_function() {
    let function = parse_quote! {
        /// Moves a thing
        /// elsewhere.
        ///
        /// The details.
        async fn r#move(
            /// Where it is
            from: Movable,
            /// How often
            #[option(short = 'n')] #[default = 3] times: u64,
            /// Says what happens
            dry_run: bool,
        ) -> Result<Output, Problem> {}
    };
    let settings = quote!(alias = "mv", alias = "rename", effect = other("shuffles"), category = "names");
    let command = Declaration::read(settings, &function).unwrap();
    assert_eq!(command.words, ["move", "mv", "rename"]);
    assert_eq!(
        (command.summary.as_str(), command.details.as_str()),
        ("Moves a thing elsewhere", "The details.")
    );
    assert_eq!(command.category.as_deref(), Some("names"));
    assert!(matches!(&command.effect, Effect::Other(effect) if effect == "shuffles"));
    let shape: Vec<_> =
        command.parameters.iter().map(|p| (p.word.as_str(), p.style, p.required(), p.repeated())).collect();
    assert_eq!(
        shape,
        [
            ("from", Style::Positional, true, false),
            ("times", Style::Option(Some('n')), false, false),
            ("dry-run", Style::Option(None), false, false),
        ]
    );
}

#[test]
fn the_function_must_be_one_that_can_be_a_command() {
    let error = read(parse_quote! { /// Does it
    fn act() -> Result<Output, Problem> {} });
    assert!(error.unwrap_err().contains("`async fn`"));
    let error = read(parse_quote! { /// Does it
    async fn act() {} });
    assert!(error.unwrap_err().contains("returns a `Result`"));
    let error = read(parse_quote! { async fn act() -> Result<Output, Problem> {} });
    assert!(error.unwrap_err().contains("documentation comment"));
    let error = read(parse_quote! { /// Does it
    async fn act<T>() -> Result<Output, Problem> {} });
    assert!(error.unwrap_err().contains("generic"));
}

#[test]
fn settings_must_be_known() {
    let function: ItemFn = parse_quote! { /// Does it
    async fn act() -> Result<Output, Problem> {} };
    let refusal = |settings| Declaration::read(settings, &function).unwrap_err().to_string();
    assert!(refusal(quote!()).contains("effect = reads"));
    assert!(refusal(quote!(effect = eats)).contains("one of reads"));
    assert!(refusal(quote!(effect = reads, aliases = "x")).contains("settings are"));
    assert!(refusal(quote!(effect = reads, alias = "LS")).contains("lower case"));
    assert!(refusal(quote!(effect = reads, alias = "act")).contains("there already"));
}

#[test]
fn parameters_must_be_documented_in_one_paragraph() {
    assert!(refusal(quote!(a: String)).contains("what this parameter is for"));
    assert!(refusal(quote!(#[doc = "A"] #[doc = ""] #[doc = "B"] a: String)).contains("one paragraph"));
}

#[test]
fn the_place_of_each_word_must_be_clear() {
    assert!(
        refusal(quote!(#[doc = "A"] a: Option<String>, #[doc = "B"] b: String)).contains("can be left out")
    );
    assert!(
        refusal(quote!(#[doc = "A"] a: Vec<String>, #[doc = "B"] b: String)).contains("all further words")
    );
    let options =
        quote!(#[doc = "A"] #[option(short = 'x')] a: String, #[doc = "B"] #[option(short = 'x')] b: bool);
    assert!(refusal(options).contains("-x"));
    with(quote!(#[doc = "A"] a: Option<Vec<String>>, #[doc = "B"] #[option] b: String)).unwrap();
}

#[test]
fn attributes_must_fit_the_parameter() {
    assert!(refusal(quote!(#[doc = "A"] #[opt] a: String)).contains("attributes are"));
    assert!(refusal(quote!(#[doc = "A"] #[option(long = "b")] a: String)).contains("short"));
    assert!(refusal(quote!(#[doc = "A"] #[option(short = '-')] a: String)).contains("letter or a digit"));
    assert!(refusal(quote!(#[doc = "A"] #[default = "x"] a: i64)).contains("no integer"));
    assert!(refusal(quote!(#[doc = "A"] #[default = "-1"] a: u64)).contains("no integer"));
    assert!(refusal(quote!(#[doc = "A"] #[default = "1"] a: bool)).contains("false"));
    assert!(refusal(quote!(#[doc = "A"] #[default = "1"] a: Option<i64>)).contains("`None`"));
    assert!(refusal(quote!(#[doc = "A"] #[choices("a")] #[default = "b"] a: String)).contains("choices"));
    assert!(refusal(quote!(#[doc = "A"] #[choices()] a: String)).contains("at least one"));
    assert!(refusal(quote!(#[doc = "A"] #[rights(own)] a: Name)).contains("rights to a name"));
    with(quote!(#[doc = "A"] #[rights(read, move)] a: Name)).unwrap();
}

#[test]
fn types_that_no_argument_can_have_are_refused() {
    assert!(refusal(quote!(#[doc = "A"] a: &str)).contains("owned type"));
    assert!(refusal(quote!(#[doc = "A"] a: Option<bool>)).contains("take the `Option` away"));
    assert!(refusal(quote!(#[doc = "A"] (a, b): (String, String))).contains("plain name"));
    assert!(refusal(quote!(&self)).contains("no `self`"));
}

#[test]
fn the_function_stays_when_its_declaration_is_refused() {
    let function: ItemFn = parse_quote!(
        async fn act(#[option] a: String) {}
    );
    let error = Error::new(function.sig.ident.span(), "no");
    let tokens = without_declaration(&function, &error).to_string();
    assert!(tokens.contains("async fn act (a : String)"), "{tokens}");
    assert!(tokens.contains("compile_error"), "{tokens}");
}
