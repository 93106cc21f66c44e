use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::hash::{Hash, Head};
use super::line::{Kind, Line};
use super::lines::{Lines, Raw};
use super::{AuditError, Problem, Report, segment};

/// How many problems a report has at most.
const MAX_PROBLEMS: usize = 1000;

/// Checks every line of the log in a folder, and that they follow each other as they were written.
///
/// It may be written to meanwhile. An error means that it cannot be read; what is wrong with it is in the report.
pub fn verify(folder: &Path) -> Result<Report, AuditError> {
    check(folder, None)
}

/// Like [`verify`], and checks that a head that was noted earlier is still in the log.
pub fn verify_until(folder: &Path, noted: &Head) -> Result<Report, AuditError> {
    check(folder, Some(noted))
}

fn check(folder: &Path, noted: Option<&Head>) -> Result<Report, AuditError> {
    let mut check = Check { noted, ..Check::default() };
    let segments = segment::list(folder).map_err(AuditError::io("list", folder))?;
    for (index, first) in segments.iter().enumerate() {
        let path = segment::path(folder, *first);
        match check.segment(&path, *first, index + 1 == segments.len()) {
            Ok(()) => {}
            // Removed since it was listed. If that was not the host, it shows in the chain.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(AuditError::io("read", &path)(error)),
        }
    }
    Ok(check.report())
}

#[derive(Default)]
struct Check<'a> {
    report: Report,
    /// The last line that is in its place.
    chain: Chain,
    /// The line after which lines were missed last: they may come yet, if the next one was slipped in or moved.
    missed_after: Option<Chain>,
    /// The line before, if it is genuine on its own account.
    neighbour: Option<Chain>,
    found: Vec<Found>,
    open: HashSet<u64>,
    /// With which line the log begins, as far as it says that segments were removed.
    begins: u64,
    noted: Option<&'a Head>,
    /// The hash of the line with the number that was noted.
    at_noted: Option<Hash>,
}

/// A line, as far as the next one must follow it.
#[derive(Clone, Copy)]
struct Chain {
    seq: u64,
    /// The hash that the next line must name; `None` if any will do, since the line is known to be wrong.
    hash: Option<Hash>,
}

impl Default for Chain {
    fn default() -> Self {
        Self { seq: 0, hash: Some(Hash::NONE) }
    }
}

struct Found {
    problem: Problem,
    /// Lines up to this one are missing, which is right if they were removed because of their size.
    missing_to: Option<u64>,
}

/// A line with problems, which are none if the next line says that this one is torn.
struct Suspect {
    length: u64,
    /// Whether the line before it is right.
    alone: bool,
    /// The last line that was right.
    before: Chain,
    found: Vec<Found>,
}

/// Where in the files a line is.
struct Place<'a> {
    name: &'a str,
    first: u64,
    line: u64,
}

impl Place<'_> {
    fn found(&self, what: impl Into<String>) -> Found {
        let problem =
            Problem { segment: Some(self.name.to_owned()), line: Some(self.line), what: what.into() };
        Found { problem, missing_to: None }
    }
}

impl Check<'_> {
    fn segment(&mut self, path: &Path, first: u64, is_last: bool) -> io::Result<()> {
        let mut lines = Lines::open(path, 0)?;
        let name = segment::name(first);
        self.report.segments += 1;
        let mut place = Place { name: &name, first, line: 0 };
        let mut suspect: Option<Suspect> = None;
        let mut continued = false;
        while let Some(raw) = lines.next()? {
            place.line += 1;
            self.report.lines += 1;
            let line = Line::parse(raw.bytes);
            let wrong_since = suspect.as_ref().map(|suspect| suspect.before);
            let is_announced = suspect.as_ref().zip(line.as_ref()).is_some_and(|(torn, line)| {
                torn.alone
                    && line.kind == Kind::Repaired
                    && line.torn == Some(torn.length)
                    && torn.before.is_followed_by(line, &raw)
            });
            // After something that is wrong, the log goes on where a line follows another.
            let places = [Some(self.chain), wrong_since, self.missed_after, self.neighbour];
            if let Some(line) = &line
                && let Some(place) =
                    places.into_iter().flatten().find(|before| before.is_followed_by(line, &raw))
            {
                self.chain = place;
            }
            let before = wrong_since.unwrap_or(self.chain);
            let found = self.judge(line.as_ref(), &raw, &place);
            continued = line.as_ref().is_some_and(|line| line.kind == Kind::Continued);
            if is_announced {
                suspect = None;
                self.report.torn += 1;
            } else if let Some(torn) = line.as_ref().and_then(|line| line.torn)
                && suspect.is_none()
            {
                self.note(place.found(format!("the {torn} torn bytes before it are not there")));
            }
            if found.is_empty() {
                self.note_all(suspect.take());
                self.count(line);
            } else {
                let alone = suspect.is_none();
                self.note_all(suspect.take());
                suspect = Some(Suspect { length: raw.length, alone, before, found });
            }
        }
        self.note_all(suspect);
        let rest = path.metadata()?.len().saturating_sub(lines.offset());
        if is_last {
            self.report.rest = rest;
        } else if !continued || rest > 0 {
            let what =
                "the segment was cut or added to: it does not end with the line that leads to the next";
            let problem = Problem { segment: Some(name), line: None, what: what.to_owned() };
            self.note(Found { problem, missing_to: None });
        }
        Ok(())
    }

    /// Tells what is wrong with a line, and goes on from it.
    fn judge(&mut self, line: Option<&Line<'_>>, raw: &Raw<'_>, place: &Place<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        let expected = self.chain.seq.saturating_add(1);
        let Some(line) = line else {
            found.push(place.found("this is not a line of the log"));
            self.chain = Chain { seq: expected, hash: None };
            self.neighbour = None;
            return found;
        };
        if !line.is_sealed(raw.bytes) {
            // What it says now is not worth comparing.
            found.push(place.found("the line was changed: its hash is not that of what it says"));
            self.chain = Chain { seq: expected, hash: None };
            self.neighbour = None;
            return found;
        }
        self.neighbour = Some(Chain { seq: line.seq, hash: line.hash() });
        if place.line == 1 && line.seq != place.first {
            let what = format!("it begins with line {}, not with the one in its name", line.seq);
            found.push(place.found(what));
        }
        if line.seq < expected {
            // It stands after a line that it came before: the others are judged without it.
            found.push(place.found(format!("line {} stands after line {}", line.seq, self.chain.seq)));
            return found;
        }
        if line.seq > expected {
            // Nothing comes before the beginning of the log, which may be right as it is.
            self.missed_after = Some(self.chain).filter(|chain| chain.seq > 0);
            let missing_to = line.seq - 1;
            let what = if missing_to == expected {
                format!("line {expected} is missing before it")
            } else {
                format!("lines {expected} to {missing_to} are missing before it")
            };
            found.push(Found { missing_to: Some(missing_to), ..place.found(what) });
        } else if self.chain.hash.is_some() && self.chain.hash != line.previous() {
            found.push(place.found("it does not follow the line before it, which is not the one that was"));
        }
        self.chain = Chain { seq: line.seq, hash: line.hash() };
        self.report.head = line.head();
        if self.noted.is_some_and(|noted| noted.seq == line.seq) {
            self.at_noted = line.hash();
        }
        // Missing lines alone do not make the line itself wrong.
        if let [Found { missing_to: Some(_), .. }] = found.as_slice() {
            found.drain(..).for_each(|gap| self.note(gap));
        }
        found
    }

    /// Counts a line with which nothing is wrong.
    fn count(&mut self, line: Option<Line<'_>>) {
        let Some(line) = line else { return };
        self.report.first.get_or_insert(line.seq);
        self.report.last = Some(line.seq);
        match line.kind {
            Kind::Begin => {
                self.report.crossings += 1;
                self.open.insert(line.seq);
            }
            Kind::Crossing => self.report.crossings += 1,
            Kind::Act => self.report.acts += 1,
            Kind::End => {
                if let Some(begin) = line.ends {
                    self.open.remove(&begin);
                }
            }
            Kind::Pruned => self.begins = self.begins.max(line.begins.unwrap_or(0)),
            Kind::Continued | Kind::Repaired | Kind::Other => {}
        }
    }

    fn note(&mut self, found: Found) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(found);
        } else {
            self.report.further += 1;
        }
    }

    fn note_all(&mut self, suspect: Option<Suspect>) {
        suspect.into_iter().flat_map(|suspect| suspect.found).for_each(|found| self.note(found));
    }

    fn report(mut self) -> Report {
        let begins = self.begins;
        let wrong = |found: &Found| found.missing_to.is_none_or(|missing| missing >= begins);
        self.report.problems = self.found.into_iter().filter(wrong).map(|found| found.problem).collect();
        self.report.unfinished = self.open.len() as u64;
        let last = self.report.last.unwrap_or(0);
        if let Some(noted) = self.noted
            && self.at_noted != Some(noted.hash)
        {
            let seq = noted.seq;
            let what = if self.at_noted.is_some() {
                format!("line {seq} is not the one that was noted: the log was made anew")
            } else if seq > last {
                format!("line {seq}, which was noted, is missing: the log was cut off after line {last}")
            } else {
                format!("line {seq}, which was noted, is not in the log any more and cannot be checked")
            };
            self.report.problems.push(Problem { segment: None, line: None, what });
        }
        self.report
    }
}

impl Chain {
    /// Tells whether a line was written after this one.
    fn is_followed_by(&self, line: &Line<'_>, raw: &Raw<'_>) -> bool {
        self.seq.checked_add(1) == Some(line.seq)
            && self.hash.is_some()
            && self.hash == line.previous()
            && line.is_sealed(raw.bytes)
    }
}
