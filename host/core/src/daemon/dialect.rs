use powerbox_captp::{Answer, Object, Value};

use super::put;
use crate::bridge::{Mismatch, camel_case};

/// Which daemon a session speaks to. Endo's branches differ in special names and in how some methods take arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Endo's `master` branch.
    Master,
    /// Endo's `llm` branch.
    Llm,
    /// The embedded daemon: `llm` and a little more.
    Embedded,
}

impl Dialect {
    /// Tells the dialect by the methods of the bootstrap object; `None` for what is no Endo daemon.
    pub fn detect(methods: &[String]) -> Option<Self> {
        let has = |name: &str| methods.iter().any(|method| method == name);
        if !has("host") {
            None
        } else if has("powerbox") {
            Some(Self::Embedded)
        } else if has("nodeNumber") {
            Some(Self::Master)
        } else {
            // `llm` is the branch that grows: a daemon with a host that is neither of the others is taken for it.
            Some(Self::Llm)
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Master => "endo master",
            Self::Llm => "endo llm",
            Self::Embedded => "embedded",
        }
    }

    /// Spells a special name as the dialect does: `@main` is `MAIN` on `master`. Other names stay as they are.
    pub fn special_name(self, name: &str) -> String {
        match (self, name.strip_prefix('@')) {
            (Self::Master, Some(special)) => special.to_uppercase(),
            _ => name.to_owned(),
        }
    }

    /// Spells a path as the dialect does: only its head can be a special name.
    pub fn path(self, mut names: Vec<String>) -> Vec<String> {
        if let Some(head) = names.first_mut() {
            *head = self.special_name(head);
        }
        names
    }

    /// Calls a function of a WIT interface on an object, as the table says.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] if an argument is not what its place in the binding takes.
    pub fn call(
        self,
        object: &Object,
        interface: &str,
        function: &str,
        args: Vec<Value>,
    ) -> Result<Answer, Mismatch> {
        let binding = self.binding(interface, function);
        Ok(object.call(binding.method, put(args, binding.args)?))
    }

    /// How a function of a WIT interface is called on this daemon's objects.
    ///
    /// `interface` is given without its version. A function that the table does not name follows the bridge's
    /// general rule: its name in camelCase, its parameters in order.
    pub fn binding(self, interface: &str, function: &str) -> Binding {
        let row = BINDINGS.iter().find(|row| row.interface == interface && row.function == function);
        match row {
            Some(row) => Binding {
                method: row.method.to_owned(),
                args: match self {
                    Self::Master => row.master,
                    Self::Llm | Self::Embedded => row.llm,
                },
            },
            None => Binding { method: camel_case(function), args: &[] },
        }
    }
}

/// The method that a function becomes, and how its arguments are put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The method's name.
    pub method: String,
    /// How each argument is put; arguments beyond the list are put as they are.
    pub args: &'static [Put],
}

/// How one argument is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// As it is.
    Same,
    /// A list, spread: each item is an argument of its own.
    Rest,
    /// A list of one text as that text, a longer one as it is.
    NameOrPath,
    /// A list of one text as that text; a longer list does not fit.
    Name,
    /// Text as an `Error` with that message; nothing as `undefined`.
    Error,
}

struct Row {
    interface: &'static str,
    function: &'static str,
    method: &'static str,
    master: &'static [Put],
    llm: &'static [Put],
}

const fn row(
    interface: &'static str,
    function: &'static str,
    method: &'static str,
    master: &'static [Put],
    llm: &'static [Put],
) -> Row {
    Row { interface, function, method, master, llm }
}

/// The table. Only what differs from the general rule stands here.
const BINDINGS: &[Row] = &[
    row("endo:daemon/directory", "list", "list", &[Put::Rest], &[Put::Rest]),
    row("endo:daemon/directory", "has", "has", &[Put::Rest], &[Put::Rest]),
    row("endo:daemon/directory", "identify", "identify", &[Put::Rest], &[Put::Rest]),
    row("endo:daemon/directory", "lookup", "lookup", &[Put::NameOrPath], &[Put::Same]),
    row("endo:daemon/directory-writer", "remove", "remove", &[Put::Rest], &[Put::Rest]),
    row("endo:daemon/canceller", "cancel", "cancel", &[Put::Name, Put::Same], &[Put::Same, Put::Error]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn methods(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn bootstraps_tell_their_dialect() {
        assert_eq!(Dialect::detect(&methods(&["host", "nodeNumber", "ping"])), Some(Dialect::Master));
        assert_eq!(Dialect::detect(&methods(&["host", "nodeId", "ping"])), Some(Dialect::Llm));
        assert_eq!(Dialect::detect(&methods(&["host", "nodeId", "powerbox"])), Some(Dialect::Embedded));
        assert_eq!(Dialect::detect(&methods(&["ping", "terminate"])), None);
    }

    #[test]
    fn functions_outside_the_table_follow_the_general_rule() {
        let binding = Dialect::Llm.binding("endo:daemon/directory-writer", "make-directory");
        assert_eq!(binding, Binding { method: "makeDirectory".into(), args: &[] });
        let binding = Dialect::Master.binding("endo:daemon/directory", "list");
        assert_eq!(binding.args, [Put::Rest]);
    }
}
