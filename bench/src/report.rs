//! Reading reports.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Figure, Race};
use crate::program::{own_program, succeed};

/// The size of the report that is read, in bytes.
const SIZE: u64 = 100_000_000;

/// A JUnit file of 100 MB, against the `junitparser` of Python; both as whole processes.
pub(crate) fn junit() -> Result<Figure, String> {
    let program = own_program()?;
    let file = large_report().map_err(|error| format!("the report cannot be written: {error}"))?;
    let python = Path::new("target/bench/venv/bin/python");
    let script = "import sys; from junitparser import JUnitXml; xml = JUnitXml.fromfile(sys.argv[1]); \
                  print(sum(1 for suite in xml for case in suite))";
    let race = Race {
        id: "report.junit",
        work: "read a JUnit file of 100 MB, whole process".to_owned(),
        rival_name: "Python's junitparser".to_owned(),
        aim: 20.0,
        pairs: 3,
    };
    race.run(
        || {
            let arguments = ["report", "--format", "json"];
            succeed(Command::new(&program).args(arguments).arg(&file))
        },
        || succeed(Command::new(python).args(["-c", script]).arg(&file)),
    )
}

/// Returns a report of that size; it is written once.
fn large_report() -> std::io::Result<PathBuf> {
    let path = PathBuf::from("target/bench/junit.xml");
    if fs::metadata(&path).is_ok_and(|found| found.len() >= SIZE) {
        return Ok(path);
    }
    fs::create_dir_all("target/bench")?;
    let mut out = BufWriter::new(File::create(&path)?);
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
    )?;
    let mut written = 0;
    for suite in 0.. {
        let mut text = format!("<testsuite name=\"com.example.Suite{suite}\" tests=\"100\">\n");
        for case in 0..100 {
            let outcome = match case % 50 {
                0 => {
                    "<failure message=\"expected 3\">at com.example.Suite.check(Suite.java:12)</failure>"
                }
                1 => "<skipped/>",
                _ => "",
            };
            // Writing to a string cannot fail.
            let _written = writeln!(
                text,
                "<testcase classname=\"com.example.Suite{suite}\" name=\"case {case} of the suite\" \
                 time=\"0.0{case}\">{outcome}</testcase>"
            );
        }
        text.push_str("</testsuite>\n");
        out.write_all(text.as_bytes())?;
        written += text.len() as u64;
        if written >= SIZE {
            break;
        }
    }
    writeln!(out, "</testsuites>")?;
    out.flush()?;
    Ok(path)
}
