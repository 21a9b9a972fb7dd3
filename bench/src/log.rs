//! What stands between a build's output and whoever reads it.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::PathBuf;

use redact::Redactor;

use crate::measure::{Figure, Race};

/// The size of the log, in bytes.
const SIZE: u64 = 256_000_000;
/// What the agent reads at once.
const PIECE: usize = 64 * 1024;

/// A log of 256 MB through the redactor with twenty secrets, against a plain copy of the same stream; both in the agent's
/// pieces, from one file into another.
pub(crate) fn redact() -> Result<Figure, String> {
    let log = large_log().map_err(|error| format!("the log cannot be written: {error}"))?;
    let copy = log.with_extension("copy");
    let secrets = secrets();
    let race = Race {
        id: "log.redact",
        work: "redact a log of 256 MB, 20 secrets".to_owned(),
        rival_name: "plain copy".to_owned(),
        aim: 0.5,
        pairs: 11,
    };
    let failed = |error: std::io::Error| error.to_string();
    let figure = race.run(
        || {
            let mut redactor = Redactor::new(&secrets);
            let mut out = Vec::new();
            let mut target = File::create(&copy).map_err(failed)?;
            pieces(&log, |piece| {
                out.clear();
                redactor.push(piece, &mut out);
                target.write_all(&out)
            })
            .map_err(failed)?;
            out.clear();
            redactor.flush(&mut out);
            target.write_all(&out).map_err(failed)
        },
        || {
            let mut target = File::create(&copy).map_err(failed)?;
            pieces(&log, |piece| target.write_all(piece)).map_err(failed)
        },
    );
    fs::remove_file(copy).map_err(failed)?;
    figure
}

/// Hands over a file piece by piece.
fn pieces(
    path: &PathBuf,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            read => take(piece.get(..read).unwrap_or_default())?,
        }
    }
}

/// Tokens, passwords, URLs and a key of several lines.
fn secrets() -> Vec<String> {
    let mut secrets: Vec<String> = (0..8_u64)
        .map(|n| format!("ghp_{:032x}", mixed(n)))
        .collect();
    secrets.extend((0..6).map(|n| format!("pa$$w/rd \"{:x}\" & more", mixed(n))));
    secrets
        .extend((0..5).map(|n| format!("postgres://app:{:x}@db{n}.internal:5432/app", mixed(n))));
    let lines = (0..24).map(|n| {
        format!(
            "{:016x}{:016x}{:016x}{:016x}",
            mixed(n),
            mixed(n + 1),
            mixed(n + 2),
            mixed(n + 3)
        )
    });
    let key: Vec<String> = lines.collect();
    secrets.push(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        key.join("\n")
    ));
    secrets
}

fn mixed(n: u64) -> u64 {
    (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31)
}

/// Returns a log of that size; it is written once. One line of ten thousand has a secret.
fn large_log() -> std::io::Result<PathBuf> {
    let path = PathBuf::from("target/bench/build.log");
    if fs::metadata(&path).is_ok_and(|found| found.len() >= SIZE) {
        return Ok(path);
    }
    fs::create_dir_all("target/bench")?;
    let mut out = BufWriter::new(File::create(&path)?);
    let secrets = secrets();
    let mut written = 0;
    for (n, secret) in (0..).zip(secrets.iter().cycle()) {
        let line = match n % 7 {
            _ if n % 10_000 == 0 => format!("connecting with {secret}\n"),
            0 => format!(
                "npm http fetch GET 200 https://registry.example/package-{n} 12ms (cache hit)\n"
            ),
            1 => format!("  [{n}/250000] Compiling src/components/Widget{n}.tsx\n"),
            2 => format!(
                "\u{1b}[32m✓\u{1b}[0m renders item {n} with its label ({} ms)\n",
                n % 90
            ),
            3 => format!(
                "2026-01-02T03:04:05.{:06}Z INFO app.server request id={:016x} status=200\n",
                n % 1_000_000,
                mixed(n)
            ),
            4 => format!(
                "    at Object.<anonymous> (/codebuild/output/src1/src/test/unit{n}.test.js:12:34)\n"
            ),
            5 => format!(
                "sha512-{:016x}{:016x}== integrity checked\n",
                mixed(n),
                mixed(n + 1)
            ),
            _ => "warning: unused variable: `x`\n".to_owned(),
        };
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        if written >= SIZE {
            break;
        }
    }
    out.flush()?;
    Ok(path)
}
