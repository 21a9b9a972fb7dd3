//! The stream: what came, what may go, what is held.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::automaton::{Automaton, State};
use super::cover::Cover;
use super::forms::forms;
use super::key_id::KeyIds;

/// What stands for secrets, as in CodeBuild's logs.
pub const MASK: &str = "***";

/// So much of a form at the end of a text is taken for a form that was cut off; less happens by chance.
const CUT_OFF: usize = 4;

/// Takes secrets out of a stream and of texts.
#[derive(Debug, Clone)]
pub struct Redactor {
    forms: BTreeSet<Vec<u8>>,
    /// `None` when there are more forms than can be looked for: then nothing is let out.
    automaton: Option<Automaton>,
    key_ids: KeyIds,
    held: Held,
}

/// The end of the stream, about which nothing can be said yet.
#[derive(Debug, Clone, Default)]
struct Held {
    bytes: Vec<u8>,
    /// How many of them a flush has let out.
    told: usize,
    /// What of them must not get out.
    cover: Cover,
    state: Option<State>,
    /// Whether what was let out last is a mask, which stands for what follows it as well.
    masked: bool,
}

/// What the end of a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may come.
    Open,
    /// Nothing comes for now; what stands there may have been cut off.
    Cut,
    /// The text is whole.
    Whole,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(std::iter::empty::<&str>())
    }
}

impl Redactor {
    /// Knows these secrets. One that is too short has no [`forms`] and is let through.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut redactor = Self {
            forms: BTreeSet::new(),
            automaton: None,
            key_ids: KeyIds::new(),
            held: Held::default(),
        };
        redactor.add(secrets);
        redactor
    }

    /// Learns more secrets. They are taken out of what is pushed from now on and of what is held.
    pub fn add<S: AsRef<str>>(&mut self, secrets: impl IntoIterator<Item = S>) {
        let known = self.forms.len();
        for secret in secrets {
            let texts = forms(secret.as_ref());
            self.forms.extend(texts.into_iter().map(String::into_bytes));
        }
        if self.automaton.is_some() && self.forms.len() == known {
            return;
        }
        self.automaton = Automaton::new(self.forms.iter().map(Vec::as_slice)).ok();
        // Seen once more with new eyes; what was covered stays covered.
        let held = &mut self.held;
        held.state = self
            .automaton
            .as_ref()
            .map(|automaton| automaton.scan(automaton.start(), &held.bytes, 0, &mut held.cover));
        held.cover.settle();
    }

    /// Takes the next piece of the stream; appends to `out` what may be let out.
    ///
    /// Pieces that are whole UTF-8 characters give such pieces.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.step(bytes, End::Open, out);
    }

    /// Appends what is held, because nothing comes for now: a command is over, or the stream.
    ///
    /// When it may be a secret that was cut off, a mask is appended instead. What follows is looked at as if there had
    /// been no end, so that a secret which goes on behind it does not get out.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.step(b"", End::Cut, out);
        self.held.masked = false;
    }

    /// Returns a text without secrets that has nothing to do with the stream.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.alone(text, End::Whole)
    }

    /// Returns a text without secrets that was cut off at its end, perhaps within one.
    pub fn redact_cut<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.alone(text, End::Cut)
    }

    fn alone<'t>(&self, text: &'t str, end: End) -> Cow<'t, str> {
        let mut held = Held::default();
        let mut out = Vec::new();
        self.advance(&mut held, text.as_bytes(), end, &mut out);
        if out == text.as_bytes() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(String::from_utf8_lossy(&out).into_owned())
    }

    fn step(&mut self, bytes: &[u8], end: End, out: &mut Vec<u8>) {
        let mut held = std::mem::take(&mut self.held);
        self.advance(&mut held, bytes, end, out);
        self.held = held;
    }

    /// Lets out what can be said to be no secret of what was held and came.
    fn advance(&self, held: &mut Held, bytes: &[u8], end: End, out: &mut Vec<u8>) {
        // All is put into place at once, because nearly all of it stays.
        let base = out.len();
        out.extend_from_slice(&held.bytes);
        out.extend_from_slice(bytes);
        let all = out.get(base..).unwrap_or_default();
        let Some(automaton) = &self.automaton else {
            held.cover.add(0..all.len());
            held.emit(base, all.len(), all.len(), out);
            return;
        };
        let state = held.state.unwrap_or_else(|| automaton.start());
        let state = automaton.scan(state, all, held.bytes.len(), &mut held.cover);
        let open = self
            .key_ids
            .scan(all, &mut held.cover)
            .min(all.len() - automaton.depth(state));
        held.state = Some(state);
        held.cover.settle();
        let told = match end {
            End::Open => open,
            End::Cut | End::Whole => all.len(),
        };
        if end == End::Cut && all.len() - open >= CUT_OFF {
            held.cover.add(open..all.len());
            held.cover.settle();
        }
        held.emit(base, open, told, out);
    }
}

impl Held {
    /// Lets out what is before `told`, in `out` from `base` on, and keeps what is behind `open`.
    fn emit(&mut self, base: usize, open: usize, told: usize, out: &mut Vec<u8>) {
        // What a flush has let out stays out.
        let told = told.max(self.told);
        let all = out.get(base..).unwrap_or_default();
        let kept = all.get(open..).unwrap_or_default().to_vec();
        if self.cover.is_empty() && self.told == 0 {
            self.masked &= told == 0;
            out.truncate(base + told);
        } else {
            let all = all.to_vec();
            out.truncate(base);
            let mut at = self.told;
            for range in self.cover.ranges() {
                if range.start >= told {
                    break;
                }
                if range.end <= at {
                    continue;
                }
                if range.start > at {
                    out.extend_from_slice(all.get(at..range.start).unwrap_or_default());
                    self.masked = false;
                }
                if !self.masked {
                    out.extend_from_slice(MASK.as_bytes());
                    self.masked = true;
                }
                at = range.end.min(told);
            }
            if at < told {
                out.extend_from_slice(all.get(at..told).unwrap_or_default());
                self.masked = false;
            }
        }
        self.bytes = kept;
        self.told = told - open;
        self.cover.advance(open);
    }
}
