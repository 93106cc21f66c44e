mod hostile;
mod side;

use std::time::{Duration, Instant};

use arbitrary::{Result, Unstructured};
use powerbox_captp::protocol::Target;
use powerbox_captp::{Limits, Release};
use powerbox_passable::Value;

use self::side::{Ref, Side};

/// A session, seen from both ends: whatever either side does or says, in any order, with hostile frames among the true
/// ones, the tables stay within their limits, each question is answered at most once, and the end leaves nothing.
pub fn session(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(mut pair) = Pair::new(&mut input) else { return };
    while !input.is_empty() {
        if pair.step(&mut input).is_err() {
            break;
        }
    }
    pair.finish();
}

/// Two sides, joined by a wire that delivers when it is told to.
struct Pair {
    sides: [Side; 2],
    now: Instant,
}

/// Limits so low that a short input reaches them.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.frame_bytes = 2_048;
    limits.nesting = 16;
    limits.nodes = 128;
    limits.slots = 8;
    limits.exports = 6;
    limits.imports = 4;
    limits.questions = 6;
    limits.peer_questions = 5;
    limits.peer_question_bytes = 4_096;
    limits.queued_calls = 3;
    limits.kept_answers = 3;
    limits.kept_answer_bytes = 512;
    limits.kept_objects = 3;
    limits.kept_promises = 3;
    limits.kept_promise_bytes = 512;
    limits
}

impl Pair {
    fn new(input: &mut Unstructured<'_>) -> Result<Self> {
        let releases = [Release::Never, Release::Agreed, Release::Offered, Release::AtOnce];
        let (a, b) = (*input.choose(&releases)?, *input.choose(&releases)?);
        Ok(Self { sides: [Side::new("a", limits(), a), Side::new("b", limits(), b)], now: Instant::now() })
    }

    /// Has one side do something, or something happen to it.
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let at = usize::from(input.arbitrary::<bool>()?);
        let Some(side) = self.sides.get_mut(at) else { return Ok(()) };
        match input.int_in_range(0..=15)? {
            0 => {
                let mut asked = None;
                if side.connection.bootstrap(deadline(self.now, input)?, |id| *asked.insert(id)).is_ok() {
                    side.asked.extend(asked);
                }
            }
            1..=3 => {
                let target = match pick(&side.held, input)? {
                    Some(Ref::Import(stand_in)) => Target::Import(stand_in.id.clone()),
                    _ => match side.asked.iter().min_by_key(|id| id.to_string()) {
                        Some(question) => Target::Question(*question),
                        None => return Ok(()),
                    },
                };
                let message = call(side, input)?;
                let deadline = deadline(self.now, input)?;
                let mut asked = None;
                let called =
                    side.connection.call(&target, &message, deadline, &side.ends, |id| *asked.insert(id));
                if called.is_ok() {
                    side.asked.extend(asked);
                }
            }
            4..=5 => {
                if !side.owed.is_empty() {
                    let which = input.choose_index(side.owed.len())?;
                    let id = side.owed.swap_remove(which);
                    let value = settled(side, input)?;
                    side.answer(id, if input.arbitrary()? { Ok(value) } else { Err(value) });
                }
            }
            6 => {
                if !side.exported.is_empty() {
                    let which = input.choose_index(side.exported.len())?;
                    let id = side.exported.swap_remove(which);
                    // A promise of ours may be resolved to one of the peer.
                    let value = value(side, input)?;
                    let own = matches!(&value, Value::Capability(Ref::Promise(_)));
                    let outcome = if own { Err(Value::Null) } else { Ok(value) };
                    side.connection.resolve(id, &outcome, &side.ends);
                }
            }
            7 => {
                if !side.held.is_empty() {
                    let which = input.choose_index(side.held.len())?;
                    drop(side.held.swap_remove(which));
                }
            }
            8 => {
                self.now += Duration::from_secs(1);
                side.advance(self.now);
            }
            9..=11 => {
                let frame = hostile::frame(&side.inbox, input)?;
                let place = input.int_in_range(0..=side.inbox.len())?;
                side.inbox.insert(place, frame);
            }
            12 => {
                // Only a rare input ends the session by its own will.
                if input.ratio(1, 16)? {
                    side.connection.abort(None);
                }
            }
            _ => {
                side.take();
            }
        }
        self.collect(at);
        Ok(())
    }

    fn collect(&mut self, at: usize) {
        let [a, b] = &mut self.sides;
        let (from, to) = if at == 0 { (a, b) } else { (b, a) };
        let frames = from.collect();
        to.inbox.extend(frames);
    }

    /// Delivers and answers everything, then ends the session.
    fn finish(&mut self) {
        loop {
            let mut moved = false;
            for at in [0, 1] {
                let Some(side) = self.sides.get_mut(at) else { return };
                moved |= side.take();
                side.held.clear();
                for id in std::mem::take(&mut side.owed) {
                    side.answer(id, Ok(Value::Null));
                }
                for id in std::mem::take(&mut side.exported) {
                    side.connection.resolve(id, &Ok(Value::Null), &side.ends);
                }
                self.collect(at);
            }
            if !moved && self.sides.iter().all(|side| side.inbox.is_empty() && side.owed.is_empty()) {
                break;
            }
        }
        for at in [0, 1] {
            if let Some(side) = self.sides.get_mut(at) {
                assert_eq!(side.connection.stats().peer_questions, 0);
                side.connection.abort(None);
            }
            self.collect(at);
        }
        self.sides.iter().for_each(Side::is_clean);
    }
}

fn deadline(now: Instant, input: &mut Unstructured<'_>) -> Result<Option<Instant>> {
    Ok(input.arbitrary::<bool>()?.then_some(now + Duration::from_secs(2)))
}

fn pick(list: &[Ref], input: &mut Unstructured<'_>) -> Result<Option<Ref>> {
    if list.is_empty() { Ok(None) } else { input.choose(list).cloned().map(Some) }
}

/// The list that the wire calls `method`.
fn call(side: &Side, input: &mut Unstructured<'_>) -> Result<Value<Ref>> {
    let count = input.int_in_range(0..=3)?;
    let args: Result<Vec<_>> = (0..count).map(|_| value(side, input)).collect();
    Ok(Value::list([Value::text("m"), Value::List(args?)]))
}

fn value(side: &Side, input: &mut Unstructured<'_>) -> Result<Value<Ref>> {
    Ok(match input.int_in_range(0..=5)? {
        0 => Value::Number(1.0),
        1 => Value::Capability(Ref::Object(input.int_in_range(0..=5)?)),
        2 => Value::Capability(Ref::Promise(input.int_in_range(0..=5)?)),
        3 => Value::text("x".repeat(input.int_in_range(0..=3_000)?)),
        4 => Value::list([Value::Capability(Ref::Object(0)), Value::Capability(Ref::Promise(1))]),
        _ => pick(&side.held, input)?.map_or(Value::Null, Value::Capability),
    })
}

/// A value that is not itself a promise, as answers are.
fn settled(side: &Side, input: &mut Unstructured<'_>) -> Result<Value<Ref>> {
    let value = value(side, input)?;
    Ok(match &value {
        Value::Capability(reference) if reference.is_promise() => Value::Null,
        _ => value,
    })
}
