//! `make bench`: what we promise to be fast, measured against a rival or a limit in the same run.
//!
//! Machines are noisy, so figures are ratios: ours and the rival's run in turn, and the ratio is the median over the
//! pairs. A ratio above 1 means that we are better. Usage: `bench [PREFIX]`, which runs the ids that begin with it.

mod artifact;
mod cache;
mod check;
mod corpus;
mod hash;
mod image;
mod log;
mod measure;
mod program;
mod report;
mod rivals;
mod s3;
mod table;
mod tree;

use std::process::ExitCode;

use measure::Figure;

/// A benchmark: its id, and what measures it.
type Bench = (&'static str, fn() -> Result<Figure, String>);

const BENCHES: &[Bench] = &[
    ("artifact.select", artifact::select_files),
    ("artifact.zip", artifact::zip),
    ("cache.hash", hash::cold),
    ("cache.hash.again", hash::again),
    ("cache.restore", cache::restore),
    ("cache.restore.copy", cache::restore_copy),
    ("cache.restore.zip", cache::restore_zip),
    ("cache.s3.bytes", s3::bytes),
    ("cache.s3.bytes.rss", s3::save_memory),
    ("cache.s3.restore", s3::restore),
    ("cache.s3.restore.rss", s3::restore_memory),
    ("cache.s3.restore.walk", s3::restore_and_walk),
    ("check.corpus", check::corpus),
    ("check.start", check::start),
    ("image.one-file", image::one_file),
    ("image.unchanged", image::unchanged),
    ("log.redact", log::redact),
    ("report.junit", report::junit),
];

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program is its own door"
)]
fn main() -> ExitCode {
    let prefix = std::env::args().nth(1).unwrap_or_default();
    if prefix == s3::ALONE {
        return s3::alone();
    }
    let mut figures = Vec::new();
    for (id, bench) in BENCHES.iter().filter(|(id, _)| id.starts_with(&prefix)) {
        eprintln!("  {id} …");
        match bench() {
            Ok(figure) => figures.push(figure),
            Err(error) => {
                eprintln!("error: {id}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if let Err(error) = tree::delete_all() {
        eprintln!("warning: what the benchmarks left is still there: {error}");
    }
    if figures.is_empty() {
        let known: Vec<_> = BENCHES.iter().map(|(id, _)| *id).collect();
        eprintln!(
            "error: no benchmark begins with `{prefix}`\n  help: there are {}",
            known.join(", ")
        );
        return ExitCode::FAILURE;
    }
    println!("{}", table::draw(&figures));
    let written = serde_json::to_string_pretty(&figures)
        .map_err(std::io::Error::from)
        .and_then(|text| {
            std::fs::create_dir_all("target")?;
            std::fs::write("target/bench.json", text + "\n")
        });
    if let Err(error) = written {
        eprintln!("error: failed to write target/bench.json: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
