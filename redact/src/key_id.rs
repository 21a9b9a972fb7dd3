//! Access key ids of AWS: four letters that say what it is, then sixteen capitals or digits.

use memchr::memmem::Finder;

use super::cover::Cover;

/// A user's own, and one of a session.
const KINDS: [&[u8]; 2] = [b"AKIA", b"ASIA"];
const KIND: usize = 4;
const REST: usize = 16;

/// Finds them.
#[derive(Debug, Clone)]
pub(crate) struct KeyIds([Finder<'static>; 2]);

impl KeyIds {
    pub(crate) fn new() -> Self {
        Self(KINDS.map(Finder::new))
    }

    /// Covers every id; returns where one begins whose end is not there yet, or the end.
    pub(crate) fn scan(&self, bytes: &[u8], cover: &mut Cover) -> usize {
        let mut open = open_kind(bytes);
        for finder in &self.0 {
            let mut from = 0;
            while let Some(found) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
                let start = from + found;
                let rest = bytes.get(start + KIND..).unwrap_or_default();
                let length = rest
                    .iter()
                    .take(REST)
                    .take_while(|byte| belongs(**byte))
                    .count();
                if length == REST {
                    cover.add(start..start + KIND + REST);
                } else if length == rest.len() {
                    open = open.min(start);
                }
                // The last letter of one can be the first of another.
                from = start + 1;
            }
        }
        open
    }
}

/// Returns where the first letters of an id stand at the end, or the end.
fn open_kind(bytes: &[u8]) -> usize {
    let begins = |length: &usize| {
        let mut kinds = KINDS.iter();
        kinds.any(|kind| {
            kind.get(..*length)
                .is_some_and(|start| bytes.ends_with(start))
        })
    };
    let length = (1..KIND).rev().find(begins).unwrap_or(0);
    bytes.len() - length
}

fn belongs(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}
