use std::sync::Arc;

use powerbox_authority::grant::Grant;
use powerbox_captp::{Answer, Object, Value};

use super::blob::Blob;
use super::problem::Problem;
use crate::daemon::Dialect;
use crate::registry::NameRight;

/// What records and questions call the things that the user named in a command.
pub(crate) const DESIGNATED: &str = "what the user named";

/// One place in an agent's directories, with the rights that a command's parameter declares.
///
/// It holds the whole agent; that a plugin can do no more than its rights allow is kept here and nowhere else.
#[derive(Clone, Debug)]
pub struct Name {
    agent: Object,
    dialect: Dialect,
    path: Vec<String>,
    text: String,
    rights: Vec<NameRight>,
    /// Whether writing it makes it forget what it holds.
    replaces: bool,
    pub(super) grant: Arc<Grant>,
}

impl Name {
    /// Makes a name of what the user wrote.
    pub fn new(
        agent: Object,
        dialect: Dialect,
        path: Vec<String>,
        text: String,
        rights: Vec<NameRight>,
        grant: Arc<Grant>,
    ) -> Self {
        let path = dialect.path(path);
        Self { agent, dialect, path, text, rights, replaces: false, grant }
    }

    /// The same place, with another answer to what becomes of what is there.
    pub(super) fn replacing(&self) -> Result<Self, Problem> {
        self.need(NameRight::Replace)?;
        Ok(Self { replaces: true, ..self.clone() })
    }

    /// The place called `name` in the directory here, with the same rights.
    pub(super) fn within(&self, name: String) -> Self {
        let mut inner = self.as_no_directory();
        inner.text = format!("{}/{name}", inner.text);
        inner.path.push(name);
        inner
    }

    /// The same place, without the slash that says that a directory is there.
    pub(super) fn as_no_directory(&self) -> Self {
        Self { text: self.text.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// The path in the agent's names.
    pub(super) fn names(&self) -> &[String] {
        &self.path
    }

    /// What the user wrote.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that the parameter declared a right.
    pub(super) fn need(&self, right: NameRight) -> Result<(), Problem> {
        if self.rights.contains(&right) {
            return Ok(());
        }
        let declared: Vec<_> = self.rights.iter().map(|right| right.word()).collect();
        let declared = if declared.is_empty() { "nothing".to_owned() } else { declared.join(", ") };
        Err(Problem::denied(format!("the parameter declares {declared}, not {}", right.word())))
    }

    /// Whether the user ended it with a slash: it must be a directory.
    pub(super) fn says_directory(&self) -> bool {
        self.text.ends_with('/')
    }

    pub(super) fn agent(&self) -> &Object {
        &self.agent
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn replaces(&self) -> bool {
        self.replaces
    }

    /// Whether the parameter declared that what is there may be replaced, if the user says so.
    pub(super) fn may_replace(&self) -> bool {
        self.rights.contains(&NameRight::Replace)
    }

    /// The arguments of a call that writes this name. The embedded daemon is told with them to refuse if it is taken.
    fn writing(&self, mut args: Vec<Value>) -> Vec<Value> {
        if self.dialect == Dialect::Embedded && !self.replaces {
            args.push(Value::record([("replace", Value::Bool(false))]));
        }
        args
    }

    fn path(&self) -> Value {
        Value::texts(self.path.iter().map(String::as_str))
    }

    fn call(&self, interface: &str, function: &str, args: Vec<Value>) -> Result<Answer, Problem> {
        let answer = self.dialect.call(&self.agent, interface, function, args);
        answer.map_err(|mismatch| Problem::Invalid(mismatch.to_string()))
    }

    pub(super) fn lookup(&self) -> Result<Answer, Problem> {
        self.need(NameRight::Read)?;
        self.call("endo:daemon/directory", "lookup", vec![self.path()])
    }

    pub(super) fn identify(&self) -> Result<Answer, Problem> {
        self.need(NameRight::Read)?;
        self.call("endo:daemon/directory", "identify", vec![self.path()])
    }

    /// Lists the directory here: the lookup and the listing travel together.
    pub(super) fn list(&self) -> Result<Answer, Problem> {
        Ok(self.lookup()?.call("list", vec![]))
    }

    pub(super) fn follow(&self) -> Result<Answer, Problem> {
        Ok(self.lookup()?.call("followNameChanges", vec![]))
    }

    pub(super) fn make_directory(&self) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        self.call("endo:daemon/directory-writer", "make-directory", self.writing(vec![self.path()]))
    }

    pub(super) fn store_value(&self, value: Value) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        self.call("endo:daemon/storer", "store-value", self.writing(vec![value, self.path()]))
    }

    pub(super) fn store_blob(&self, blob: &Blob) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        let reader = Value::Capability(blob.reader());
        self.call("endo:daemon/storer", "store-blob", self.writing(vec![reader, self.path()]))
    }

    pub(super) fn copy_from(&self, source: &Self) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        source.need(NameRight::Read)?;
        self.same_agent(source)?;
        self.call("endo:daemon/directory-writer", "copy", self.writing(vec![source.path(), self.path()]))
    }

    pub(super) fn move_from(&self, source: &Self) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        source.need(NameRight::Move)?;
        self.same_agent(source)?;
        self.call("endo:daemon/directory-writer", "move", self.writing(vec![source.path(), self.path()]))
    }

    pub(super) fn remove(&self) -> Result<Answer, Problem> {
        self.need(NameRight::Remove)?;
        self.call("endo:daemon/directory-writer", "remove", vec![self.path()])
    }

    pub(super) fn cancel(&self, reason: Option<&str>) -> Result<Answer, Problem> {
        self.need(NameRight::Cancel)?;
        let reason = reason.map_or(Value::Undefined, Value::text);
        self.call("endo:daemon/canceller", "cancel", vec![self.path(), reason])
    }

    fn same_agent(&self, other: &Self) -> Result<(), Problem> {
        if self.agent == other.agent {
            Ok(())
        } else {
            Err(Problem::Invalid("both names must be in the names of one agent".to_owned()))
        }
    }
}
