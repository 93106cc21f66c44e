//! Locators: `endo://<node>/?id=<number>&type=<formula type>`, how an identifier is told to people and other daemons.

use crate::formula::is_formula_type;
use crate::id::{FormulaId, FormulaNumber, NodeId};
use crate::quote::quoted;

/// The type that a locator gives to what another daemon keeps, whose formula cannot be seen from here.
pub(crate) const REMOTE: &str = "remote";

/// A text that was given as a locator is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid locator {}: {problem}", quoted(.text))]
pub(crate) struct InvalidLocator {
    /// What was given.
    pub(crate) text: String,
    /// Which part is wrong.
    pub(crate) problem: &'static str,
}

/// Writes the locator of a formula.
pub(crate) fn format_locator(id: FormulaId, formula_type: &str) -> String {
    format!("endo://{}/?id={}&type={formula_type}", id.node, id.number)
}

/// Reads the identifier out of a locator.
///
/// Connection hints (`at=`, any number of them) are accepted and ignored: this daemon has no networks yet.
pub(crate) fn parse_locator(text: &str) -> Result<FormulaId, InvalidLocator> {
    let invalid = |problem| InvalidLocator { text: text.to_owned(), problem };
    let rest = match text.strip_prefix("endo://") {
        Some(rest) => rest,
        None if has_scheme(text) => return Err(invalid("Invalid protocol.")),
        None => return Err(invalid("Invalid URL.")),
    };
    let (host, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let node = NodeId::from_hex(host).ok_or_else(|| invalid("Invalid node identifier."))?;
    let before_fragment = rest.split('#').next().unwrap_or_default();
    let (_path, query) = before_fragment.split_once('?').ok_or_else(|| invalid("Invalid search params."))?;

    let (mut number, mut formula_type) = (None, None);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match key {
            "id" => _ = number.get_or_insert(value),
            "type" => _ = formula_type.get_or_insert(value),
            "at" => (),
            _ => return Err(invalid("Invalid search params.")),
        }
    }
    let (Some(number), Some(formula_type)) = (number, formula_type) else {
        return Err(invalid("Invalid search params."));
    };
    let number = FormulaNumber::from_hex(number).ok_or_else(|| invalid("Invalid id."))?;
    if formula_type != REMOTE && !is_formula_type(formula_type) {
        return Err(invalid("Invalid type."));
    }
    Ok(FormulaId { number, node })
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "c347ee315b53984522686ea75f854b238e43982214d4d059f65e3b85f7438c3c";
    const NODE: &str = "e32865bbe4c809be17935b66587bde14f7dccfd9de099a8414ea80eefc2af291";

    #[test]
    fn a_locator_reads_back_as_it_is_written() {
        let text = format!("endo://{NODE}/?id={NUMBER}&type=marshal");
        let id = parse_locator(&text).expect("a locator");
        assert_eq!(id.to_string(), format!("{NUMBER}:{NODE}"));
        assert_eq!(format_locator(id, "marshal"), text);
    }

    #[test]
    fn connection_hints_and_remote_values_are_accepted() {
        for text in [
            format!("endo://{NODE}/?id={NUMBER}&type=remote&at=tcp%3A1&at=2"),
            format!("endo://{NODE}?type=marshal&id={NUMBER}"),
        ] {
            parse_locator(&text).expect(&text);
        }
    }

    #[test]
    fn each_wrong_part_is_named() {
        let cases = [
            ("nonsense".to_owned(), "Invalid URL."),
            (format!("http://{NODE}/?id={NUMBER}&type=marshal"), "Invalid protocol."),
            (format!("endo://x/?id={NUMBER}&type=marshal"), "Invalid node identifier."),
            (format!("endo://{NODE}/"), "Invalid search params."),
            (format!("endo://{NODE}/?id={NUMBER}"), "Invalid search params."),
            (format!("endo://{NODE}/?id={NUMBER}&type=marshal&x=1"), "Invalid search params."),
            (format!("endo://{NODE}/?id=1&type=marshal"), "Invalid id."),
            (format!("endo://{NODE}/?id={NUMBER}&type=nonsense"), "Invalid type."),
        ];
        for (text, problem) in cases {
            assert_eq!(parse_locator(&text), Err(InvalidLocator { text: text.clone(), problem }));
        }
    }
}
