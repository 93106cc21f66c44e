//! What should happen.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::{MINUTE, Rule};

pub(crate) const NOW: u64 = 1_700_000_000_000;

/// There are seven objects that can be reached from the two that are granted; those of the holders' own come after.
pub(crate) const INNER: usize = 7;
pub(crate) const OWN: usize = 2;

/// The child of an object: some lead back up.
pub(crate) fn child_of(thing: usize, which: i8) -> usize {
    (thing * 2 + 1 + usize::from(which % 2 != 0)) % INNER
}

/// A reference, by how it came to who has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ref {
    Thing(usize),
    /// As the holder of this grant has it.
    Out(usize, Box<Ref>),
    /// As what was granted by this grant has it.
    In(usize, Box<Ref>),
}

impl Ref {
    /// What a holder of `grant` is given for it.
    fn outward(self, grant: usize) -> Self {
        match self {
            Self::In(of, itself) if of == grant => *itself,
            Self::Out(of, _) if of == grant => self,
            other => Self::Out(grant, Box::new(other)),
        }
    }

    /// What is passed in for it by a holder of `grant`.
    fn inward(self, grant: usize) -> Self {
        match self {
            Self::Out(of, itself) if of == grant => *itself,
            Self::In(of, _) if of == grant => self,
            other => Self::In(grant, Box::new(other)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arg {
    Number(i8),
    Text(&'static str),
    Ref(Ref),
    Nothing,
}

impl Arg {
    fn map(self, f: impl FnOnce(Ref) -> Ref) -> Self {
        match self {
            Self::Ref(reference) => Self::Ref(f(reference)),
            other => other,
        }
    }
}

/// A line of the record.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) grant: usize,
    pub(crate) function: String,
    pub(crate) outcome: Outcome,
    /// Whether it is the last membrane on the way; not told in the record.
    pub(crate) arrives: bool,
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        (self.grant, &self.function, self.outcome) == (other.grant, &other.function, other.outcome)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refused,
    Answered,
    Failed,
}

struct Grant {
    parent: Option<usize>,
    root: usize,
    slot: Option<usize>,
    /// Each with what it has let through: calls, or what is left of a rate and since when.
    rules: Vec<(Rule, u64, u64)>,
    ended: bool,
}

/// What the person agrees to: by whose rule, on what, which function, with what.
type Exact = (usize, Named, String, Vec<Named>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Root,
    Own,
    /// As it is known since the last restart.
    Known(Ref, usize),
    Plain(Arg),
}

pub(crate) struct Model {
    /// The latest time that was told.
    pub(crate) now: u64,
    grants: Vec<Grant>,
    /// What was put into the objects.
    stored: BTreeMap<usize, Arg>,
    pub(crate) effects: Vec<(usize, String, Vec<Arg>)>,
    pub(crate) records: Vec<Line>,
    /// How many calls the objects made among themselves, where no membrane is.
    pub(crate) among: usize,
    asked: Option<Exact>,
    approved: BTreeMap<Exact, u64>,
    restarts: usize,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            now: NOW,
            grants: Vec::new(),
            stored: BTreeMap::new(),
            effects: Vec::new(),
            records: Vec::new(),
            among: 0,
            asked: None,
            approved: BTreeMap::new(),
            restarts: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.grants.len()
    }

    pub(crate) fn live(&self) -> BTreeSet<usize> {
        (0..self.grants.len()).filter(|grant| !self.grants[*grant].ended).collect()
    }

    fn chain(&self, grant: usize) -> Vec<usize> {
        std::iter::successors(Some(grant), |grant| self.grants[*grant].parent).collect()
    }

    fn over(&self, grant: usize) -> bool {
        self.grants[grant].rules.iter().any(|(rule, ..)| rule.is_over(self.now))
    }

    /// The root of a grant; it is known in the test only.
    pub(crate) fn root(&self, grant: usize) -> usize {
        self.grants[grant].root
    }

    /// Makes a grant from nothing, or of another. Tells whether that is possible.
    pub(crate) fn add(
        &mut self,
        parent: Option<usize>,
        root: usize,
        slot: Option<usize>,
        rules: &[Rule],
    ) -> bool {
        let possible = self.may_add(parent, rules);
        if possible {
            let before =
                self.grants.iter().position(|grant| slot.is_some() && grant.slot == slot && !grant.ended);
            if let Some(before) = before {
                self.end(before);
            }
            let root = parent.map_or(root, |parent| self.grants[parent].root);
            self.grants.push(Grant { parent, root, slot, rules: Vec::new(), ended: false });
            self.push_rules(self.grants.len() - 1, rules);
        }
        possible
    }

    pub(crate) fn narrow(&mut self, grant: usize, rules: &[Rule]) -> bool {
        let possible = self.may_add(Some(grant), rules);
        if possible {
            self.push_rules(grant, rules);
        }
        possible
    }

    fn may_add(&self, parent: Option<usize>, rules: &[Rule]) -> bool {
        let chain = parent.map_or_else(Vec::new, |parent| self.chain(parent));
        !rules.iter().any(|rule| rule.is_over(self.now))
            && !chain.iter().any(|link| self.grants[*link].ended || self.over(*link))
            && chain.iter().all(|link| {
                self.grants[*link]
                    .rules
                    .iter()
                    .all(|(above, ..)| rules.iter().all(|rule| rule.is_within(above)))
            })
    }

    fn push_rules(&mut self, grant: usize, rules: &[Rule]) {
        for rule in rules {
            // A rate begins with all that it may hold.
            let left = if let Rule::Rate(calls, minutes) = rule { calls * minutes * MINUTE } else { 0 };
            self.grants[grant].rules.push((rule.clone(), left, self.now));
        }
    }

    pub(crate) fn end(&mut self, grant: usize) {
        for other in grant..self.grants.len() {
            if self.chain(other).contains(&grant) {
                self.grants[other].ended = true;
            }
        }
    }

    /// Everybody forgets everything but what is on disk.
    pub(crate) fn restart(&mut self) {
        self.stored.clear();
        self.asked = None;
        self.restarts += 1;
    }

    /// The person allows what was asked for last.
    pub(crate) fn approve(&mut self) -> Option<usize> {
        let asked = self.asked.take()?;
        let grant = asked.0;
        self.approved.insert(asked, self.now + 10 * MINUTE);
        Some(grant)
    }

    pub(crate) fn call(&mut self, target: &Ref, function: &str, args: Vec<Arg>) -> Option<Arg> {
        let (grant, inner, is_out) = match target {
            Ref::Thing(thing) => return self.arrive(*thing, function, args),
            Ref::Out(grant, inner) => (*grant, inner, true),
            Ref::In(grant, inner) => (*grant, inner, false),
        };
        let passes = if is_out {
            self.admit(grant, target, inner, function, &args)
        } else {
            self.lives(grant)
                && self
                    .chain(grant)
                    .iter()
                    .all(|link| self.grants[*link].rules.iter().all(|(rule, ..)| *rule != Rule::Bytes(false)))
        };
        let line = self.records.len();
        self.records.push(Line {
            grant,
            function: if is_out { function.to_owned() } else { format!("callback {function}") },
            outcome: if passes { Outcome::Failed } else { Outcome::Refused },
            arrives: passes && matches!(**inner, Ref::Thing(_)),
        });
        if !passes {
            return None;
        }
        let across = |reference: Ref, inward: bool| {
            if inward { reference.inward(grant) } else { reference.outward(grant) }
        };
        let args = args.into_iter().map(|arg| arg.map(|reference| across(reference, is_out))).collect();
        let answer = self.call(inner, function, args)?;
        self.records[line].outcome = Outcome::Answered;
        Some(answer.map(|reference| across(reference, !is_out)))
    }

    /// What an object does.
    fn arrive(&mut self, thing: usize, function: &str, args: Vec<Arg>) -> Option<Arg> {
        self.effects.push((thing, function.to_owned(), args.clone()));
        let first = args.into_iter().next().unwrap_or(Arg::Nothing);
        match function {
            "read" => Some(first),
            "child" => match first {
                Arg::Number(which) => Some(Arg::Ref(Ref::Thing(child_of(thing, which)))),
                _ => Some(Arg::Nothing),
            },
            "put" => {
                self.stored.insert(thing, first);
                Some(Arg::Nothing)
            }
            "fetch" => Some(self.stored.get(&thing).cloned().unwrap_or(Arg::Nothing)),
            "tell" => match first {
                Arg::Ref(other) => {
                    self.among += usize::from(matches!(other, Ref::Thing(_)));
                    self.call(&other, "write", vec![Arg::Number(1)])
                }
                _ => Some(Arg::Nothing),
            },
            _ => Some(Arg::Nothing),
        }
    }

    fn lives(&mut self, grant: usize) -> bool {
        for link in self.chain(grant) {
            if self.grants[link].ended {
                return false;
            }
            if self.over(link) {
                self.end(link);
                return false;
            }
        }
        true
    }

    fn admit(&mut self, grant: usize, target: &Ref, inner: &Ref, function: &str, args: &[Arg]) -> bool {
        if !self.lives(grant) {
            return false;
        }
        let direct = *inner == Ref::Thing(self.grants[grant].root);
        let chain = self.chain(grant);
        let now = self.now;
        let mut asks = None;
        for link in &chain {
            for (rule, used, since) in &self.grants[*link].rules {
                let passes = match rule {
                    Rule::Calls(count) => used < count,
                    Rule::Rate(calls, minutes) => {
                        left(*calls, *minutes, *used, now - since) >= minutes * MINUTE
                    }
                    rule => rule.allows(function, args, direct),
                };
                if !passes {
                    return false;
                }
                if *rule == Rule::Confirm {
                    asks = Some(*link);
                }
            }
        }
        if let Some(asks) = asks {
            let exact = self.exact(asks, grant, target, function, args);
            if self.approved.get(&exact).is_none_or(|until| *until < now) {
                self.asked = Some(exact);
                return false;
            }
            self.approved.remove(&exact);
        }
        for link in chain {
            for (rule, used, since) in &mut self.grants[link].rules {
                match rule {
                    Rule::Calls(_) => *used += 1,
                    Rule::Rate(calls, minutes) => {
                        *used = left(*calls, *minutes, *used, now - *since) - *minutes * MINUTE;
                        *since = now;
                    }
                    _ => {}
                }
            }
        }
        true
    }

    fn exact(&self, asks: usize, grant: usize, target: &Ref, function: &str, args: &[Arg]) -> Exact {
        let root = Ref::Out(grant, Box::new(Ref::Thing(self.grants[grant].root)));
        let name = |reference: &Ref| match reference {
            reference if *reference == root => Named::Root,
            Ref::Out(of, _) if *of == grant => Named::Known(reference.clone(), self.restarts),
            _ => Named::Own,
        };
        let args = args.iter().map(|arg| match arg {
            Arg::Ref(reference) => name(reference),
            plain => Named::Plain(plain.clone()),
        });
        (asks, name(target), function.to_owned(), args.collect())
    }
}

/// What is left of a rate after some time: each call takes a minute's worth for each minute of the period.
fn left(calls: u64, minutes: u64, left: u64, elapsed: u64) -> u64 {
    (left + elapsed * calls).min(calls * minutes * MINUTE)
}
