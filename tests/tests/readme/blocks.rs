//! The fenced blocks of a page.

/// What stands before the reason for not running a block.
const NOT_RUN: &str = "<!-- not run: ";

/// A block with commands in it, or with settings.
#[derive(Debug)]
pub(crate) struct Block {
    /// The number of its first line.
    line: usize,
    /// What stands behind the fence: `toml`, or nothing for commands.
    pub(crate) language: String,
    pub(crate) text: String,
    /// Why it does not run, if it does not.
    pub(crate) not_run: Option<String>,
}

/// A command and what it shows.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) shows: Vec<String>,
}

/// Reads the blocks of commands and settings; drawings have neither a prompt nor a language.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut not_run = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let (language, not_run) = (language.to_owned(), not_run.take());
                open = Some(Block { line: number + 1, language, text: String::new(), not_run });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, None) if line.is_empty() => {}
            (None, None) => {
                let reason = line.strip_prefix(NOT_RUN).and_then(|rest| rest.strip_suffix(" -->"));
                not_run = reason.map(str::to_owned);
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks.retain(|block: &Block| block.language == "toml" || block.text.starts_with("$ "));
    blocks
}

impl Block {
    /// The commands of the block.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (number, line) in (self.line..).zip(self.text.lines()) {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    steps.push(Step { line: number, command: command.to_owned(), shows: Vec::new() });
                }
                (None, Some(step)) => step.shows.push(line.to_owned()),
                (None, None) => panic!("README.md, line {number}: no command comes before this"),
            }
        }
        steps
    }
}

impl Step {
    /// The questions that are answered, with the answers.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.shows.iter().filter_map(|line| {
            let (question, answer) = line.split_once("[y/N] ")?;
            Some((question, answer))
        })
    }

    /// Whether it is meant to fail.
    pub(crate) fn fails(&self) -> bool {
        self.shows.iter().any(|line| line.starts_with("error: "))
    }
}

#[test]
fn blocks_are_read_with_their_commands() {
    let page = "text\n```\n$ one\nshown\n$ two\n```\n<!-- not run: no network -->\n\n```\n$ three\n```\n\
                ```\n┌─┐\n```\n```toml\na = 1\n```\n";
    let blocks = blocks(page);
    assert_eq!(blocks.len(), 3);
    let steps = blocks[0].steps();
    assert_eq!(
        (steps[0].line, &*steps[0].command, &steps[0].shows[..]),
        (3, "one", &["shown".to_owned()][..])
    );
    assert_eq!((steps[1].line, &*steps[1].command, steps[1].shows.len()), (5, "two", 0));
    assert_eq!(blocks[1].not_run.as_deref(), Some("no network"));
    assert_eq!((&*blocks[2].language, &*blocks[2].text), ("toml", "a = 1\n"));
}
