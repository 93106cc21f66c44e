//! What clients may know of a kind of object: what it is called, and its methods.
//!
//! One table says of each method what it takes and what it does. From it methods are listed, arguments checked and
//! help given, so that these three always agree.

mod method;
pub(crate) use method::{Method, anything, may_take, names, takes};

mod shape;
pub(crate) use shape::Shape;

use std::sync::OnceLock;

use powerbox_captp::{Reply, Value};

use crate::arguments::Arguments;

/// The interface of a kind of object.
#[derive(Debug)]
pub(crate) struct Interface {
    /// What such an object is called, without `Alleged: `.
    pub(crate) name: &'static str,
    /// What it is, if it has a method `help` to tell so.
    overview: Option<&'static str>,
    tables: &'static [&'static [Method]],
    /// The names of all methods, once somebody has asked.
    names: OnceLock<Vec<&'static str>>,
}

/// Every object has this.
const EVERY: &[Method] = &[takes("__getInterfaceGuard__", &[], "")];

/// Every object that tells what it is has this.
const HELP: &[Method] = &[may_take(
    "help",
    &[],
    &[Shape::Text],
    "help(method?) - tells what an object or one of its methods does.",
)];

impl Interface {
    /// Makes the interface of objects that say nothing of themselves.
    pub(crate) const fn new(name: &'static str, tables: &'static [&'static [Method]]) -> Self {
        Self { name, overview: None, tables, names: OnceLock::new() }
    }

    /// Makes the interface of objects that have a method `help`.
    pub(crate) const fn documented(
        name: &'static str,
        overview: &'static str,
        tables: &'static [&'static [Method]],
    ) -> Self {
        Self { name, overview: Some(overview), tables, names: OnceLock::new() }
    }

    fn all(&self) -> impl Iterator<Item = &'static Method> {
        let help = if self.overview.is_some() { HELP } else { &[] };
        [EVERY, help].into_iter().chain(self.tables.iter().copied()).flatten()
    }

    /// Lists the methods.
    pub(crate) fn methods(&self) -> &[&'static str] {
        self.names.get_or_init(|| self.all().map(|method| method.name).collect())
    }

    /// Answers a call: checks the arguments, answers what all objects answer alike, and lets `run` do the rest.
    ///
    /// `title` is what the object is called in refusals, and `method` one of its methods.
    pub(crate) fn call(
        &self,
        title: &str,
        method: &str,
        args: Vec<Value>,
        run: impl FnOnce(Arguments) -> Reply,
    ) -> Reply {
        let Some(known) = self.all().find(|known| known.name == method) else {
            return Reply::undefined();
        };
        if let Err(refusal) = known.check(title, &args) {
            return Reply::error(refusal.into());
        }
        let args = Arguments::new(args);
        match (method, self.overview) {
            ("__getInterfaceGuard__", _) => Reply::undefined(),
            ("help", Some(overview)) => self.help(overview, args),
            _ => run(args),
        }
    }

    /// Tells what the object is and what its methods do, or what one of them does.
    fn help(&self, overview: &str, mut args: Arguments) -> Reply {
        let wanted = match args.optional_text() {
            Ok(wanted) => wanted.map(|method| method.to_string()),
            Err(failure) => return Reply::error(failure.into()),
        };
        let mut documented = self.all().filter(|method| !method.help.is_empty());
        Reply::value(match wanted {
            None => {
                let methods: String = documented.map(|method| format!("\n{}", method.help)).collect();
                format!("{} - {overview}{methods}", self.name)
            }
            Some(wanted) => match documented.find(|method| method.name == wanted) {
                Some(method) => method.help.to_owned(),
                None => format!("No documentation for method \"{wanted}\"."),
            },
        })
    }
}
