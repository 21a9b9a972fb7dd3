//! The variables of a request: from the project file, from environment files, from flags.

use std::fs::File;
use std::io::Read as _;

use super::args::BuildArgs;
use super::exit::CliError;
use super::request::read_text;
use crate::config;
use crate::model::{Giver, RequestVariable, VariableKind, Visibility};
use crate::plan::{SETTABLE, is_name, is_settable};
use crate::project::Project;

/// The largest secret of Secrets Manager, and half of what Linux gives a process as one variable.
const SECRET_LIMIT: u64 = 64 * 1024;

/// The project's variables first, the caller's files next, then secrets, the caller's flags last: later ones win.
pub(super) fn variables(
    args: &BuildArgs,
    project: &Project,
) -> Result<Vec<RequestVariable>, CliError> {
    let mut given = Vec::new();
    for path in &args.env_file {
        let text = read_text(path).map_err(|error| {
            CliError::unusable(
                format!(
                    "environment file `{}` cannot be read: {error}",
                    path.display()
                ),
                "give a text file with NAME=VALUE on each line",
            )
        })?;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if !line.is_empty() && !line.starts_with('#') {
                let place = format!("{}:{}", path.display(), index + 1);
                let variable = variable(line, &place)?;
                given.push(RequestVariable {
                    visibility: Visibility::Masked,
                    ..variable
                });
            }
        }
    }
    for text in &args.secret {
        given.push(secret(text)?);
    }
    for text in &args.env {
        given.push(variable(text, "-e")?);
    }
    let mut all: Vec<RequestVariable> = Vec::new();
    for variable in &project.environment.environment_variables {
        all.push(RequestVariable {
            name: variable.name.clone(),
            value: variable.value.clone(),
            kind: variable.kind,
            visibility: Visibility::Shown,
            giver: Giver::Project,
        });
    }
    all.extend(given);
    Ok(all)
}

/// Reads `NAME=FILE`: the value is what the file holds, without the line end that editors add.
fn secret(text: &str) -> Result<RequestVariable, CliError> {
    let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err(CliError::unusable(
            format!("--secret: `{text}` names no file"),
            "write `--secret NAME=FILE`; the file holds the value",
        ));
    };
    allowed(name, "--secret")?;
    let unusable = |reason: String| {
        CliError::unusable(
            format!("--secret: `{path}`, the value of `{name}`, {reason}"),
            format!("give a text file of at most {SECRET_LIMIT} bytes"),
        )
    };
    let mut value = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(SECRET_LIMIT + 1).read_to_end(&mut value));
    read.map_err(|error| unusable(format!("cannot be read: {error}")))?;
    if value.len() as u64 > SECRET_LIMIT {
        return Err(unusable("is too large for a variable".to_owned()));
    }
    let value = String::from_utf8(value).map_err(|_binary| unusable("is no text".to_owned()))?;
    if value.contains('\0') {
        return Err(unusable(
            "has a zero byte, which no variable can hold".to_owned(),
        ));
    }
    Ok(RequestVariable {
        name: name.to_owned(),
        value: value.strip_suffix('\n').map(str::to_owned).unwrap_or(value),
        kind: VariableKind::Plaintext,
        visibility: Visibility::Masked,
        giver: Giver::Caller,
    })
}

/// Reads `NAME=VALUE`, or `NAME` for the caller's own value.
fn variable(text: &str, place: &str) -> Result<RequestVariable, CliError> {
    let (name, typed) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    allowed(name, place)?;
    let (value, visibility) = match typed {
        Some(value) => (value.to_owned(), Visibility::Shown),
        None => (
            config::variable(name).ok_or_else(|| unset(name, place))?,
            Visibility::Masked,
        ),
    };
    Ok(RequestVariable {
        name: name.to_owned(),
        value,
        kind: VariableKind::Plaintext,
        visibility,
        giver: Giver::Caller,
    })
}

/// Refuses what no variable can be called.
fn allowed(name: &str, place: &str) -> Result<(), CliError> {
    if !is_name(name) {
        return Err(CliError::unusable(
            format!("{place}: `{name}` is not a variable's name"),
            "write NAME=VALUE; a name has letters, digits and underscores",
        ));
    }
    if name.starts_with("CODEBUILD_") && !is_settable(name) {
        return Err(CliError::unusable(
            format!(
                "{place}: `{name}` cannot be set: names that begin with CODEBUILD_ are reserved"
            ),
            format!(
                "choose another name; what only AWS could know can be given: {}",
                SETTABLE.join(", ")
            ),
        ));
    }
    Ok(())
}

fn unset(name: &str, place: &str) -> CliError {
    CliError::unusable(
        format!("{place}: `{name}` is not set in your environment"),
        format!("set it, or give its value: `-e {name}=…`"),
    )
}
