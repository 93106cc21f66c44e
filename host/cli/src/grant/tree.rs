//! Grants as the tree that they are: each with what came of it.

use std::collections::{BTreeMap, BTreeSet};

use powerbox_authority::grant::{GrantId, Record};
use powerbox_core::text::clean_line;

use super::words;

/// Grants by what they came from.
pub(crate) struct Tree {
    records: BTreeMap<GrantId, Record>,
    children: BTreeMap<GrantId, Vec<GrantId>>,
    roots: Vec<GrantId>,
}

impl Tree {
    /// Makes one. A grant whose parent is not among them stands at the root.
    pub(crate) fn new(records: impl IntoIterator<Item = Record>) -> Self {
        let records: BTreeMap<_, _> = records.into_iter().map(|record| (record.id, record)).collect();
        let mut children = BTreeMap::<_, Vec<_>>::new();
        let mut roots = Vec::new();
        for record in records.values() {
            match record.parent.filter(|parent| records.contains_key(parent)) {
                Some(parent) => children.entry(parent).or_default().push(record.id),
                None => roots.push(record.id),
            }
        }
        // What one holder has stands together.
        roots.sort_by_key(|id| records.get(id).map(|record| (record.holder.clone(), *id)));
        Self { records, children, roots }
    }

    /// Only these grants, with what they came from and what came of them.
    pub(crate) fn about(self, wanted: impl Fn(&Record) -> bool) -> Self {
        let mut kept = BTreeSet::new();
        for record in self.records.values().filter(|record| wanted(record)) {
            kept.extend(self.chain(record.id).map(|link| link.id));
            kept.extend(self.subtree(record.id).into_iter().map(|child| child.id));
        }
        Self::new(self.records.into_values().filter(|record| kept.contains(&record.id)))
    }

    /// A grant and those it came from, itself first.
    pub(crate) fn chain(&self, id: GrantId) -> impl Iterator<Item = &Record> {
        std::iter::successors(self.records.get(&id), |record| self.records.get(&record.parent?))
    }

    /// A grant and all that came of it, itself first.
    pub(crate) fn subtree(&self, id: GrantId) -> Vec<&Record> {
        let mut found: Vec<&Record> = Vec::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            found.extend(self.records.get(&id));
            next.extend(self.children.get(&id).into_iter().flatten().rev());
        }
        found
    }

    /// All of them, by number.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// The tree as text, a heading for each holder.
    pub(crate) fn text(&self, now: u64) -> String {
        let mut text = String::new();
        let mut holder = String::new();
        for root in self.roots.iter().filter_map(|id| self.records.get(id)) {
            if root.holder.to_string() != holder {
                holder = root.holder.to_string();
                text.push_str(&format!("{}\n", clean_line(&holder)));
            }
            self.branch(root, &mut text, now);
        }
        text
    }

    fn branch(&self, root: &Record, text: &mut String, now: u64) {
        // What stands before a grant's first line, and before those below.
        let mut next = vec![(root, "  ".to_owned(), "  ".to_owned(), None)];
        while let Some((record, first, below, parent)) = next.pop() {
            let children: Vec<_> = self.children.get(&record.id).into_iter().flatten().collect();
            let stem = if children.is_empty() { " " } else { "│" };
            let holder =
                parent.map_or_else(String::new, |parent| format!("{}, ", held_under(record, parent)));
            let ended = words::ended(record, now).map_or_else(String::new, |ended| format!(" ({ended})"));
            text.push_str(&format!("{first}{} {holder}{}{ended}\n", record.id, words::reach(record)));
            for line in words::caveats(&record.caveats).into_iter().chain([words::history(record, now)]) {
                text.push_str(&format!("{below}{stem}   {line}\n"));
            }
            let last = children.len().saturating_sub(1);
            for (place, child) in children.into_iter().enumerate().rev() {
                let Some(child) = self.records.get(child) else { continue };
                let (arm, beside) = if place == last { ("└─", "   ") } else { ("├─", "│  ") };
                next.push((child, format!("{below}{arm} "), format!("{below}{beside}"), Some(record)));
            }
        }
    }
}

/// The holder, without what it has in common with the parent's.
fn held_under(record: &Record, parent: &Record) -> String {
    let (holder, parent) = (record.holder.to_string(), parent.holder.to_string());
    let rest = holder.strip_prefix(&parent).and_then(|rest| rest.strip_prefix(" > "));
    clean_line(rest.unwrap_or(&holder))
}

#[cfg(test)]
mod tests {
    use powerbox_authority::grant::{Agent, AgentId, Holder, Target, Use};

    use super::*;

    fn record(id: u64, parent: Option<u64>, holder: Holder) -> Record {
        let number = |id: u64| id.to_string().parse().unwrap();
        Record {
            id: number(id),
            parent: parent.map(number),
            holder,
            slot: "left".to_owned(),
            target: Target::Object { name: vec!["notes".to_owned()], id: None },
            caveats: if parent.is_some() { vec!["calls 3".parse().unwrap()] } else { Vec::new() },
            giver: "person".to_owned(),
            made: 0,
            ended: None,
            used: Use { calls: id, last: Some(60_000) },
        }
    }

    fn scout() -> Agent {
        let number = "a".repeat(64);
        Agent::new(AgentId::parse(&format!("{number}:{number}")).unwrap(), "scout")
    }

    fn tree() -> Tree {
        Tree::new([
            record(1, None, Holder::plugin(None, "b")),
            record(2, None, Holder::agent(&scout())),
            record(3, Some(2), Holder::plugin(Some(&scout()), "b")),
            record(4, Some(3), Holder::reference("x")),
            record(5, Some(2), Holder::plugin(Some(&scout()), "a")),
            record(6, None, Holder::plugin(None, "b")),
        ])
    }

    #[test]
    fn grants_stand_under_what_they_came_from() {
        let expected = "\
agent scout
  2 left → `notes`
  │   given by person 2 minutes ago; used 2 times, last 1 minute ago
  ├─ 3 plugin b, left → `notes`
  │  │   calls 3
  │  │   given by person 2 minutes ago; used 3 times, last 1 minute ago
  │  └─ 4 reference x, reference to `notes`
  │         calls 3
  │         given by person 2 minutes ago; used 4 times, last 1 minute ago
  └─ 5 plugin a, left → `notes`
         calls 3
         given by person 2 minutes ago; used 5 times, last 1 minute ago
plugin b
  1 left → `notes`
      given by person 2 minutes ago; used once, last 1 minute ago
  6 left → `notes`
      given by person 2 minutes ago; used 6 times, last 1 minute ago
";
        assert_eq!(tree().text(120_000), expected);
    }

    #[test]
    fn a_part_keeps_what_it_came_from_and_what_came_of_it() {
        let about = tree().about(|record| record.id.get() == 3);
        assert_eq!(about.records().map(|record| record.id.get()).collect::<Vec<_>>(), [2, 3, 4]);
        let chain: Vec<_> = about.chain("4".parse().unwrap()).map(|record| record.id.get()).collect();
        assert_eq!(chain, [4, 3, 2]);
        let below: Vec<_> =
            tree().subtree("2".parse().unwrap()).iter().map(|record| record.id.get()).collect();
        assert_eq!(below, [2, 3, 4, 5]);
    }
}
