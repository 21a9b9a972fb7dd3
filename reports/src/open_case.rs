//! The test case that is being read, for formats whose message is an element below the case.

use std::mem;

use crate::TestCase;
use crate::cases::Tests;
use crate::text::{append, tidy};

/// The case that is open, if one is, and whether what is read belongs to its message.
#[derive(Default)]
pub(crate) enum OpenCase {
    #[default]
    None,
    Case(TestCase),
    Message(TestCase),
}

impl OpenCase {
    /// Opens a case.
    pub(crate) fn open(&mut self, case: TestCase) {
        *self = Self::Case(case);
    }

    /// Opens or closes the case's message; without a case there is none.
    pub(crate) fn message(&mut self, opens: bool) {
        *self = match mem::take(self) {
            Self::None => Self::None,
            Self::Case(case) | Self::Message(case) if opens => Self::Message(case),
            Self::Case(case) | Self::Message(case) => Self::Case(case),
        };
    }

    /// Takes in a piece of text, if it is of the message.
    pub(crate) fn text(&mut self, text: &str) {
        if let Self::Message(case) = self {
            append(&mut case.message, text);
        }
    }

    /// Closes the case and hands it to `tests`.
    pub(crate) fn close(&mut self, tests: &mut Tests) {
        if let Self::Case(mut case) | Self::Message(mut case) = mem::take(self) {
            case.message = tidy(case.message);
            tests.push(case);
        }
    }
}
