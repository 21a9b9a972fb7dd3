//! Any bytes as a report of the format that the target is named after: reading ends, what is kept is bounded, and it makes no
//! difference where the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reports::{Report, TestCase};

/// One source, a target a format.
const FORMAT: &str = match env!("CARGO_BIN_NAME").as_bytes() {
    b"junit" => "JUNITXML",
    b"cucumber" => "CUCUMBERJSON",
    b"nunit2" => "NUNITXML",
    b"nunit3" => "NUNIT3XML",
    b"testng" => "TESTNGXML",
    b"trx" => "VISUALSTUDIOTRX",
    b"clover" => "CLOVERXML",
    b"cobertura" => "COBERTURAXML",
    b"jacoco" => "JACOCOXML",
    b"simplecov" => "SIMPLECOV",
    b"lcov" => "LCOV",
    _ => panic!("a target of another name"),
};

fuzz_target!(|bytes: &[u8]| {
    reports::recognise(bytes);
    let whole = reports::read(FORMAT, "report", &mut &*bytes);
    let step = 1 + bytes.last().copied().map_or(0, usize::from) % 61;
    let cut = reports::read_in_steps(FORMAT, "report", &mut &*bytes, step);
    match (whole, cut) {
        (Ok(whole), Ok(cut)) => {
            assert_eq!(whole, cut, "in steps of {step}");
            look_at(&whole);
        }
        (Err(whole), Err(_)) => assert!(whole.to_string().len() < 10_000),
        (whole, cut) => panic!("{whole:?} is not {cut:?} in steps of {step}"),
    }
});

fn look_at(report: &Report) {
    match report {
        Report::Tests(tests) => {
            assert!(tests.cases().count() <= 500 && tests.retried().len() <= 500);
            for case in tests.cases() {
                let message = case.message.as_deref().unwrap_or_default();
                assert!(case.name.chars().count() <= TestCase::LONGEST_NAME);
                assert!(message.chars().count() <= TestCase::LONGEST_MESSAGE);
            }
        }
        Report::Coverage(coverage) => {
            let summary = coverage.summary();
            let shares = [summary.line_percentage(), summary.branch_percentage()];
            for share in shares.into_iter().flatten() {
                assert!((0.0..=100.0).contains(&share));
            }
        }
    }
}
