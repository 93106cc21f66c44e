//! Random operations in any order never break the tables.

use std::collections::HashSet;

use powerbox_passable::Value;
use proptest::prelude::*;

use super::pair::{Pair, Ref};
use crate::protocol::{AnswerId, CallTarget, QuestionId, Target};
use crate::{Message, Release};

/// Something that one side does, or that happens to it. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Operation {
    Bootstrap,
    Call { target: usize, arguments: Vec<usize> },
    Pipeline { question: u64 },
    Answer { which: usize, value: usize, thrown: bool },
    Resolve { which: usize, value: usize },
    Release { which: usize },
    Deliver { count: usize },
    Garbage(Vec<u8>),
    Drop { slot: String, mentions: u32 },
}

fn operation() -> impl Strategy<Value = (usize, Operation)> {
    let operation = prop_oneof![
        1 => Just(Operation::Bootstrap),
        4 => (any::<usize>(), proptest::collection::vec(any::<usize>(), 0..4))
            .prop_map(|(target, arguments)| Operation::Call { target, arguments }),
        2 => (1..20_u64).prop_map(|question| Operation::Pipeline { question }),
        4 => (any::<usize>(), any::<usize>(), any::<bool>())
            .prop_map(|(which, value, thrown)| Operation::Answer { which, value, thrown }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(which, value)| Operation::Resolve { which, value }),
        2 => any::<usize>().prop_map(|which| Operation::Release { which }),
        6 => (1..6_usize).prop_map(|count| Operation::Deliver { count }),
        1 => prop_oneof![Just("[]"), Just(r#"{"type":"CTP_RETURN","answerID":"q-1"}"#)]
            .prop_map(|text| Operation::Garbage(text.as_bytes().to_vec())),
        1 => ("[opq]-[1-4]", 0..5_u32).prop_map(|(slot, mentions)| Operation::Drop { slot, mentions }),
    ];
    (0..2_usize, operation)
}

/// What each side knows of the other's, and may still use.
#[derive(Default)]
struct Known(Vec<Ref>);

impl Known {
    fn learn(&mut self, value: &Value<Ref>) {
        let _ = value.clone().try_map(&mut |reference: Ref| {
            if matches!(reference, Ref::Import(..)) && !self.0.contains(&reference) {
                self.0.push(reference);
            }
            Ok::<_, ()>(())
        });
    }

    /// One of them, or something of the side's own.
    fn choose(&self, number: usize) -> Value<Ref> {
        match number % 4 {
            0 => Value::Capability(Ref::Object((number / 4 % 3) as u32)),
            1 => Value::Capability(Ref::Promise((number / 4 % 3) as u32)),
            2 if !self.0.is_empty() => Value::Capability(self.0[number / 4 % self.0.len()].clone()),
            _ => Value::Number(1.0),
        }
    }
}

fn is_promise(value: &Value<Ref>) -> bool {
    match value {
        Value::Capability(Ref::Import(id, _)) => id.is_promise(),
        Value::Capability(Ref::Object(_)) => false,
        Value::Capability(_) => true,
        _ => false,
    }
}

struct World {
    pair: Pair,
    known: [Known; 2],
    questions: [HashSet<u64>; 2],
    /// Calls whose arguments were looked at.
    heard: [HashSet<AnswerId>; 2],
}

impl World {
    fn apply(&mut self, side: usize, operation: Operation) {
        if let Operation::Deliver { count } = operation {
            for _ in 0..count {
                self.pair.deliver(side);
                self.learn(side);
            }
            return;
        }
        let pair = &mut self.pair;
        match operation {
            Operation::Bootstrap => {
                let mut asked = 0;
                pair.sides[side]
                    .connection
                    .bootstrap(None, |question| {
                        asked = question.0;
                        asked
                    })
                    .unwrap();
                self.questions[side].insert(asked);
            }
            Operation::Call { target, arguments } => {
                let known = &self.known[side];
                if let Some(Ref::Import(id, _)) = known.0.get(target % known.0.len().max(1)) {
                    let args = arguments.into_iter().map(|number| known.choose(number)).collect();
                    let question = pair.call_target(side, &Target::Import(id.clone()), args);
                    self.questions[side].insert(question);
                }
            }
            Operation::Pipeline { question } => {
                let target = Target::Question(QuestionId(question));
                let question = pair.call_target(side, &target, vec![]);
                self.questions[side].insert(question);
            }
            Operation::Answer { which, value, thrown } => {
                let value = self.known[side].choose(value);
                let value = if is_promise(&value) { Value::Null } else { value };
                let outcome = if thrown { Err(value) } else { Ok(value) };
                let from = &mut pair.sides[side];
                let count = from.asked.len() + from.bootstraps.len();
                if count > 0 {
                    let which = which % count;
                    let answer = if which < from.asked.len() {
                        from.asked.remove(which).answer
                    } else {
                        from.bootstraps.remove(which - from.asked.len())
                    };
                    pair.answer(side, answer, outcome);
                }
            }
            Operation::Resolve { which, value } => {
                let value = self.known[side].choose(value);
                let exported = &mut pair.sides[side].exported;
                if !exported.is_empty() && !is_promise(&value) {
                    let (export, _) = exported.remove(which % exported.len());
                    pair.resolve(side, export, Ok(value));
                }
            }
            Operation::Release { which } => {
                let known = &mut self.known[side].0;
                let objects: Vec<_> =
                    (0..known.len()).filter(|n| !is_promise(&Value::Capability(known[*n].clone()))).collect();
                if !objects.is_empty() {
                    let reference = known.remove(objects[which % objects.len()]);
                    pair.release(side, reference);
                }
            }
            Operation::Deliver { .. } => {}
            Operation::Garbage(text) => pair.sides[side].inbox.push_back(text),
            Operation::Drop { slot, mentions } => {
                let text = format!(r#"{{"type":"CTP_DROP","slotID":"{slot}","decRefs":{mentions}}}"#);
                pair.sides[side].inbox.push_back(text.into_bytes());
            }
        }
        self.pair.collect(side);
    }

    /// Takes note of what came with calls and answers.
    fn learn(&mut self, side: usize) {
        let from = &mut self.pair.sides[side];
        let known = &mut self.known[side];
        for asked in &from.asked {
            if !self.heard[side].insert(asked.answer) {
                continue;
            }
            if let Message::Call { args, .. } = &asked.message {
                args.iter().for_each(|arg| known.learn(arg));
            }
            if let CallTarget::Reference(reference) = &asked.target {
                known.learn(&Value::Capability(reference.clone()));
            }
        }
        for (question, outcome) in from.returned.drain(..) {
            assert!(self.questions[side].remove(&question), "{question} is answered once");
            if let Ok(value) = outcome {
                known.learn(&value);
            }
        }
        for (_, outcome) in from.resolved.drain(..) {
            if let Ok(value) = outcome {
                known.learn(&value);
            }
        }
    }

    /// Answers all that is asked, until both sides rest.
    fn finish(&mut self) {
        loop {
            let moved = self.pair.deliver(0) | self.pair.deliver(1);
            self.learn(0);
            self.learn(1);
            let mut answered = false;
            for side in 0..2 {
                let bootstraps = std::mem::take(&mut self.pair.sides[side].bootstraps);
                let asked = std::mem::take(&mut self.pair.sides[side].asked);
                for answer in bootstraps.into_iter().chain(asked.into_iter().map(|asked| asked.answer)) {
                    self.pair.answer(side, answer, Ok(Value::Null));
                    answered = true;
                }
            }
            if !moved && !answered {
                return;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_question_is_answered_once_and_the_end_leaves_nothing(
        operations in proptest::collection::vec(operation(), 0..120),
        never in any::<bool>(),
    ) {
        let release = if never { Release::Never } else { Release::AtOnce };
        let mut world = World {
            pair: Pair::with(crate::Limits::default(), release),
            known: Default::default(),
            questions: Default::default(),
            heard: Default::default(),
        };
        let forged = operations.iter().any(|(_, operation)| matches!(operation, Operation::Garbage(_)));
        for (side, operation) in operations {
            world.apply(side, operation);
        }
        world.finish();
        for side in 0..2 {
            let stats = world.pair.sides[side].connection.stats();
            prop_assert_eq!(stats.peer_questions, 0);
            // A forged answer takes the place of the real one, so that is not waited for twice.
            prop_assert_eq!(stats.questions, world.questions[side].len());
            prop_assert!(forged || stats.questions == 0);
        }
        world.pair.sides[0].connection.abort(None);
        world.pair.drive();
        for side in &world.pair.sides {
            prop_assert_eq!(side.closed, 1);
            let stats = side.connection.stats();
            prop_assert_eq!((stats.exports, stats.imports, stats.kept_answers), (0, 0, 0));
        }
    }
}
