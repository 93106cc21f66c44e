use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Reply, Value};

use crate::Build;
use crate::console::Console;
use crate::data::{from_value, to_value};
use crate::server::Client;

/// What the host's socket gives: the console, to programs of the same build.
pub(crate) struct Entrance(pub(crate) Arc<Client>);

impl Entrance {
    /// The console, or why there is none: `{console}`, `{outdated}` or `{ending}`.
    fn console(&self, client: &Build) -> Value {
        let build = self.0.build();
        if client != build {
            let (ours, theirs) = (&build.version, &client.version);
            let said = if ours == theirs {
                "the host runs another build of the program, or with another configuration".to_owned()
            } else {
                format!("the host is version {ours} and the client version {theirs}")
            };
            return Value::record([("outdated", Value::text(said))]);
        }
        let stop = self.0.stop_handle();
        if stop.is_stopping() {
            return Value::record([("ending", Value::bigint(stop.runs()))]);
        }
        Value::record([("console", Value::Capability(Console::object(&self.0)))])
    }
}

impl Exo for Entrance {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: PowerboxEntrance".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["build", "console", "retire", "runs"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let build = self.0.build();
        match method {
            "build" => match to_value(build) {
                Ok(value) => Reply::value(value),
                Err(error) => Reply::error(CallError::fault(error)),
            },
            "console" => match args.first().map(from_value::<Build>) {
                Some(Ok(client)) => Reply::value(self.console(&client)),
                Some(Err(error)) => Reply::error(CallError::type_error(format!("this is no build: {error}"))),
                None => Reply::error(CallError::type_error("say which build you are")),
            },
            "runs" => match to_value(&self.0.stop_handle().runs()) {
                Ok(value) => Reply::value(value),
                Err(error) => Reply::error(CallError::fault(error)),
            },
            // Whoever can connect is the user, who may end the host also if it is of another build.
            _ => {
                let stop = self.0.stop_handle();
                if args.first().and_then(Value::as_bool) == Some(true) {
                    stop.stop()
                } else {
                    stop.retire()
                }
                Reply::undefined()
            }
        }
    }
}
