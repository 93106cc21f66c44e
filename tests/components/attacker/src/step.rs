//! One step of an attack.

use futures_util::future::join_all;
use powerbox_sdk::{Name, Object, Output, Passable, Problem, Reference, Value, callback};

use crate::script::tell;
use crate::slots::test::vault::vault;
use crate::slots::{left, right, storer, writer};

/// What an attack has got hold of so far.
pub(crate) struct Tries {
    references: Vec<Reference>,
    from: Option<Name>,
    to: Option<Name>,
}

impl Tries {
    pub(crate) fn new(objects: Vec<Object>, from: Option<Name>, to: Option<Name>) -> Self {
        Self { references: objects.into_iter().map(Reference::from).collect(), from, to }
    }

    /// Carries out a step, keeps the references in its answer, and tells the answer's text.
    pub(crate) async fn step(&mut self, step: &Value) -> Result<String, Problem> {
        let words = step.as_list().ok_or_else(|| Problem::invalid("a step is a list"))?;
        if words.first().and_then(Value::as_str) == Some("race") {
            return self.race(words).await;
        }
        let answer = self.carry_out(words).await?;
        let said = answer.body.clone();
        gather(&answer.decode()?, &mut self.references);
        Ok(said)
    }

    /// Carries a step out many times at once, and counts how it ended.
    async fn race(&self, words: &[Value]) -> Result<String, Problem> {
        let times = words.get(1).and_then(Value::as_f64).unwrap_or_default() as usize;
        let step = words.get(2).and_then(Value::as_list).unwrap_or_default();
        let outcomes = join_all((0..times).map(|_| self.carry_out(step))).await;
        let through = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.into_iter().find_map(Result::err);
        Ok(format!("{through} of {times}; {}", tell(refused.map_or_else(|| Ok(String::new()), Err))))
    }

    async fn carry_out(&self, words: &[Value]) -> Result<Passable, Problem> {
        let word = |place: usize| words.get(place).and_then(Value::as_str).unwrap_or_default();
        let path = |place: usize| {
            let names = words.get(place).and_then(Value::as_list).unwrap_or_default();
            names.iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        match (word(0), word(1)) {
            ("left", "list") => texts(left::list(path(2)).await?),
            ("left", "has") => truth(left::has(path(2)).await?),
            ("left", "identify") => maybe(left::identify(path(2)).await?),
            ("left", "lookup") => left::lookup(path(2)).await,
            ("left", "follow") => done(left::follow_name_changes().await.map(drop)?),
            ("right", "list") => texts(right::list(path(2)).await?),
            ("right", "lookup") => right::lookup(path(2)).await,
            ("writer", "make") => done(writer::make_directory(path(2)).await?),
            ("writer", "remove") => done(writer::remove(path(2)).await?),
            ("writer", "move") => done(writer::move_(path(2), path(3)).await?),
            ("writer", "copy") => done(writer::copy(path(2), path(3)).await?),
            ("storer", _) => done(storer::store_value(self.passable(words.get(1))?, path(2)).await?),
            ("vault", "take") => vault::take(word(2).to_owned()).await,
            ("vault", "put") => vault::put(self.passable(words.get(2))?).await,
            ("vault", "wreck") => {
                let times = words.get(3).and_then(Value::as_f64).unwrap_or_default() as i32;
                vault::wreck(word(2).to_owned(), times).await
            }
            ("vault", "store") => done(vault::store_identifier(path(2), word(3).to_owned()).await?),
            ("from", "lookup") => self.from()?.lookup().await,
            ("from", "identify") => maybe(self.from()?.identify().await?),
            ("from", "list") => texts(self.from()?.list().await?),
            ("from", "remove") => done(self.from()?.remove().await?),
            ("from", "make") => done(self.from()?.make_directory().await?),
            ("to", "store") => {
                let Passable { body, slots } = self.passable(words.get(2))?;
                done(self.to()?.store_value(body, slots.iter().collect()).await?)
            }
            ("to", "copy") => done(self.to()?.copy_from(self.from()?).await?),
            ("to", "move") => done(self.to()?.move_from(self.from()?).await?),
            ("to", "holds") => maybe(self.to()?.holds().await?),
            ("to", "replace") => {
                let Passable { body, slots } = self.passable(words.get(2))?;
                done(self.to()?.replacing()?.store_value(body, slots.iter().collect()).await?)
            }
            ("to", "place") => {
                let Passable { body, slots } = self.passable(words.get(2))?;
                let place = self.to()?.place_for(self.from()?).await?;
                done(place.store_value(body, slots.iter().collect()).await?)
            }
            ("to", "make") => done(self.to()?.make_directory().await?),
            ("to", "lookup") => self.to()?.lookup().await,
            ("show", _) => {
                let shown = Output::Value(self.passable(words.get(1))?);
                done(powerbox_sdk::emit(shown).await?)
            }
            ("raw", _) => self.raw(words).await,
            ("call" | "send" | "duplicate", _) => self.call(words).await,
            _ => Err(Problem::invalid(format!("no step is called {:?}", word(0)))),
        }
    }

    /// Calls a method of a reference.
    async fn call(&self, words: &[Value]) -> Result<Passable, Problem> {
        let object = self.reference(words.get(1))?.object();
        let method = words.get(2).and_then(Value::as_str).unwrap_or_default().to_owned();
        let none = Value::List(Vec::new());
        let Passable { body, slots } = self.passable(Some(words.get(3).unwrap_or(&none)))?;
        let slots = slots.iter().collect();
        match words.first().and_then(Value::as_str) {
            Some("send") => done(object.send(method, body, slots).await?),
            Some("duplicate") => object.duplicate().call(method, body, slots).await,
            _ => object.call(method, body, slots).await,
        }
    }

    /// Calls a method of a reference with a body that is written out, and all references as its slots.
    async fn raw(&self, words: &[Value]) -> Result<Passable, Problem> {
        let object = self.reference(words.get(1))?.object();
        let text = |place: usize| words.get(place).and_then(Value::as_str).unwrap_or_default().to_owned();
        let slots = self.references.iter().map(Reference::object).collect();
        object.call(text(2), text(3), slots).await
    }

    fn reference(&self, number: Option<&Value>) -> Result<&Reference, Problem> {
        let number = number.and_then(Value::as_f64).unwrap_or(-1.0);
        let known = self.references.get(number as usize).filter(|_| number >= 0.0);
        known.ok_or_else(|| Problem::invalid(format!("there is no reference {number}")))
    }

    fn from(&self) -> Result<&Name, Problem> {
        self.from.as_ref().ok_or_else(|| Problem::invalid("--from is missing"))
    }

    fn to(&self) -> Result<&Name, Problem> {
        self.to.as_ref().ok_or_else(|| Problem::invalid("--to is missing"))
    }

    fn passable(&self, value: Option<&Value>) -> Result<Passable, Problem> {
        let filled = self.filled(value.ok_or_else(|| Problem::invalid("the step lacks a value"))?)?;
        Passable::encode(filled)
    }

    /// Puts references in the places of their numbers, and objects of the plugin's own where they are described.
    fn filled(&self, value: &Value) -> Result<Value, Problem> {
        Ok(match value {
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.filled(item)).collect::<Result<_, _>>()?)
            }
            Value::Record(record) => {
                if let Some(number) = value.get("ref") {
                    return Ok(Value::Capability(self.reference(Some(number))?.clone()));
                }
                if let Some(steps) = value.get("callback") {
                    return Ok(Value::Capability(trying(steps.clone()).into()));
                }
                if let Some(number) = value.get("giver") {
                    return Ok(Value::Capability(giving(self.reference(Some(number))?.clone()).into()));
                }
                let pairs: Result<Vec<_>, Problem> =
                    record.iter().map(|(key, value)| Ok((key.clone(), self.filled(value)?))).collect();
                Value::record(pairs?)
            }
            plain => plain.clone(),
        })
    }
}

/// An object of the plugin's own that carries out steps with what it is passed, whatever is called.
fn trying(steps: Value) -> Object {
    callback("Alleged: Listener", move |_, arguments: Passable| {
        let steps = steps.clone();
        async move {
            let mut tries = Tries::new(Vec::new(), None, None);
            let mut said = vec![format!("heard {}", arguments.body.len())];
            gather(&arguments.decode()?, &mut tries.references);
            for step in steps.as_list().unwrap_or_default() {
                // A callback within a callback is no further attack.
                said.push(tell(Box::pin(tries.step(step)).await));
            }
            Passable::encode(Value::text(said.join("; ")))
        }
    })
}

/// An object of the plugin's own that answers with a reference.
fn giving(reference: Reference) -> Object {
    callback("Alleged: Giver", move |_, _| {
        let reference = reference.clone();
        async move { Passable::encode(Value::Capability(reference)) }
    })
}

fn gather(value: &Value, references: &mut Vec<Reference>) {
    match value {
        Value::Capability(reference) => references.push(reference.clone()),
        Value::List(items) => items.iter().for_each(|item| gather(item, references)),
        Value::Record(record) => record.iter().for_each(|(_, value)| gather(value, references)),
        Value::Tagged(tagged) => gather(&tagged.payload, references),
        Value::Error(error) => {
            error.cause.iter().chain(error.errors.iter().flatten()).for_each(|part| gather(part, references));
        }
        _ => {}
    }
}

fn texts(texts: Vec<String>) -> Result<Passable, Problem> {
    Passable::encode(Value::texts(texts.iter().map(String::as_str)))
}

fn truth(truth: bool) -> Result<Passable, Problem> {
    Passable::encode(Value::Bool(truth))
}

fn maybe(text: Option<String>) -> Result<Passable, Problem> {
    Passable::encode(text.map_or(Value::Undefined, Value::text))
}

fn done((): ()) -> Result<Passable, Problem> {
    Passable::encode(Value::Undefined)
}
