//! The state machine, without streams, tasks or time.

mod operations;
mod pair;

use std::time::{Duration, Instant};

use powerbox_passable::Value;

use self::pair::{Pair, Ref};
use super::{CallTarget, Failure, QuestionId, Refusal, Target};
use crate::{Limits, Message, Release};

fn cap(reference: &Ref) -> Value<Ref> {
    Value::Capability(reference.clone())
}

/// The first argument of the only call that waits.
fn argument(pair: &mut Pair, side: usize) -> Ref {
    let asked = pair.sides[side].asked.pop().expect("a call");
    pair.answer(side, asked.answer, Ok(Value::Undefined));
    match asked.message {
        Message::Call { args, .. } => match args.into_iter().next() {
            Some(Value::Capability(reference)) => reference,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_and_its_answer() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    let question = pair.call(0, &object, vec![Value::Number(5.0)]);
    pair.drive();
    let asked = pair.sides[1].asked.pop().unwrap();
    assert!(matches!(asked.target, CallTarget::Reference(Ref::Object(1))));
    pair.answer(1, asked.answer, Ok("yes".into()));
    pair.drive();
    assert!(
        matches!(&pair.sides[0].returned[..], [(q, Ok(value))] if *q == question && *value == "yes".into())
    );
    assert_eq!(pair.sides[1].connection.stats().peer_questions, 0);
}

#[test]
fn things_keep_their_identity_both_ways() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    // Sent home, the other side finds its own.
    pair.call(0, &object, vec![cap(&object)]);
    pair.drive();
    assert_eq!(argument(&mut pair, 1), Ref::Object(1));
    // Sent twice, it is one.
    pair.call(0, &object, vec![cap(&Ref::Object(7))]);
    pair.drive();
    let first = argument(&mut pair, 1);
    pair.call(0, &object, vec![cap(&Ref::Object(7))]);
    pair.drive();
    assert_eq!(argument(&mut pair, 1), first);
    assert_eq!(pair.sides[0].connection.stats().exports, 1);
}

#[test]
fn a_call_on_a_pending_answer_meets_one_promise() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    let question = pair.call(0, &object, vec![]);
    pair.call_target(0, &Target::Question(QuestionId(question)), vec![]);
    pair.call_target(0, &Target::Question(QuestionId(question)), vec![]);
    pair.drive();
    let targets: Vec<_> =
        pair.sides[1].asked.iter().skip(1).map(|asked| format!("{:?}", asked.target)).collect();
    assert_eq!(targets, ["Reference(Answer(1))"; 2]);
    // Whoever answers is told what to settle.
    let answer = pair.sides[1].asked[0].answer;
    let settled = pair.answer(1, answer, Ok(Value::Null));
    assert_eq!(settled, Some((Ref::Answer(1), Ok(Value::Null))));
}

#[test]
fn a_call_on_a_finished_answer_meets_what_it_was() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    for (outcome, expected) in [
        (Ok(cap(&Ref::Object(1))), "Reference(Object(1))"),
        (Ok(Value::Bool(true)), "Answered(Ok(Bool(true)))"),
        (Err(Value::Bool(false)), "Answered(Err(Bool(false)))"),
    ] {
        let question = pair.call(0, &object, vec![]);
        pair.drive();
        let asked = pair.sides[1].asked.pop().unwrap();
        pair.answer(1, asked.answer, outcome);
        pair.call_target(0, &Target::Question(QuestionId(question)), vec![]);
        pair.drive();
        let asked = pair.sides[1].asked.pop().unwrap();
        assert_eq!(format!("{:?}", asked.target), expected);
        pair.answer(1, asked.answer, Ok(Value::Null));
    }
}

#[test]
fn a_promise_is_settled_once_and_then_goes_out_anew() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    pair.call(0, &object, vec![cap(&Ref::Promise(1))]);
    pair.drive();
    let stand_in = argument(&mut pair, 1);
    let (export, _) = pair.sides[0].exported.pop().unwrap();
    pair.resolve(0, export, Ok("done".into()));
    pair.resolve(0, export, Ok("again".into()));
    pair.drive();
    assert!(matches!(&pair.sides[1].resolved[..], [(p, Ok(v))] if *p == stand_in && *v == "done".into()));
    pair.call(0, &object, vec![cap(&Ref::Promise(1))]);
    pair.drive();
    assert_ne!(argument(&mut pair, 1), stand_in);
    assert_ne!(pair.sides[0].exported.pop().unwrap().0, export);
}

#[test]
fn drops_that_cross_a_mention_leave_it_alive() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    pair.call(0, &object, vec![cap(&Ref::Object(7))]);
    pair.drive();
    let mine = argument(&mut pair, 1);
    pair.drive();
    // The drop and another mention are on their way at the same time.
    pair.call(0, &object, vec![cap(&Ref::Object(7))]);
    pair.release(1, mine);
    pair.drive();
    let again = argument(&mut pair, 1);
    assert_eq!(pair.sides[0].connection.stats().exports, 1);
    pair.release(1, again);
    pair.drive();
    assert_eq!(pair.sides[0].connection.stats().exports, 0);
}

#[test]
fn a_call_that_cannot_be_written_exports_nothing() {
    let limits = Limits { frame_bytes: 1_000, ..Limits::default() };
    let mut pair = Pair::with(limits, Release::Never);
    let object = pair.bootstrap();
    let Ref::Import(id, _) = &object else { panic!() };
    let args = vec![cap(&Ref::Promise(1)), "x".repeat(2_000).into()];
    let refused = pair.try_call(0, &Target::Import(id.clone()), args, None);
    assert!(matches!(refused, Err(Refusal::Limit(_))), "{refused:?}");
    assert_eq!(pair.sides[0].connection.stats().exports, 0);
    assert!(pair.sides[0].exported.is_empty());
}

#[test]
fn deadlines_end_questions_and_late_answers_are_no_fault() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    let Ref::Import(id, _) = &object else { panic!() };
    let now = Instant::now();
    let second = Duration::from_secs(1);
    for seconds in [3, 1, 2] {
        pair.try_call(0, &Target::Import(id.clone()), vec![], Some(now + second * seconds)).unwrap();
    }
    pair.drive();
    assert_eq!(pair.sides[0].connection.poll_timeout(), Some(now + second));
    pair.sides[0].connection.handle_timeout(now + second * 2);
    pair.collect(0);
    assert!(matches!(pair.sides[0].returned[..], [(_, Err(Failure::Deadline)), (_, Err(Failure::Deadline))]));
    for asked in std::mem::take(&mut pair.sides[1].asked) {
        pair.answer(1, asked.answer, Ok(Value::Null));
    }
    pair.drive();
    assert_eq!(pair.sides[0].returned.len(), 3);
    assert_eq!(pair.sides[0].connection.poll_timeout(), None);
}

#[test]
fn the_end_ends_everything_on_both_sides() {
    let mut pair = Pair::new();
    let object = pair.bootstrap();
    pair.call(0, &object, vec![cap(&Ref::Promise(1)), cap(&Ref::Object(2))]);
    pair.call(0, &object, vec![]);
    pair.drive();
    pair.sides[0].connection.abort(Some("\"enough\""));
    pair.collect(0);
    assert_eq!(pair.sides[0].returned.len(), 2);
    pair.drive();
    assert_eq!(pair.sides[1].resolved.len(), 1);
    for side in &pair.sides {
        assert_eq!(side.closed, 1);
        let stats = side.connection.stats();
        assert_eq!((stats.exports, stats.imports, stats.questions), (0, 0, 0));
        assert_eq!((stats.peer_questions, stats.kept_answers), (0, 0));
    }
    // Nothing is taken or sent any more; what was asked can still be answered, to nobody.
    for asked in std::mem::take(&mut pair.sides[1].asked) {
        assert_eq!(pair.answer(1, asked.answer, Ok(Value::Null)), None);
    }
    assert!(pair.sides[0].inbox.is_empty());
    let Ref::Import(id, _) = &object else { panic!() };
    let refused = pair.try_call(0, &Target::Import(id.clone()), vec![], None);
    assert!(matches!(refused, Err(Refusal::Closed(_))));
}

#[test]
fn finished_answers_are_kept_in_a_window() {
    let limits = Limits { kept_answers: 3, kept_objects: 2, ..Limits::default() };
    let mut pair = Pair::with(limits, Release::Never);
    let object = pair.bootstrap();
    for number in 0..20 {
        pair.call(0, &object, vec![]);
        pair.drive();
        let asked = pair.sides[1].asked.pop().unwrap();
        let value = if number % 2 == 0 { Value::Number(number.into()) } else { cap(&Ref::Object(1)) };
        pair.answer(1, asked.answer, Ok(value));
    }
    assert_eq!(pair.sides[1].connection.stats().kept_answers, 5);
}
