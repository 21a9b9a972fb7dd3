//! Credential helpers: programs named `docker-credential-<name>` that keep what `docker login` was given.
//!
//! One speaks to them over standard input and output: the action is the argument, the server's address goes in, JSON comes
//! out.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::model::{Credentials, Login};

/// A helper may ask its owner for a passphrase, but not for ever.
const PATIENCE: Duration = Duration::from_mins(1);
/// Tokens have a few kilobytes.
const LONGEST: u64 = 64 * 1024;
/// What helpers say of a server that they know nothing of.
const NOT_FOUND: &str = "credentials not found";
/// The user of a secret that is an identity token.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks the helper `name` for a server; `None` when it knows nothing of it. `path` is where programs are looked for.
///
/// The name stands in a configuration file that more than one program writes to: it must be a bare one, so that it names
/// nothing but a helper.
pub(super) async fn ask(
    name: &str,
    server: &str,
    registry: &str,
    path: &OsStr,
) -> Result<Option<Credentials>, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) || name.contains("..") {
        return Err(format!("`{name}` is not a credential helper's name"));
    }
    let program = format!("docker-credential-{name}");
    let found = find(&program, path)
        .ok_or_else(|| format!("the credential helper `{program}` is not on the PATH"))?;
    let said = tokio::time::timeout(PATIENCE, speak(&found, server)).await;
    let said = said.map_err(|_elapsed| {
        format!("`{program}` gave no answer within {} s", PATIENCE.as_secs())
    })?;
    let said = said.map_err(|error| format!("`{program}`: {error}"))?;
    if !said.succeeded {
        if said.text.contains(NOT_FOUND) {
            return Ok(None);
        }
        let first = said.text.lines().next().unwrap_or_default();
        return Err(format!("`{program}` failed: {}", first.trim()));
    }
    // The answer holds the secret: what serde says of it must not be repeated.
    let answer: Answer = serde_json::from_str(&said.text)
        .map_err(|_secret| format!("`{program}` gave no credentials that can be read"))?;
    if answer.secret.is_empty() {
        return Ok(None);
    }
    let login = if answer.username == TOKEN_USER {
        Login::IdentityToken(answer.secret)
    } else {
        Login::Password {
            username: answer.username,
            password: answer.secret,
        }
    };
    Ok(Some(Credentials {
        registry: registry.into(),
        login,
    }))
}

/// Looks for an executable file; a relative directory on the PATH is not looked into.
fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(|file| {
            file.metadata()
                .is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
        })
}

struct Said {
    succeeded: bool,
    text: String,
}

async fn speak(program: &Path, server: &str) -> std::io::Result<Said> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that ends without reading says why on its output.
        let _unread = input.write_all(format!("{server}\n").as_bytes()).await;
    }
    let mut text = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(LONGEST).read_to_end(&mut text).await?;
    }
    // Its output is over, or longer than any answer: nothing more is expected of it.
    let status = child.wait().await?;
    Ok(Said {
        succeeded: status.success(),
        text: String::from_utf8_lossy(&text).into_owned(),
    })
}
