use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    Extra, Recording, Verdict,
    matching::{Bindings, Matching, Thing},
    message::{Data, Message, Outcome},
};

/// The daemon's half of a recording as a state machine: a message of the client in, messages of the daemon out.
///
/// The recorded client's calls are expected in their order. A message of the recorded daemon goes out once what
/// caused it has come in: an answer after its question, a call by the daemon and what follows it after the client's
/// answers that were recorded before. Among those that can go, the recorded order is kept.
#[derive(Debug)]
pub struct Script {
    recording: Recording,
    extras: Vec<Extra>,
    optional: HashSet<String>,
    bindings: Bindings,
    /// For each step of the recording, whether it is over: sent, received, or left out.
    over: Vec<bool>,
    ended: bool,
    client_left_first: bool,
    verdict: Verdict,
}

impl Script {
    /// Starts at the beginning of a recording, with the calls allowed that find out the dialect.
    pub fn new(recording: Recording) -> Self {
        let verdict = Verdict { recording: recording.name().to_owned(), ..Verdict::default() };
        Self {
            extras: recording.dialect().detection(),
            optional: HashSet::new(),
            bindings: Bindings::default(),
            over: vec![false; recording.steps.len()],
            ended: false,
            client_left_first: false,
            verdict,
            recording,
        }
    }

    /// Allows a call that is not in the recording.
    #[must_use]
    pub fn allowing(mut self, extra: Extra) -> Self {
        self.extras.push(extra);
        self
    }

    /// Lets the client leave out calls of a method.
    #[must_use]
    pub fn without(mut self, method: &str) -> Self {
        self.optional.insert(method.to_owned());
        self
    }

    /// Tells whether every call of the recording that must come has come.
    pub fn all_called(&self) -> bool {
        self.open_calls().all(|index| self.is_optional(index))
    }

    /// Tells whether the daemon ended the session, as opposed to the client.
    pub fn daemon_left(&self) -> bool {
        self.ended && !self.client_left_first
    }

    /// Takes a message from the client and gives the messages to send.
    pub fn receive(&mut self, raw: &Value) -> Vec<Value> {
        let mut out = Vec::new();
        match Message::read(raw) {
            Ok(Message::Bootstrap { question }) => out.extend(self.receive_bootstrap(&question)),
            Ok(Message::Call { question, target, method }) => {
                out.extend(self.receive_call(&question, &target, &method));
            }
            Ok(Message::Return { answer, outcome }) => self.receive_return(&answer, &outcome),
            Ok(Message::Resolve { promise, outcome }) => self.receive_resolve(&promise, &outcome),
            // Whether to collect is each side's own business.
            Ok(Message::Drop) => {}
            Ok(Message::Disconnect) => {
                self.verdict.disconnected = true;
                if !self.ended {
                    self.ended = true;
                    self.client_left_first = true;
                    out.push(raw.clone());
                }
            }
            Err(problem) => self.verdict.wrong.push(format!("{problem:#}")),
        }
        self.send_what_can_go(&mut out);
        out
    }

    /// Gives the verdict, once nothing more will come from the client.
    pub fn finish(mut self) -> Verdict {
        let open: Vec<usize> = self.open_calls().collect();
        for index in open {
            let Some(description) = self.describe_step(index) else { continue };
            if self.is_optional(index) {
                self.verdict.left_out.push(description);
            } else {
                self.verdict.missing.push(description);
            }
        }
        self.verdict
    }

    /// Adds something that is wrong with the connection itself.
    pub(super) fn complain(&mut self, problem: String) {
        self.verdict.wrong.push(problem);
    }

    fn receive_bootstrap(&mut self, question: &str) -> Option<Value> {
        let index = self.find(|message| matches!(message, Message::Bootstrap { .. }));
        if let Some(index) = index {
            if let Some(Message::Bootstrap { question: recorded }) = self.message(index) {
                let recorded = recorded.clone();
                self.bindings.bind_question(&recorded, question);
            }
            self.mark(index);
            return None;
        }
        // It may be asked again, and then gives the same.
        let recorded = self.recording.steps.iter().find_map(|step| match &step.message {
            Message::Bootstrap { question } => Some(question),
            _ => None,
        })?;
        let answer = self.recording.steps.iter().find(
            |step| matches!(&step.message, Message::Return { answer, .. } if !step.from_client && answer == recorded),
        )?;
        let mut raw = answer.raw.clone();
        set(&mut raw, "answerID", question);
        Some(raw)
    }

    fn receive_call(&mut self, question: &str, target: &str, method: &Data) -> Option<Value> {
        let thing = self.bindings.target(target, &self.recording);
        if let Some(thing) = &thing {
            // The next call that must come, or one of those before it that may be left out.
            let mut passed = Vec::new();
            for index in self.open_calls().collect::<Vec<_>>() {
                if self.matches(index, thing, method) {
                    passed.into_iter().for_each(|index| self.leave_out(index));
                    self.accept(index, question);
                    return None;
                }
                if !self.is_optional(index) {
                    break;
                }
                passed.push(index);
            }
        }
        let description = self.describe(thing.as_ref(), method);
        let interface = thing.as_ref().and_then(|thing| self.recording.interface(thing));
        let name = method.body.get(0).and_then(Value::as_str);
        let extra = self
            .extras
            .iter()
            .find(|extra| Some(&*extra.method) == name && Some(&*extra.interface) == interface);
        if let Some(extra) = extra {
            self.verdict.extra.push(description);
            let result = json!({"body": extra.answer.to_string(), "slots": []});
            return Some(json!({"type": "CTP_RETURN", "epoch": 0, "answerID": question, "result": result}));
        }
        let message = format!("the recording {} does not go on with {description}", self.recording.name());
        let error =
            json!({"@qclass": "error", "errorId": "error:script#1", "message": message, "name": "Error"});
        self.verdict.unexpected.push(description);
        let exception = json!({"body": error.to_string(), "slots": []});
        Some(json!({"type": "CTP_RETURN", "epoch": 0, "answerID": question, "exception": exception}))
    }

    fn matches(&mut self, index: usize, thing: &Thing, method: &Data) -> bool {
        let step = self.recording.steps.get(index);
        let Some(Message::Call { target, method: recorded, .. }) = step.map(|step| &step.message) else {
            return false;
        };
        if self.recording.thing_of_client_slot(target) != *thing {
            return false;
        }
        let mut matching = Matching { recording: &self.recording, bindings: self.bindings.clone() };
        let same = matching.same_method(recorded, method);
        if same {
            self.bindings = matching.bindings;
        }
        same
    }

    fn accept(&mut self, index: usize, question: &str) {
        if let Some(Message::Call { question: recorded, .. }) = self.message(index) {
            let recorded = recorded.clone();
            self.bindings.bind_question(&recorded, question);
        }
        let description = self.describe_step(index);
        self.verdict.made.extend(description);
        self.mark(index);
    }

    fn leave_out(&mut self, index: usize) {
        let description = self.describe_step(index);
        self.verdict.left_out.extend(description);
        self.mark(index);
        // What was not asked is not answered, and nothing waits for that.
        let Some(Message::Call { question, .. }) = self.message(index) else { return };
        let answer = self.recording.steps.iter().position(
            |step| matches!(&step.message, Message::Return { answer, .. } if !step.from_client && answer == question),
        );
        if let Some(answer) = answer {
            self.mark(answer);
        }
    }

    fn receive_return(&mut self, answer: &str, outcome: &Outcome) {
        // The daemon's own questions keep the numbers that they had.
        let index = self.find(
            |message| matches!(message, Message::Return { answer: recorded, .. } if recorded == answer),
        );
        let Some(index) = index else {
            return self.verdict.wrong.push(format!("an answer to {answer}, which was not asked"));
        };
        if let Some(Message::Return { outcome: recorded, .. }) = self.message(index) {
            self.compare(&format!("the answer to {answer}"), &recorded.clone(), outcome);
        }
        self.mark(index);
    }

    fn receive_resolve(&mut self, promise: &str, outcome: &Outcome) {
        let number = promise.replace(['+', '-'], "");
        match self.bindings.export(&number).cloned() {
            // A promise that stands for the client's own in the recording.
            Some(Thing::Client(recorded)) => {
                if let Some(expected) = self.recording.resolutions.get(&recorded).cloned() {
                    self.compare(&format!("the resolution of {promise}"), &expected, outcome);
                }
                let index = self.find(|message| {
                    matches!(message, Message::Resolve { promise, .. } if promise.replace('-', "") == recorded)
                });
                index.into_iter().for_each(|index| self.mark(index));
            }
            Some(thing) => {
                let slot = match outcome {
                    Outcome::Fulfilled(data) => {
                        data.lone_slot().and_then(|slot| self.bindings.target(slot, &self.recording))
                    }
                    Outcome::Rejected(_) => None,
                };
                if slot.as_ref() != Some(&thing) {
                    self.verdict.wrong.push(format!("{promise} came to {slot:?} and not to {thing:?}"));
                }
            }
            None => self.verdict.wrong.push(format!("{promise} is resolved but was never mentioned")),
        }
    }

    fn compare(&mut self, what: &str, recorded: &Outcome, live: &Outcome) {
        let mut matching = Matching { recording: &self.recording, bindings: self.bindings.clone() };
        let same = match (recorded, live) {
            (Outcome::Fulfilled(one), Outcome::Fulfilled(other))
            | (Outcome::Rejected(one), Outcome::Rejected(other)) => matching.same_data(one, other),
            _ => false,
        };
        if same {
            self.bindings = matching.bindings;
        } else {
            let (recorded, live) = (&recorded.data().body, &live.data().body);
            self.verdict.wrong.push(format!("{what} is {live} and not {recorded}"));
        }
    }

    fn send_what_can_go(&mut self, out: &mut Vec<Value>) {
        let mut all_sent = true;
        for index in 0..self.recording.steps.len() {
            if self.ended {
                return;
            }
            let Some(step) = self.recording.steps.get(index) else { return };
            if self.is_over(index) {
                continue;
            }
            let from_client = step.from_client;
            let can_go = match &step.message {
                // Nothing that the daemon did after an answer of the client can have been caused without it.
                // Its going is answered as it comes in.
                Message::Return { .. } | Message::Disconnect if from_client => return,
                _ if from_client => continue,
                Message::Return { answer, .. } => self.bindings.live_question(answer).is_some(),
                Message::Call { target, .. } => {
                    all_sent && self.bindings.live_export(&Thing::of_slot(target, false)).is_some()
                }
                Message::Disconnect => all_sent && self.calls_before(index),
                Message::Resolve { .. } => all_sent,
                Message::Bootstrap { .. } | Message::Drop => true,
            };
            if can_go {
                self.mark(index);
                self.ended |= matches!(self.message(index), Some(Message::Disconnect));
                out.extend(self.as_sent(index));
            } else if matches!(self.message(index), Some(Message::Return { .. })) {
                all_sent = false;
            } else {
                return;
            }
        }
    }

    /// Gives a message of the daemon in our client's numbers.
    fn as_sent(&self, index: usize) -> Option<Value> {
        let step = self.recording.steps.get(index)?;
        let mut raw = step.raw.clone();
        let renumbered = |slot: &str| -> Option<String> {
            let thing = Thing::of_slot(slot, false);
            let number =
                matches!(thing, Thing::Client(_)).then(|| self.bindings.live_export(&thing)).flatten()?;
            let (kind, number) = number.split_at_checked(1)?;
            Some(format!("{kind}-{number}"))
        };
        match &step.message {
            Message::Return { answer, .. } => set(&mut raw, "answerID", self.bindings.live_question(answer)?),
            Message::Call { target, .. } => {
                if let Some(target) = renumbered(target) {
                    set(&mut raw, "target", &target);
                }
            }
            _ => {}
        }
        for place in ["result", "exception", "method", "res", "rej"] {
            let slots =
                raw.get_mut(place).and_then(|data| data.get_mut("slots")).and_then(Value::as_array_mut);
            for slot in slots.into_iter().flatten() {
                if let Some(live) = slot.as_str().and_then(renumbered) {
                    *slot = live.into();
                }
            }
        }
        Some(raw)
    }

    fn message(&self, index: usize) -> Option<&Message> {
        self.recording.steps.get(index).map(|step| &step.message)
    }

    fn is_over(&self, index: usize) -> bool {
        self.over.get(index).copied().unwrap_or(true)
    }

    fn mark(&mut self, index: usize) {
        if let Some(over) = self.over.get_mut(index) {
            *over = true;
        }
    }

    /// Finds the first message of the recorded client that is yet to come and fits.
    fn find(&self, fits: impl Fn(&Message) -> bool) -> Option<usize> {
        let mut steps = self.recording.steps.iter().enumerate();
        steps
            .find(|(index, step)| step.from_client && !self.is_over(*index) && fits(&step.message))
            .map(|(index, _)| index)
    }

    fn open_calls(&self) -> impl Iterator<Item = usize> + '_ {
        let calls = self.recording.steps.iter().enumerate();
        calls
            .filter(|(_, step)| step.from_client && matches!(step.message, Message::Call { .. }))
            .map(|(index, _)| index)
            .filter(|index| !self.is_over(*index))
    }

    fn calls_before(&self, end: usize) -> bool {
        self.open_calls().all(|index| index > end)
    }

    fn is_optional(&self, index: usize) -> bool {
        let Some(Message::Call { method, .. }) = self.message(index) else { return false };
        method.body.get(0).and_then(Value::as_str).is_some_and(|name| self.optional.contains(name))
    }

    fn describe_step(&self, index: usize) -> Option<String> {
        match self.message(index)? {
            Message::Call { target, method, .. } => {
                Some(self.describe(Some(&self.recording.thing_of_client_slot(target)), method))
            }
            _ => None,
        }
    }

    fn describe(&self, thing: Option<&Thing>, method: &Data) -> String {
        let target = match thing {
            None => "(unknown target)".to_owned(),
            Some(thing) => match (self.recording.interface(thing), thing) {
                (Some(interface), _) => interface.trim_start_matches("Alleged: ").to_owned(),
                (None, Thing::Daemon(number) | Thing::Client(number) | Thing::Answer(number)) => {
                    number.clone()
                }
            },
        };
        let name = method.body.get(0).map_or_else(String::new, |name| name.as_str().unwrap_or("").to_owned());
        let arguments = method.body.get(1).and_then(Value::as_array);
        let arguments =
            arguments.map(|each| each.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
        format!("{target}.{name}{}", arguments.map_or_else(String::new, |arguments| format!("({arguments})")))
    }
}

fn set(message: &mut Value, key: &str, text: &str) {
    if let Some(field) = message.get_mut(key) {
        *field = text.into();
    }
}
