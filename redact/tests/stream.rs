//! Pieces of any size, against an oracle that sees everything at once.

#![cfg(test)]

mod oracle;

use oracle::{Step, expected, redacted};
use proptest::prelude::*;
use redact::{MASK, Redactor, SHORTEST, forms};

/// Secrets that contain, overlap and repeat each other come of few letters.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{4,12}",
        "[a-c\\*]{0,9}",
        "[aA'\"/ <\n\\\\é]{6,14}",
        "(aaaaaaaa|bbbbbbbb|AKIA){1,3}",
        "\\PC{0,20}",
    ]
}

fn noise() -> impl Strategy<Value = Vec<u8>> + use<> {
    prop_oneof![
        "[abc\\*\n =]{0,12}".prop_map(String::into_bytes),
        "(AKIA|ASIA|KIA|A)[A-Z0-9]{0,18}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// A text in which forms stand among other things, whole and cut.
fn text(secrets: &[String]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let all: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let form = (any::<prop::sample::Index>(), 0..40_usize, 0..4_usize).prop_map(
        move |(index, cut, from)| {
            let Some(form) = all.get(index.index(all.len().max(1))) else {
                return Vec::new();
            };
            let cut = if cut < 20 { form.len() } else { cut - 20 };
            let end = cut.min(form.len());
            form.as_bytes()[from.saturating_sub(1).min(end)..end].to_vec()
        },
    );
    prop::collection::vec(prop_oneof![form, noise()], 0..8).prop_map(|parts| parts.concat())
}

/// What a text becomes when it is cut, told of secrets late, and interrupted.
fn steps(text: &[u8], cuts: &[(prop::sample::Index, u8)], late: &[String]) -> Vec<Step> {
    let mut places: Vec<(usize, u8)> = cuts
        .iter()
        .map(|(index, kind)| (index.index(text.len() + 1), *kind))
        .collect();
    places.sort_unstable();
    let mut steps = Vec::new();
    let mut late = late.iter();
    let mut at = 0;
    for (place, kind) in places {
        steps.push(Step::Push(text[at..place].to_vec()));
        at = place;
        match kind {
            0 => steps.push(Step::Flush),
            1 => steps.extend(late.next().cloned().map(Step::Add)),
            _ => {}
        }
    }
    steps.push(Step::Push(text[at..].to_vec()));
    steps
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_gets_out_is_what_the_oracle_lets_out(
        (secrets, late, text) in (prop::collection::vec(secret(), 0..4), prop::collection::vec(secret(), 0..2))
            .prop_flat_map(|(secrets, late)| {
                let all: Vec<String> = secrets.iter().chain(&late).cloned().collect();
                (Just(secrets), Just(late), text(&all))
            }),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 0..10),
    ) {
        let steps = steps(&text, &cuts, &late);
        let (out, expected) = (redacted(&secrets, &steps), expected(&secrets, &steps));
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
    }

    #[test]
    fn no_form_of_a_secret_gets_out(
        (secrets, text) in prop::collection::vec(secret(), 1..4)
            .prop_flat_map(|secrets| (Just(secrets.clone()), text(&secrets))),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let cuts: Vec<_> = cuts.into_iter().map(|cut| (cut, 9)).collect();
        let out = redacted(&secrets, &steps(&text, &cuts, &[]));
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            // A secret with stars can arise from a mask and what stands beside it.
            let found = !form.contains('*') && out.windows(form.len()).any(|window| window == form.as_bytes());
            prop_assert!(!found, "{:?} in {:?}", form, String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn whole_characters_give_whole_characters(
        secrets in prop::collection::vec("[é🔑a]{2,6}", 1..4),
        pieces in prop::collection::vec("[é🔑a]{0,6}", 0..12),
    ) {
        let mut redactor = Redactor::new(&secrets);
        for piece in pieces {
            let mut out = Vec::new();
            redactor.push(piece.as_bytes(), &mut out);
            prop_assert!(String::from_utf8(out).is_ok());
            let mut out = Vec::new();
            redactor.flush(&mut out);
            prop_assert!(String::from_utf8(out).is_ok());
        }
    }
}

fn let_out(secrets: &[&str], pieces: &[&str]) -> String {
    let mut redactor = Redactor::new(secrets);
    let mut out = Vec::new();
    for piece in pieces {
        redactor.push(piece.as_bytes(), &mut out);
    }
    redactor.flush(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn secrets_become_masks() {
    for (secrets, pieces, out) in [
        // Whole, in pieces, twice, side by side, overlapping, one in another.
        (&["hunter2"][..], &["my hunter2!"][..], "my ***!"),
        (&["hunter2"], &["my hun", "ter", "2!"], "my ***!"),
        (&["hunter2"], &["hunter2 hunter2"], "*** ***"),
        (&["hunter2"], &["hunter2hunter2"], "***"),
        (&["abcdef", "defghi"], &["xabcde", "fghiy"], "x***y"),
        (
            &["password", "password123"],
            &["password123 password12."],
            "*** ***12.",
        ),
        (&["password123", "word12"], &["password12", "3"], "***"),
        (&["aaaaaa"], &["aaaaaaaaa", "aab"], "***b"),
        // Nothing that only begins like one.
        (&["hunter2"], &["hun", "gry hunter"], "hungry ***"),
        (&["hunter2"], &["hun", "gry hunter\n"], "hungry hunter\n"),
        // Secrets that are no secrets, and one that is like the mask.
        (&["", " ", "*", "***"], &["* *** "], "* *** "),
        (&["******"], &["a******b***"], "a***b***"),
        (&["******"], &["a***", "***"], "a***"),
        // More than a line, and what a terminal and `echo` make of it.
        (
            &["one line\ntwo lines\n"],
            &["one line\ntwo lines\nx"],
            "***\nx",
        ),
        (
            &["one line\ntwo lines\n"],
            &["one line\r\ntwo lines\r\n"],
            "***\r\n",
        ),
        (
            &["one line\ntwo lines\n"],
            &["one line two lines; two lines"],
            "***; ***",
        ),
        // Access key ids of anybody.
        (&[], &["key AKIAIOSF", "ODNN7EXAMPLE."], "key ***."),
        (&[], &["ASIAAKIAAKIAAKIAAKIAAKIA1."], "***1."),
        (&[], &["AKIAshort AKI"], "AKIAshort AKI"),
        // In JSON, a URL, base64 of "user:hunter2!"
        (
            &["a/b c\"d"],
            &["{\"x\":\"a/b c\\\"d\"}"],
            "{\"x\":\"***\"}",
        ),
        (&["a/b c\"d"], &["?x=a%2Fb%20c%22d&y"], "?x=***&y"),
        (&["hunter2"], &["dXNlcjpodW50ZXIyIQ=="], "dXNlcjp***IQ=="),
    ] {
        assert_eq!(let_out(secrets, pieces), out, "{secrets:?} {pieces:?}");
        let whole = pieces.concat();
        let every_byte: Vec<_> = whole.split_inclusive(|_| true).collect();
        assert_eq!(
            let_out(secrets, &every_byte),
            out,
            "{secrets:?} byte by byte"
        );
    }
}

#[test]
fn only_what_may_become_a_secret_is_held() {
    let mut redactor = Redactor::new(["hunter2"]);
    let mut out = Vec::new();
    redactor.push(b"Your name: ", &mut out);
    assert_eq!(out, b"Your name: ");
    redactor.push(b"Your hunt", &mut out);
    assert_eq!(out, b"Your name: Your ");
    redactor.push(b"ing", &mut out);
    assert_eq!(out, b"Your name: Your hunting");
    redactor.push(b" hunter2", &mut out);
    assert_eq!(out, b"Your name: Your hunting ***");
}

#[test]
fn a_flush_lets_out_a_few_bytes_and_masks_what_looks_cut_off() {
    let mut redactor = Redactor::new(["hunter2"]);
    for (piece, told) in [
        ("a hun", "a hun"),
        ("ter2 hunt", "*** ***"),
        ("er2", "***"),
        ("er2", "er2"),
    ] {
        let mut out = Vec::new();
        redactor.push(piece.as_bytes(), &mut out);
        redactor.flush(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), told);
    }
}

#[test]
fn a_secret_that_becomes_known_is_taken_out_of_what_is_held_and_what_comes() {
    let mut redactor = Redactor::new(["hunter2"]);
    let mut out = Vec::new();
    redactor.push(b"unknown hunt", &mut out);
    redactor.add(["hunting", "unknown"]);
    redactor.push(b"ing unknown", &mut out);
    redactor.flush(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "unknown *** ***");
}

#[test]
fn a_text_that_stands_alone_has_nothing_to_do_with_the_stream() {
    let mut redactor = Redactor::new(["hunter2"]);
    let mut out = Vec::new();
    redactor.push(b"hunt", &mut out);
    assert_eq!(redactor.redact("er2 hunter2 hunter"), "er2 *** hunter");
    assert_eq!(redactor.redact_cut("er2 hunter2 hunter"), "er2 *** ***");
    redactor.push(b"er2", &mut out);
    redactor.flush(&mut out);
    assert_eq!(out, MASK.as_bytes());
}

#[test]
fn the_shortest_secret_is_found_in_base64() {
    let secret = "abcdef";
    assert_eq!(secret.len(), SHORTEST);
    assert_eq!(let_out(&[secret], &["eHhhYmNkZWZ4eA=="]), "eHh***Z4eA==");
}

/// A million cuts; some seconds in a release build, which `make fuzz` makes.
#[test]
#[ignore = "needs a release build; `make fuzz` runs it"]
fn no_cut_of_a_million_lets_anything_out() {
    splits(1_000, 1_000);
}

#[test]
fn no_cut_of_many_lets_anything_out() {
    splits(40, 100);
}

/// Cuts each of so many texts so many times at random.
fn splits(texts: u64, cuts: u64) {
    let mut random = Random(7);
    for _ in 0..texts {
        let secrets: Vec<String> = (0..3).map(|_| random.secret()).collect();
        let all: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let mut text = Vec::new();
        for _ in 0..12 {
            if let (Some(form), 0..2) = (all.get(random.below(all.len())), random.below(3)) {
                let form = form.as_bytes();
                let end = if random.below(4) == 0 {
                    random.below(form.len() + 1)
                } else {
                    form.len()
                };
                text.extend(&form[..end]);
            } else {
                text.extend(random.letters(6).bytes());
            }
        }
        // Nothing is at the end that a flush would take for a secret that was cut off.
        text.push(b'\n');
        let expected = expected(&secrets, &[Step::Push(text.clone())]);
        let fresh = Redactor::new(&secrets);
        for _ in 0..cuts {
            let mut redactor = fresh.clone();
            let mut out = Vec::new();
            let mut at = 0;
            while at < text.len() {
                let end = (at + 1 + random.below(40)).min(text.len());
                redactor.push(&text[at..end], &mut out);
                at = end;
            }
            redactor.flush(&mut out);
            assert!(
                out == expected,
                "{secrets:?}\n{:?}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

/// The same numbers in every run (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap()
    }

    fn letters(&mut self, longest: usize) -> String {
        let letters = [
            b'a', b'b', b'A', b'/', b'"', b'\'', b' ', b'\n', b'\\', b'+',
        ];
        (0..self.below(longest + 1))
            .map(|_| char::from(letters[self.below(letters.len())]))
            .collect()
    }

    fn secret(&mut self) -> String {
        format!(
            "{}{}",
            self.letters(8),
            ["abab", "aaaaaa", "a/b'a \"", "AKIA"][self.below(4)].repeat(2)
        )
    }
}
