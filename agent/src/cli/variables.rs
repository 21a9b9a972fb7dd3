//! The variables of a request: from the project file, from environment files, from flags.

use super::args::BuildArgs;
use super::exit::CliError;
use super::request::read_text;
use crate::config;
use crate::model::{RequestVariable, Visibility};
use crate::plan::{SETTABLE, is_name, is_settable};
use crate::project::{Project, VariableKind};

/// The project's variables first, the caller's files next, the caller's flags last: later ones win.
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
    for text in &args.env {
        given.push(variable(text, "-e")?);
    }
    let mut all = Vec::new();
    for variable in &project.environment.environment_variables {
        if given.iter().any(|other| other.name == variable.name) {
            continue;
        }
        if variable.kind != VariableKind::Plaintext {
            return Err(CliError::unusable(
                format!(
                    "project variable `{}` is a reference to `{}`, and resolving it is not supported yet",
                    variable.name, variable.value
                ),
                format!("give its value with `-e {}=…`", variable.name),
            ));
        }
        all.push(RequestVariable {
            name: variable.name.clone(),
            value: variable.value.clone(),
            visibility: Visibility::Shown,
        });
    }
    all.extend(given);
    Ok(all)
}

/// Reads `NAME=VALUE`, or `NAME` for the caller's own value.
fn variable(text: &str, place: &str) -> Result<RequestVariable, CliError> {
    let (name, typed) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
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
        visibility,
    })
}

fn unset(name: &str, place: &str) -> CliError {
    CliError::unusable(
        format!("{place}: `{name}` is not set in your environment"),
        format!("set it, or give its value: `-e {name}=…`"),
    )
}
