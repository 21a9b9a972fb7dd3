//! `understudy check`.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use buildspec::Severity;

use super::args::CheckArgs;
use super::exit::{CliError, SUCCEEDED, UNUSABLE};

/// More than this is no buildspec; the reader says so when it sees that there is more.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Prints every finding of every file.
pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, CliError> {
    let style = match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => buildspec::Style::Plain,
        _ => buildspec::Style::Color,
    };
    let mut out = anstream::stdout().lock();
    let (mut errors, mut warnings) = (0, 0);
    for path in &args.files {
        let bytes = read(path)?;
        let (text, reading) = buildspec::read_bytes(&bytes);
        let name = path.display().to_string();
        for finding in &reading.findings {
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
        if !reading.findings.is_empty() {
            let drawn = buildspec::render(&text, &name, &reading.findings, style);
            // A reader that went away has seen what it wanted.
            let _unheard = writeln!(out, "{}\n", drawn.trim_end());
        }
    }
    let files = args.files.len();
    let _unheard = writeln!(out, "{}", total(files, errors, warnings));
    Ok(ExitCode::from(if errors > 0 {
        UNUSABLE
    } else {
        SUCCEEDED
    }))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().take(LIMIT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
    };
    read.map(|_length| bytes).map_err(|error| {
        CliError::unusable(
            format!("`{}` cannot be read: {error}", path.display()),
            "give a buildspec's path, or `-` for standard input",
        )
    })
}

fn total(files: usize, errors: u32, warnings: u32) -> String {
    let count = |number: u32, noun: &str| match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    };
    let files = count(u32::try_from(files).unwrap_or(u32::MAX), "file");
    match (errors, warnings) {
        (0, 0) => format!("{files} checked, nothing found"),
        _ => format!(
            "{files} checked: {}, {}",
            count(errors, "error"),
            count(warnings, "warning")
        ),
    }
}
