//! Finds every occurrence of every form, and knows how much of the end could still become one.

use std::collections::HashMap;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind};

use super::cover::Cover;
use super::sieve::Sieve;

/// An automaton over all forms.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    nfa: NFA,
    start: StateID,
    /// How many bytes of the end of the text begin a form and do not end it, for each state. The library does not tell;
    /// holding back the longest form's length instead would keep a prompt from whoever waits for it.
    depths: HashMap<StateID, usize>,
    sieve: Sieve,
}

/// Where an automaton stands after some text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(StateID);

impl Automaton {
    /// Fails when there are more forms than the library can number.
    pub(crate) fn new<'a>(
        forms: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Self, BuildError> {
        let nfa = NFA::builder()
            // Every occurrence is wanted, not only those that a search from left to right would take.
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(forms.clone())?;
        // Only a search of another kind can be refused.
        let start = nfa.start_state(Anchored::No).unwrap_or_default();
        Ok(Self {
            sieve: Sieve::new(forms.clone()),
            depths: depths(&nfa, start, forms.collect()),
            nfa,
            start,
        })
    }

    /// Where it stands before any text.
    pub(crate) fn start(&self) -> State {
        State(self.start)
    }

    /// How many bytes of the end of what was seen could still become a form.
    pub(crate) fn depth(&self, state: State) -> usize {
        self.depths.get(&state.0).copied().unwrap_or(0)
    }

    /// Covers every form that ends behind `from`; `state` is where it stands at `from`.
    pub(crate) fn scan(
        &self,
        State(mut state): State,
        bytes: &[u8],
        from: usize,
        cover: &mut Cover,
    ) -> State {
        let mut at = from;
        while at < bytes.len() {
            if state == self.start {
                at = self.sieve.skip(bytes, at);
            }
            while let Some(byte) = bytes.get(at) {
                state = self.nfa.next_state(Anchored::No, state, *byte);
                at += 1;
                if self.nfa.is_match(state) {
                    cover.add(at - self.longest(state)..at);
                }
                if state == self.start {
                    break;
                }
            }
        }
        State(state)
    }

    /// The length of the longest form that ends here.
    fn longest(&self, state: StateID) -> usize {
        let ends = (0..self.nfa.match_len(state)).map(|index| {
            let form = self.nfa.match_pattern(state, index);
            self.nfa.pattern_len(form)
        });
        ends.max().unwrap_or(0)
    }
}

fn depths(nfa: &NFA, start: StateID, mut forms: Vec<&[u8]>) -> HashMap<StateID, usize> {
    let next = |state, byte: &u8| nfa.next_state(Anchored::No, state, *byte);
    let mut depths = HashMap::from([(start, 0)]);
    for form in &forms {
        let mut state = start;
        for (index, byte) in form.iter().enumerate().take(form.len() - 1) {
            state = next(state, byte);
            depths.insert(state, index + 1);
        }
    }
    // A form that begins no other one is over; what may go on is an end of it. The shorter ones first, because such an
    // end can be a form that is over as well.
    forms.sort_unstable_by_key(|form| form.len());
    for form in forms {
        let end = form.iter().fold(start, next);
        let rest = form.iter().skip(1).fold(start, next);
        let depth = depths.get(&rest).copied().unwrap_or(0);
        depths.entry(end).or_insert(depth);
    }
    depths
}
