//! Functions of imports and exports.

use std::fmt;
use std::sync::Arc;

use super::{Resource, Type};

/// A function that a component imports or exports, with everything a host decides by.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its number within the component: imports and exports are counted apart, each from 0, the same for every
    /// load of the same bytes. A host can keep what it worked out about a function in a list.
    pub index: usize,
    /// The slot it is reached through: the import's name, which for a plain import is the interface itself. For an
    /// export, the export's name.
    pub slot: Arc<str>,
    /// The interface it belongs to, such as `endo:daemon/mailbox@0.1.0`.
    pub interface: Arc<str>,
    /// Its whole name, such as `lookup` or `[method]object.call`.
    pub name: Arc<str>,
    /// Its own name without the resource: `lookup`, `call`.
    pub item: Arc<str>,
    /// Whether it stands alone or belongs to a resource.
    pub kind: FunctionKind,
    /// Declared `async func`.
    pub is_async: bool,
    /// Its parameters in order. A method's first parameter is the borrowed resource itself.
    pub params: Arc<[Param]>,
    /// Its result, if it has one.
    pub result: Option<Type>,
}

/// What a function belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A function of the interface.
    Free,
    /// A method of a resource: the first parameter is the borrowed resource.
    Method(Resource),
    /// A static function of the resource with this name.
    Static(Arc<str>),
    /// The constructor of the resource with this name.
    Constructor(Arc<str>),
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, kebab-case.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

impl Function {
    /// The first type in its signature that cannot cross, if any.
    pub fn unsupported(&self) -> Option<&'static str> {
        self.params
            .iter()
            .find_map(|param| param.ty.unsupported())
            .or_else(|| self.result.as_ref().and_then(Type::unsupported))
    }
}

/// `slot.function`, as messages name it.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.name)
    }
}
