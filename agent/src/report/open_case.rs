//! The test case that is being read, for formats whose message is an element below the case.

use std::mem;

use super::cases::Tests;
use crate::model::TestCase;

/// Longer than what is kept of a message, in bytes of any alphabet.
const ENOUGH: usize = 32 * 1024;

/// The case that is open, if one is, and whether what is read belongs to its message.
#[derive(Default)]
pub(super) enum OpenCase {
    #[default]
    None,
    Case(TestCase),
    Message(TestCase),
}

impl OpenCase {
    /// Opens a case.
    pub(super) fn open(&mut self, case: TestCase) {
        *self = Self::Case(case);
    }

    /// Opens or closes the case's message; without a case there is none.
    pub(super) fn message(&mut self, opens: bool) {
        *self = match mem::take(self) {
            Self::None => Self::None,
            Self::Case(case) | Self::Message(case) if opens => Self::Message(case),
            Self::Case(case) | Self::Message(case) => Self::Case(case),
        };
    }

    /// Takes in a piece of text, if it is of the message.
    pub(super) fn text(&mut self, text: &str) {
        if let Self::Message(case) = self {
            append(&mut case.message, text);
        }
    }

    /// Closes the case and hands it to `tests`.
    pub(super) fn close(&mut self, tests: &mut Tests) {
        if let Self::Case(mut case) | Self::Message(mut case) = mem::take(self) {
            case.message = tidy(case.message);
            tests.push(case);
        }
    }
}

/// Adds a piece of text to a message, which stays within what is kept.
pub(super) fn append(message: &mut Option<String>, text: &str) {
    let message = message.get_or_insert_default();
    if message.len() < ENOUGH {
        if !message.is_empty() && message.ends_with(|c: char| c != '\n') && text.starts_with('\n') {
            message.push('\n');
        }
        let cut = text.floor_char_boundary(ENOUGH);
        message.push_str(text.get(..cut).unwrap_or_default());
    }
}

/// Returns a message without blank ends; nothing if that is all of it.
pub(super) fn tidy(message: Option<String>) -> Option<String> {
    let message = message?;
    let bare = message.trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}
