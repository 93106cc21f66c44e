use std::sync::Arc;

use powerbox_authority::grant::{Grant, Holder};
use powerbox_captp::{Object, Value as OuterValue};
use powerbox_passable::{Limits, Value};
use powerbox_sandbox::{Function, Host, HostError, Reply, Val};

use crate::bridge::from_wit;
use crate::local::wasi::{Method, WasiPower, is_wasi, method};
use crate::membrane::{Handle, Problem, Rights, answer};

/// What a compartment reaches while it describes itself: nothing. WASI, without which programs of some toolchains do not
/// begin, tells nothing either then: its clock stands still, its randomness is all zeroes, its output is lost. So there
/// is nothing to judge or to record, whoever the plugin is from.
pub(super) struct Describing {
    wasi: Object,
    grant: Arc<Grant>,
}

impl Describing {
    pub(super) fn new() -> Self {
        Self {
            wasi: Object::exo(Arc::new(WasiPower::still(None))),
            grant: Grant::unlisted(Holder::plugin(None, ""), "describe"),
        }
    }

    /// The object that a function of WASI is called on, the method, and what it is given.
    fn understand(
        &self,
        function: &Function,
        params: Vec<Val<Handle>>,
    ) -> Result<(Object, String, Vec<OuterValue>), HostError> {
        let mut args = Vec::with_capacity(params.len());
        for (param, val) in function.params.iter().zip(params) {
            let arg = from_wit(&param.ty, val, &Limits::default());
            let arg = arg.map_err(|mismatch| HostError::new(mismatch.to_string()))?;
            args.push(arg.try_map(&mut |handle: Handle| {
                handle.unwrapped().cloned().ok_or_else(|| HostError::new("no reference is of use here"))
            })?);
        }
        match method(function) {
            Method::Of(name) => match args.first() {
                Some(OuterValue::Capability(object)) => Ok((object.clone(), name, args.split_off(1))),
                _ => Err(HostError::new("the first argument is not a reference")),
            },
            Method::Free(name) => Ok((self.wasi.clone(), name, args)),
        }
    }
}

impl Host<Handle> for Describing {
    fn call(&self, function: &Arc<Function>, params: Vec<Val<Handle>>) -> Reply<Handle> {
        if !is_wasi(&function.interface) {
            return Reply::error(format!(
                "`{function}` was called while describing, when there are no slots"
            ));
        }
        let (object, method, args) = match self.understand(function, params) {
            Ok(understood) => understood,
            Err(error) => return Reply::Now(Err(error)),
        };
        let called = object.call(method, args);
        let (function, grant) = (Arc::clone(function), Arc::clone(&self.grant));
        Reply::later(async move {
            let outcome = called.await.map_err(Problem::from).map(|value| {
                let wrapped: Result<Value<Handle>, std::convert::Infallible> =
                    value.try_map(&mut |object| Ok(Handle::object(object, Rights::All, Arc::clone(&grant))));
                match wrapped {
                    Ok(value) => value,
                    Err(never) => match never {},
                }
            });
            answer(function.result.as_ref(), outcome)
        })
    }
}
