//! Names in Rust, and what users type.

use proc_macro2::Span;
use syn::{Error, Ident, ext::IdentExt};

/// Gives the word for an identifier: `r#move` is `move`, `dry_run` is `dry-run`.
pub(crate) fn of_ident(ident: &Ident) -> Result<String, Error> {
    let word = ident.unraw().to_string().replace('_', "-");
    check(&word, ident.span())?;
    Ok(word)
}

/// Refuses what is no word for a command or parameter.
pub(crate) fn check(word: &str, span: Span) -> Result<(), Error> {
    let fits = word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !word.contains("--")
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        Ok(())
    } else {
        let rule = "must be lower case letters, digits and single hyphens, and begin with a letter";
        Err(Error::new(span, format!("{word:?} {rule}")))
    }
}

/// Gives the label for a word: `dry-run` is `Dry run`.
pub(crate) fn label(word: &str) -> String {
    let mut label = word.replace('-', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_become_words() {
        let word = |ident: &str| of_ident(&syn::parse_str(ident).unwrap()).map_err(|e| e.to_string());
        assert_eq!(word("dry_run"), Ok("dry-run".to_owned()));
        assert_eq!(word("r#move"), Ok("move".to_owned()));
        assert!(word("_hidden").unwrap_err().contains("\"-hidden\" must be lower case"));
        assert!(word("Show").is_err());
        assert!(word("a__b").is_err());
    }

    #[test]
    fn labels_are_for_people() {
        assert_eq!(label("dry-run"), "Dry run");
    }
}
