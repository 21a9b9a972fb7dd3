//! Any secrets in any stream, in any pieces: what gets out is what an oracle lets out that sees everything at once, and no form
//! of a secret is in it.
//!
//! An input is fields, one a NUL: two secrets, one that becomes known later, and the stream. In the stream 1 is a cut, 2 a flush, 3
//! makes the late secret known, and 4 with the byte behind it is a form of some secret.
#![no_main]

#[path = "../../redact/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use oracle::{Step, expected, redacted};

fuzz_target!(|bytes: &[u8]| {
    let mut fields = bytes.splitn(4, |byte| *byte == 0);
    let mut text = || String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
    let secrets = [text(), text()];
    let late = text();
    let forms: Vec<String> =
        secrets.iter().chain([&late]).flat_map(|secret| redact::forms(secret)).collect();
    let steps = steps(fields.next().unwrap_or_default(), &late, &forms);
    let out = redacted(&secrets, &steps);
    assert_eq!(out, expected(&secrets, &steps));
    // A secret that becomes known may stand in what was let out before, and a flush lets out what is short.
    if steps.iter().all(|step| matches!(step, Step::Push(_))) {
        for form in secrets.iter().flat_map(|secret| redact::forms(secret)) {
            // A secret with stars can arise from a mask and what stands beside it.
            let found = out.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found || form.contains('*'), "{form:?}");
        }
    }
});

fn steps(stream: &[u8], late: &str, forms: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut piece = Vec::new();
    let mut bytes = stream.iter();
    while let Some(byte) = bytes.next() {
        let after = match byte {
            1 => None,
            2 => Some(Step::Flush),
            3 => Some(Step::Add(late.to_owned())),
            4 => {
                let index = bytes.next().copied().unwrap_or_default();
                let form = forms.get(usize::from(index) % forms.len().max(1));
                piece.extend(form.map(String::as_bytes).unwrap_or_default());
                continue;
            }
            byte => {
                piece.push(*byte);
                continue;
            }
        };
        steps.push(Step::Push(std::mem::take(&mut piece)));
        steps.extend(after);
    }
    steps.push(Step::Push(piece));
    steps
}
