use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use powerbox_authority::grant::Grant;
use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::input::Input;
use super::lines::Lines;
use super::network::Network;
use super::output::Output;
use super::pollable::{Pollable, poll};
use crate::local::random::{fill, random_bytes};
use crate::local::{LogPower, Outside};

/// How finely the clock that only goes forward is read: finer than plugins need is fine enough to spy with.
const TICK: Duration = Duration::from_micros(1);

/// The power behind the slot `wasi`, for one invocation: the functions of WASI that belong to no resource.
pub struct WasiPower {
    outside: Arc<dyn Outside>,
    /// With which waiting ends. Without it no time passes.
    grant: Option<Arc<Grant>>,
    began: Instant,
    input: Object,
    output: Object,
    errors: Object,
    network: Object,
}

impl WasiPower {
    /// Makes one with this clock and randomness, whose output goes to this log. Who waits for its timers waits no longer
    /// than the grant lives, that of the run at the longest.
    pub fn new(outside: Arc<dyn Outside>, log: LogPower, grant: Arc<Grant>) -> Self {
        Self { grant: Some(grant), ..Self::with(outside, Some(Arc::new(log))) }
    }

    /// Makes one whose time stands still and that knows no chance: it tells nothing, so whoever needs WASI to begin at
    /// all can have it.
    pub(crate) fn still(log: Option<LogPower>) -> Self {
        Self::with(Arc::new(Still), log.map(Arc::new))
    }

    fn with(outside: Arc<dyn Outside>, log: Option<Arc<LogPower>>) -> Self {
        let output = |level| Object::exo(Arc::new(Output::new(Lines::new(log.clone(), level))));
        Self {
            outside,
            grant: None,
            began: Instant::now(),
            input: Object::exo(Arc::new(Input)),
            output: output("info"),
            errors: output("warning"),
            network: Object::exo(Arc::new(Network)),
        }
    }

    /// Nanoseconds since the run began.
    fn elapsed(&self) -> u64 {
        let elapsed = self.grant.as_ref().map_or(Duration::ZERO, |_| self.began.elapsed());
        let tick = TICK.as_nanos();
        u64::try_from(elapsed.as_nanos() / tick * tick).unwrap_or(u64::MAX)
    }

    fn wait(&self, nanoseconds: u64) -> Reply {
        let pollable = match &self.grant {
            Some(grant) => Pollable::after(Duration::from_nanos(nanoseconds), Arc::clone(grant)),
            None => Pollable::ready(),
        };
        Reply::value(Value::Capability(Object::exo(Arc::new(pollable))))
    }

    fn random_number(&self) -> Result<Value, CallError> {
        let mut bytes = [0; 8];
        fill(&*self.outside, &mut bytes)?;
        Ok(Value::bigint(u64::from_le_bytes(bytes)))
    }
}

/// Where it is always the same moment, and nothing is left to chance.
struct Still;

impl Outside for Still {
    fn now(&self) -> u64 {
        0
    }

    fn random(&self, place: &mut [u8]) -> Result<(), String> {
        place.fill(0);
        Ok(())
    }
}

impl Exo for WasiPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: VirtualWasi".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &METHODS
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let number = args.first().and_then(unsigned);
        match method {
            "environmentGetEnvironment" | "environmentGetArguments" | "preopensGetDirectories" => {
                Reply::value(Value::List(Vec::new()))
            }
            "stdinGetStdin" => Reply::value(Value::Capability(self.input.clone())),
            "stdoutGetStdout" => Reply::value(Value::Capability(self.output.clone())),
            "stderrGetStderr" => Reply::value(Value::Capability(self.errors.clone())),
            "instanceNetworkInstanceNetwork" => Reply::value(Value::Capability(self.network.clone())),
            "wallClockNow" => {
                let now = self.outside.now();
                Reply::value(moment(now / 1000, (now % 1000) * 1_000_000))
            }
            "wallClockResolution" => Reply::value(moment(0, 1_000_000)),
            "timezoneDisplay" => Reply::value(Value::record([
                ("utcOffset", Value::Number(0.0)),
                ("name", Value::text("UTC")),
                ("inDaylightSavingTime", Value::Bool(false)),
            ])),
            "timezoneUtcOffset" => Reply::value(Value::Number(0.0)),
            "monotonicClockNow" => Reply::value(Value::bigint(self.elapsed())),
            "monotonicClockResolution" => {
                Reply::value(Value::bigint(u64::try_from(TICK.as_nanos()).unwrap_or(1)))
            }
            "monotonicClockSubscribeDuration" => self.wait(number.unwrap_or_default()),
            "monotonicClockSubscribeInstant" => {
                self.wait(number.unwrap_or_default().saturating_sub(self.elapsed()))
            }
            "pollPoll" => poll(&args),
            "randomGetRandomBytes" | "insecureGetInsecureRandomBytes" => {
                let count = number.and_then(|count| usize::try_from(count).ok());
                Reply::Ready(random_bytes(&*self.outside, count))
            }
            "randomGetRandomU64" | "insecureGetInsecureRandomU64" => Reply::Ready(self.random_number()),
            "insecureSeedInsecureSeed" => {
                let one = self.random_number();
                Reply::Ready(one.and_then(|one| Ok(Value::List(vec![one, self.random_number()?]))))
            }
            "exitExit" | "exitExitWithCode" => {
                Reply::error(CallError::Invalid("it ended its own process, and with it this run".to_owned()))
            }
            "tcpCreateSocketCreateTcpSocket"
            | "udpCreateSocketCreateUdpSocket"
            | "ipNameLookupResolveAddresses" => refusal("access-denied", "the virtual WASI has no sockets"),
            "outgoingHandlerHandle" => refusal("HTTP-request-denied", NO_WEB),
            // The rest says what there is not: an initial folder, a terminal, what was wrong with a file.
            _ => Reply::undefined(),
        }
    }
}

/// Why no object of `wasi:http` can be made.
pub(crate) const NO_WEB: &str = "the virtual WASI has no web; import `powerbox:plugin/http`";

/// What tells nothing but what there is not.
pub(super) const GIVES_NOTHING: &[&str] = &[
    "environmentGetEnvironment",
    "environmentGetArguments",
    "environmentInitialCwd",
    "stdinGetStdin",
    "stdoutGetStdout",
    "stderrGetStderr",
    "terminalStdinGetTerminalStdin",
    "terminalStdoutGetTerminalStdout",
    "terminalStderrGetTerminalStderr",
    "wallClockResolution",
    "timezoneDisplay",
    "timezoneUtcOffset",
    "monotonicClockResolution",
    "pollPoll",
    "preopensGetDirectories",
    "typesFilesystemErrorCode",
    "typesHttpErrorCode",
    "instanceNetworkInstanceNetwork",
];

/// What gives something, or refuses it.
const GIVES_SOMETHING: &[&str] = &[
    "exitExit",
    "exitExitWithCode",
    "wallClockNow",
    "monotonicClockNow",
    "monotonicClockSubscribeDuration",
    "monotonicClockSubscribeInstant",
    "randomGetRandomBytes",
    "randomGetRandomU64",
    "insecureGetInsecureRandomBytes",
    "insecureGetInsecureRandomU64",
    "insecureSeedInsecureSeed",
    "tcpCreateSocketCreateTcpSocket",
    "udpCreateSocketCreateUdpSocket",
    "ipNameLookupResolveAddresses",
    "outgoingHandlerHandle",
];

static METHODS: LazyLock<Vec<&str>> = LazyLock::new(|| [GIVES_NOTHING, GIVES_SOMETHING].concat());

fn moment(seconds: u64, nanoseconds: u64) -> Value {
    Value::record([("seconds", Value::bigint(seconds)), ("nanoseconds", Value::bigint(nanoseconds))])
}

fn unsigned(value: &Value) -> Option<u64> {
    match value {
        Value::BigInt(integer) => u64::try_from(integer).ok(),
        _ => None,
    }
}

/// An answer that a function's own type of errors has a case for, by the case's name.
fn refusal(case: &str, message: &str) -> Reply {
    Reply::error(CallError::Thrown(Value::error(case, message)))
}

/// The answer of a stream that is at its end.
pub(super) fn closed() -> Reply {
    refusal("closed", "the stream is at its end")
}
