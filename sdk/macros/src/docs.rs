//! Documentation comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Gives the paragraphs of the documentation, each on one line.
pub(crate) fn paragraphs(attributes: &[Attribute]) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in attributes
        .iter()
        .filter_map(text)
        .flat_map(|text| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
    {
        match paragraphs.last_mut() {
            _ if line.is_empty() => paragraphs.push(String::new()),
            Some(paragraph) if !paragraph.is_empty() => {
                paragraph.push(' ');
                paragraph.push_str(&line);
            }
            Some(paragraph) => *paragraph = line,
            None => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Gives the first paragraph without a period at its end, if there is any documentation.
pub(crate) fn summary(paragraphs: &[String]) -> Option<String> {
    let first = paragraphs.first()?;
    Some(first.strip_suffix('.').unwrap_or(first).to_owned())
}

fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            // An empty line of documentation has no lines, but it separates paragraphs.
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value().trim().is_empty() => {
                Some("\n".to_owned())
            }
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_separated_by_empty_lines() {
        let function: syn::ItemFn = syn::parse_quote! {
            /// Does this
            /// and that.
            ///
            /// More.
            ///
            /** And
                more */
            fn f() {}
        };
        let paragraphs = paragraphs(&function.attrs);
        assert_eq!(paragraphs, ["Does this and that.", "More.", "And more"]);
        assert_eq!(summary(&paragraphs).unwrap(), "Does this and that");
        assert_eq!(summary(&[]), None);
    }
}
