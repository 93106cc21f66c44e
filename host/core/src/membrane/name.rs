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
        Self { agent, dialect, path, text, rights, grant }
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
        self.call("endo:daemon/directory-writer", "make-directory", vec![self.path()])
    }

    pub(super) fn store_value(&self, value: Value) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        self.call("endo:daemon/storer", "store-value", vec![value, self.path()])
    }

    pub(super) fn store_blob(&self, blob: &Blob) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        let reader = Value::Capability(blob.reader());
        self.call("endo:daemon/storer", "store-blob", vec![reader, self.path()])
    }

    pub(super) fn copy_from(&self, source: &Self) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        source.need(NameRight::Read)?;
        self.same_agent(source)?;
        self.call("endo:daemon/directory-writer", "copy", vec![source.path(), self.path()])
    }

    pub(super) fn move_from(&self, source: &Self) -> Result<Answer, Problem> {
        self.need(NameRight::Write)?;
        source.need(NameRight::Move)?;
        self.same_agent(source)?;
        self.call("endo:daemon/directory-writer", "move", vec![source.path(), self.path()])
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
