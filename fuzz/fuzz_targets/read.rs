//! Any bytes: reading ends, places lie on characters, and a page can be drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (text, reading) = buildspec::read_bytes(bytes);
    assert!(reading.findings.len() <= 1_002);
    for finding in &reading.findings {
        assert!(text.get(finding.span.start..finding.span.end).is_some());
        assert!(buildspec::kind(finding.code).is_some(), "{}", finding.code);
    }
    buildspec::render(&text, "buildspec.yml", &reading.findings, buildspec::Style::Plain);
});
