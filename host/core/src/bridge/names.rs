/// Spells a WIT name as JavaScript would: `make-directory` becomes `makeDirectory`.
pub fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '-' {
            upper = !camel.is_empty();
        } else if upper {
            camel.extend(character.to_uppercase());
            upper = false;
        } else {
            camel.push(character);
        }
    }
    camel
}

/// Spells a JavaScript name as WIT would: `makeDirectory` becomes `make-directory`.
pub fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            if !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(character.to_ascii_lowercase());
        } else {
            kebab.push(character);
        }
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (kebab, camel) in
            [("make-directory", "makeDirectory"), ("list", "list"), ("a-b-c", "aBC"), ("x2-y", "x2Y")]
        {
            assert_eq!(camel_case(kebab), camel);
            assert_eq!(kebab_case(camel), kebab);
        }
    }
}
