//! The README's examples do what stands there: its blocks run in order, in one home that is empty at the beginning.
//!
//! A block that cannot run here says why in a comment before it, which readers do not see:
//!
//! ```text
//! <!-- not run: it needs a registry -->
//! ```
//!
//! Times, digests, sizes and the numbers of grants may differ from what stands there (a number then means the same grant
//! throughout); `…` stands for anything, and on a line of its own for any lines. A block in which a question is answered
//! (`[y/N] y`) runs at a terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod blocks;
mod pattern;
mod reader;

use std::fs;
use std::path::Path;

use crate::blocks::{Block, blocks};
use crate::reader::Reader;

fn readme() -> Vec<Block> {
    blocks(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap())
}

#[test]
fn the_examples_do_what_stands_there() {
    let mut reader = Reader::new();
    let mut count = 0;
    for block in readme() {
        if block.not_run.is_some() {
            continue;
        }
        if block.language == "toml" {
            reader.configure(&block.text);
            continue;
        }
        for step in block.steps() {
            count += 1;
            if let Err(problem) = reader.follow(&step) {
                panic!("README.md, line {}: {problem}", step.line);
            }
        }
    }
    assert!(count >= 20, "only {count} commands were run");
}

#[test]
fn few_examples_are_not_run_and_each_says_why() {
    let not_run: Vec<_> = readme().into_iter().filter_map(|block| block.not_run).collect();
    assert!(not_run.len() <= 3, "{not_run:?}");
    assert!(not_run.iter().all(|why| why.len() > 10), "{not_run:?}");
}

/// The control: an example that is not true is noticed.
#[test]
fn an_example_that_shows_or_does_something_else_is_reported() {
    let mut reader = Reader::new();
    let mut follow = |text: &str| {
        let page = format!("```\n{text}\n```\n");
        blocks(&page)[0].steps().iter().try_for_each(|step| reader.follow(step))
    };
    follow("$ powerbox mkdir a\nDirectory \"a\" created").unwrap();
    assert!(follow("$ powerbox mkdir b\nDirectory \"c\" created").unwrap_err().contains("and not"));
    assert!(follow("$ powerbox show nothing").unwrap_err().contains("ended with Some(1)"));
    assert!(follow("$ powerbox list a\nerror: no").unwrap_err().contains("ended with Some(0)"));
    follow("$ powerbox show nothing\nerror: there is nothing named `nothing`\n…").unwrap();
}
