//! Moving the members of records that have been written.
//!
//! Endo visits the properties of a record in the order of their keys, and numbers slots and errors as it meets them.
//! JavaScript then puts those whose key is an array index in front. So such records are written in the first order,
//! and put into the second when the whole body is there, all of them in one pass: moving each at its end would copy
//! the innermost as often as they are nested.

use std::ops::Range;

/// A record whose members must change places.
#[derive(Debug)]
pub(crate) struct Reordered {
    /// Where the bracket before the first member was written.
    bracket: usize,
    /// Where the last member ends.
    end: usize,
    /// For each member what sorts it, and where it starts.
    members: Vec<((bool, Option<u32>), usize)>,
}

impl Reordered {
    /// Notes that a record opens with the bracket to be written at `bracket`.
    pub(crate) fn new(bracket: usize) -> Self {
        Self { bracket, end: bracket + 1, members: Vec::new() }
    }

    /// Notes that a member starts here; `index` is its key if that is an array index.
    pub(crate) fn begin(&mut self, index: Option<u32>, at: usize) {
        self.members.push(((index.is_none(), index), at));
    }

    /// Notes that the last member ends here.
    pub(crate) fn end(&mut self, at: usize) {
        self.end = at;
    }

    /// Gives the places of the members in their final order.
    fn pieces(&self) -> Vec<Range<usize>> {
        let starts = self.members.iter().map(|(_, at)| *at);
        let ends = starts.clone().skip(1).chain([self.end]);
        let mut pieces: Vec<_> =
            self.members.iter().zip(starts.zip(ends)).map(|((sort, _), (s, e))| (*sort, s..e)).collect();
        pieces.sort_by_key(|(sort, piece)| (*sort, piece.start));
        pieces.into_iter().map(|(_, piece)| piece).collect()
    }
}

/// What is left to be copied.
enum Work {
    Copy(Range<usize>),
    Comma,
}

/// Moves the members of records in the part of `out` that begins at `start`.
pub(crate) fn reorder(out: &mut String, start: usize, mut records: Vec<Reordered>) {
    if records.is_empty() {
        return;
    }
    records.sort_by_key(|record| record.bracket);
    let mut moved = String::with_capacity(out.len() - start);
    let mut work = vec![Work::Copy(start..out.len())];
    while let Some(next) = work.pop() {
        let range = match next {
            Work::Comma => {
                moved.push(',');
                continue;
            }
            Work::Copy(range) => range,
        };
        let first = records.partition_point(|record| record.bracket < range.start);
        // Pieces of a record come after its bracket, so this finds only records within the range.
        match records.get(first).filter(|record| record.bracket < range.end) {
            None => moved.push_str(out.get(range).unwrap_or_default()),
            Some(record) => {
                moved.push_str(out.get(range.start..=record.bracket).unwrap_or_default());
                work.push(Work::Copy(record.end..range.end));
                for (place, piece) in record.pieces().into_iter().enumerate().rev() {
                    work.push(Work::Copy(piece));
                    if place > 0 {
                        work.push(Work::Comma);
                    }
                }
            }
        }
    }
    out.truncate(start);
    out.push_str(&moved);
}
