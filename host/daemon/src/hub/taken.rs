//! What becomes of what a name holds when it is written.

use powerbox_captp::{CallError, Value};

use super::call;
use crate::failure::Failure;
use crate::id::FormulaNumber;
use crate::name::PetName;
use crate::store::{FormulaError, Tables};

/// Whether writing a name may make it forget what it holds.
///
/// Endo's methods always replace. Those of this daemon that write a name take a record `{replace: false}` as one more
/// argument; with it they refuse to, in the same change on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is replaced.
    Replaced,
    /// The writing is refused.
    Refused,
}

impl Taken {
    /// Reads the optional last argument of a method.
    pub(crate) fn from_options(options: &Value) -> Self {
        match options.get("replace") {
            Some(Value::Bool(false)) => Self::Refused,
            _ => Self::Replaced,
        }
    }

    /// Checks that a name may be written.
    pub(crate) fn check(
        self,
        tables: Tables<'_>,
        directory: FormulaNumber,
        name: &PetName,
    ) -> Result<(), Failure> {
        if self == Self::Replaced {
            return Ok(());
        }
        let Some(id) = tables.named(directory, name)? else { return Ok(()) };
        let kind = match tables.formula_type(id) {
            Ok(kind) => kind,
            Err(FormulaError::Absent(_) | FormulaError::Foreign(_)) => "remote".to_owned(),
            Err(FormulaError::Store(error)) => return Err(error.into()),
        };
        Err(Failure::NameTaken { name: name.as_str().to_owned(), kind })
    }

    /// Checks the same with an object that keeps its names itself. It may be written to in between.
    pub(super) async fn check_there(self, value: &Value, name: &PetName) -> Result<(), CallError> {
        if self == Self::Replaced {
            return Ok(());
        }
        // Not by its identifier, which an attenuated reference keeps to itself.
        match call(value.clone(), "has", vec![Value::text(name.as_str())]).await? {
            Value::Bool(false) => Ok(()),
            _ => Err(Failure::NameTaken { name: name.as_str().to_owned(), kind: "remote".to_owned() }.into()),
        }
    }
}
