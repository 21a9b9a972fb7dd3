//! Report files that mean harm, or nothing at all: reading ends, stays small, and looks at nothing else.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use reports::{FORMATS, Report, ReportError};

fn read(format: &str, content: &[u8]) -> Result<Report, ReportError> {
    reports::read(format, "report", &mut &*content)
}

/// Returns the message of a JUnit report's first failure.
fn message(content: &str) -> Option<String> {
    match read("JUNITXML", content.as_bytes()) {
        Ok(Report::Tests(tests)) => tests.failures().next()?.message.clone(),
        _ => None,
    }
}

#[test]
fn entities_are_neither_expanded_nor_fetched() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
                <testsuite><testcase name=\"&b;\"><failure>&b; &lt;tag&gt; &#65; Tom & Jerry</failure></testcase></testsuite>";
    assert_eq!(message(bomb).as_deref(), Some("&b; <tag> A Tom & Jerry"));
    let outside = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
                   <testsuite><testcase><failure>&f;</failure></testcase></testsuite>";
    assert_eq!(message(outside).as_deref(), Some("&f;"));
}

#[test]
fn a_million_nested_elements_are_refused() {
    for (format, root) in [
        ("JUNITXML", "testsuite"),
        ("COBERTURAXML", "coverage"),
        ("JACOCOXML", "report"),
    ] {
        let deep = format!("<{root}>{}", "<x>".repeat(1_000_000));
        let error = read(format, deep.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("nest more than 512 deep"),
            "{error}"
        );
    }
    let deep = "[".repeat(1_000_000);
    assert!(read("CUCUMBERJSON", deep.as_bytes()).is_err());
    assert!(read("SIMPLECOV", "{\"a\":".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn a_file_that_is_none_is_told_with_its_line() {
    for (format, content, told) in [
        (
            "JUNITXML",
            "<testsuite>\n<testcase>\n</testsuite>",
            "line 3: element <testcase> closed by </testsuite>",
        ),
        (
            "JUNITXML",
            "<testsuite>\n<testcase",
            "line 2: unexpected EOF",
        ),
        ("JACOCOXML", "<report>\n\n\n", "line 4: unexpected EOF"),
        (
            "TESTNGXML",
            "\n</testng-results>",
            "line 2: unexpected end element </testng-results>",
        ),
        (
            "CLOVERXML",
            "<coverage>\n<!-- \u{FF}",
            "line 2: invalid UTF-8",
        ),
        ("CUCUMBERJSON", "[\n{]", "at line 2 column 2"),
        ("CUCUMBERJSON", "{}", "expected a list"),
        ("SIMPLECOV", "{\"a\": {}}", "there is no `coverage`"),
        (
            "LCOV",
            "SF:a\nDA:x",
            "line 2: `DA` is not as in a tracefile",
        ),
    ] {
        let content: Vec<u8> = content
            .chars()
            .map(|letter| u8::try_from(letter).expect("a byte"))
            .collect();
        let error = read(format, &content).unwrap_err().to_string();
        assert!(error.contains(told), "{format}: {error}");
    }
}

#[test]
fn names_of_any_length_are_cut_and_few_of_them_kept() {
    let long = "n".repeat(1_000_000);
    let case = format!(
        "<testsuite name=\"{long}\"><testcase name=\"{long}\" classname=\"{long}\"><failure message=\"{long}\"/></testcase></testsuite>"
    );
    let Ok(Report::Tests(tests)) = read("JUNITXML", case.as_bytes()) else {
        panic!("tests")
    };
    let case = tests.failures().next().unwrap();
    let lengths = [
        Some(&case.name),
        case.prefix.as_ref(),
        case.test_suite_name.as_ref(),
        case.message.as_ref(),
    ];
    assert_eq!(
        lengths.map(|text| text.unwrap().len()),
        [1_000, 1_000, 1_000, 5_000]
    );
    let element = format!("<testsuite><{long}>");
    let error = read("JUNITXML", element.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("more than 1024 bytes"),
        "{error}"
    );
}

#[test]
fn texts_and_nesting_that_json_passes_over_are_bounded_too() {
    let text = format!("[{{\"x\": \"{}\"}}]", "y".repeat(20_000_000));
    let error = read("CUCUMBERJSON", text.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("more than 16777216 bytes"),
        "{error}"
    );
    let deep = format!("[{{\"x\": {}", "[".repeat(1_000_000));
    let error = read("CUCUMBERJSON", deep.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("more than 128 deep"), "{error}");
}

#[test]
fn a_lone_ampersand_in_a_large_file_is_text() {
    let text = format!(
        "<testsuite><testcase><failure>Tom & Jerry</failure></testcase>{}</testsuite>",
        "<testcase/>".repeat(2_000_000)
    );
    assert_eq!(message(&text).as_deref(), Some("Tom & Jerry"));
}

#[test]
fn one_element_of_a_hundred_megabytes_is_refused() {
    let long = format!("<testsuite name=\"{}\"/>", "x".repeat(100_000_000));
    let error = read("JUNITXML", long.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("more than 16777216 bytes"),
        "{error}"
    );
}

#[test]
fn times_and_counts_that_cannot_be_are_nothing() {
    let junit = "<testsuite><testcase time=\"NaN\"/><testcase time=\"-5\"/><testcase time=\"1e300\"/></testsuite>";
    let Ok(Report::Tests(tests)) = read("JUNITXML", junit.as_bytes()) else {
        panic!("tests")
    };
    assert_eq!(
        (
            tests.summary.total(),
            tests.summary.duration_in_nano_seconds
        ),
        (3, 0)
    );
    let jacoco = "<report><package name=\"a\"><sourcefile name=\"b\"><counter type=\"LINE\" \
                  missed=\"18446744073709551615\" covered=\"-1\"/></sourcefile><sourcefile name=\"c\">\
                  <counter type=\"LINE\" missed=\"18446744073709551615\" covered=\"1\"/></sourcefile></package></report>";
    let Ok(Report::Coverage(coverage)) = read("JACOCOXML", jacoco.as_bytes()) else {
        panic!("coverage")
    };
    let summary = coverage.summary();
    assert_eq!((summary.lines_covered, summary.lines_missed), (1, u64::MAX));
    let line = format!(
        "<line hits=\"1\" branch=\"true\" condition-coverage=\"100% ({0}/{0})\"/>",
        u64::MAX
    );
    let cobertura = format!(
        "<coverage><packages><class filename=\"a\"><lines>{line}{line}</lines></class></packages></coverage>"
    );
    let Ok(Report::Coverage(coverage)) = read("COBERTURAXML", cobertura.as_bytes()) else {
        panic!("coverage")
    };
    let summary = coverage.summary();
    assert_eq!(
        (summary.lines_covered, summary.branches_covered),
        (2, u64::MAX)
    );
}

#[test]
fn declared_encodings_are_honoured() {
    let latin = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><testsuite><testcase><failure>caf\xE9</failure></testcase></testsuite>";
    let Ok(Report::Tests(tests)) = read("JUNITXML", latin) else {
        panic!("tests")
    };
    let first = tests
        .failures()
        .next()
        .and_then(|case| case.message.clone());
    assert_eq!(first.as_deref(), Some("caf\u{e9}"));
}

/// Pieces of which reports are made.
fn report_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<testsuites>",
        "<testsuite name=\"s\">",
        "<testcase name=\"n\" time=\"1\">",
        "<failure message=\"m\">",
        "</failure>",
        "</testcase>",
        "</testsuite>",
        "</testsuites>",
        "<skipped/>",
        "<test-results>",
        "<test-run>",
        "<test-case name=\"a.b\" result=\"Failed\">",
        "</test-case>",
        "<testng-results>",
        "<TestRun>",
        "<Results>",
        "<UnitTestResult outcome=\"Failed\" duration=\"00:00:01.5\">",
        "</UnitTestResult>",
        "</Results>",
        "<coverage>",
        "<project>",
        "<packages>",
        "<class filename=\"f\">",
        "<lines>",
        "<line hits=\"1\" branch=\"true\" condition-coverage=\"50% (1/2)\"/>",
        "</lines>",
        "</class>",
        "<file name=\"f\">",
        "<metrics statements=\"1\" coveredstatements=\"9\"/>",
        "</file>",
        "<report>",
        "<sourcefile name=\"f\">",
        "<counter type=\"LINE\" missed=\"1\" covered=\"2\"/>",
        "</sourcefile>",
        "SF:a\n",
        "DA:1,1\n",
        "BRDA:1,0,0,-\n",
        "end_of_record\n",
        "[",
        "]",
        "{",
        "}",
        "\"coverage\":",
        "\"elements\":",
        "null",
        ",",
        "1",
        "&amp;",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "é",
        "\u{0}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn files_read_the_same_wherever_they_are_cut() {
    for folder in ["own", "hostile"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../fixtures/reports")
            .join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let content = fs::read(&path).unwrap();
            for format in FORMATS {
                let whole = read(format, &content);
                for step in (1..70).chain([1024]) {
                    let cut = reports::read_in_steps(format, "report", &mut &*content, step);
                    assert_eq!(
                        whole.as_ref().ok(),
                        cut.as_ref().ok(),
                        "{} in steps of {step}",
                        path.display()
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_looks_like_a_report_is_survived(text in report_like(), step in 1_usize..40) {
        for format in FORMATS {
            // Either way is fine, as long as it ends, and where the text is cut makes no difference.
            let whole = read(format, text.as_bytes());
            let cut = reports::read_in_steps(format, "report", &mut text.as_bytes(), step);
            prop_assert_eq!(whole.as_ref().ok(), cut.as_ref().ok(), "{} in steps of {}", format, step);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        reports::detect(&bytes);
        for format in FORMATS {
            let _either = read(format, &bytes);
        }
    }
}
