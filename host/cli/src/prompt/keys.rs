//! What keys and pasted texts do at the prompt.

use powerbox_core::text::clean;
use reedline::{
    EditCommand, EditMode, Emacs, KeyCode, KeyModifiers, PromptEditMode, ReedlineEvent, ReedlineRawEvent,
    default_emacs_keybindings,
};

use super::MENU;

/// Emacs' keys, and Tab for the menu. A pasted text is shown before anything of it runs, and nothing in it moves the
/// cursor.
pub(super) struct Keys(Emacs);

impl Default for Keys {
    fn default() -> Self {
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]),
        );
        Self(Emacs::new(keys))
    }
}

impl EditMode for Keys {
    fn parse_event(&mut self, event: ReedlineRawEvent) -> ReedlineEvent {
        match self.0.parse_event(event) {
            ReedlineEvent::Edit(commands) => ReedlineEvent::Edit(commands.into_iter().map(cleaned).collect()),
            event => event,
        }
    }

    fn edit_mode(&self) -> PromptEditMode {
        self.0.edit_mode()
    }
}

fn cleaned(command: EditCommand) -> EditCommand {
    match command {
        EditCommand::InsertString(text) => EditCommand::InsertString(clean(&text)),
        // They come one by one, and what they join is not known here.
        EditCommand::InsertChar('\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}') => command,
        EditCommand::InsertChar(character) if !character.is_ascii() => {
            EditCommand::InsertString(clean(character.encode_utf8(&mut [0; 4])))
        }
        command => command,
    }
}
