//! The same promise, kept slowly: every form is compared at every place, and nothing is remembered but the whole text.

use std::collections::BTreeSet;

/// What happens to a stream.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A piece comes.
    Push(Vec<u8>),
    /// A secret becomes known.
    Add(String),
    /// Nothing comes for now.
    Flush,
}

/// Runs the redactor; returns all that it let out.
pub(crate) fn redacted(secrets: &[String], steps: &[Step]) -> Vec<u8> {
    let mut redactor = redact::Redactor::new(secrets);
    run(&mut redactor, steps)
}

/// Runs a redactor that is there already.
pub(crate) fn run(redactor: &mut redact::Redactor, steps: &[Step]) -> Vec<u8> {
    let mut out = Vec::new();
    for step in steps {
        match step {
            Step::Push(bytes) => redactor.push(bytes, &mut out),
            Step::Add(secret) => redactor.add([secret]),
            Step::Flush => redactor.flush(&mut out),
        }
    }
    redactor.flush(&mut out);
    out
}

/// What the redactor must let out.
pub(crate) fn expected(secrets: &[String], steps: &[Step]) -> Vec<u8> {
    let mut oracle = Oracle::default();
    for secret in secrets {
        oracle.add(secret);
    }
    for step in steps {
        match step {
            Step::Push(bytes) => oracle.push(bytes),
            Step::Add(secret) => oracle.add(secret),
            Step::Flush => oracle.flush(),
        }
    }
    oracle.flush();
    oracle.out
}

#[derive(Default)]
struct Oracle {
    text: Vec<u8>,
    covered: Vec<bool>,
    /// A form, and from where on it is looked for.
    forms: Vec<(Vec<u8>, usize)>,
    known: BTreeSet<String>,
    open: usize,
    told: usize,
    masked: bool,
    out: Vec<u8>,
}

impl Oracle {
    fn add(&mut self, secret: &str) {
        for form in redact::forms(secret) {
            if self.known.insert(form.clone()) {
                self.forms.push((form.into_bytes(), self.open));
            }
        }
        self.look();
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text.extend(bytes);
        self.look();
        self.tell(self.open);
    }

    fn flush(&mut self) {
        if self.text.len() - self.open >= 4 {
            self.covered[self.open..].fill(true);
        }
        self.tell(self.text.len());
        self.masked = false;
    }

    fn look(&mut self) {
        let end = self.text.len();
        self.covered.resize(end, false);
        let before = self.open;
        self.open = end;
        // What was settled before stays settled.
        for start in before..end {
            let rest = &self.text[start..];
            let forms = self.forms.iter().filter(|(_, since)| *since <= start);
            let mut begins = false;
            for (form, _) in forms {
                if rest.starts_with(form) {
                    self.covered[start..start + form.len()].fill(true);
                }
                begins |= form.len() > rest.len() && form.starts_with(rest);
            }
            let (whole, open) = key_id(rest);
            if whole {
                self.covered[start..start + 20].fill(true);
            }
            if begins || open {
                self.open = self.open.min(start);
            }
        }
    }

    fn tell(&mut self, until: usize) {
        while self.told < until {
            if !self.covered[self.told] {
                self.out.push(self.text[self.told]);
                self.masked = false;
            } else if !self.masked {
                self.out.extend(redact::MASK.as_bytes());
                self.masked = true;
            }
            self.told += 1;
        }
    }
}

/// Whether a key id stands at the beginning, and whether one could.
fn key_id(rest: &[u8]) -> (bool, bool) {
    let fits = |kind: &[u8]| {
        rest.iter()
            .take(20)
            .enumerate()
            .all(|(index, byte)| match kind.get(index) {
                Some(letter) => byte == letter,
                None => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            })
    };
    let fits = fits(b"AKIA") || fits(b"ASIA");
    (
        fits && rest.len() >= 20,
        fits && !rest.is_empty() && rest.len() < 20,
    )
}
