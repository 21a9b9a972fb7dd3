//! References to Parameter Store and Secrets Manager (reference §1.4.1, §1.4.2).

use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::reference::{ReferenceError, SecretReference};

/// A reference to one store under the name of the other.
pub(super) fn wrong_store(subject: &Subject<'_>, findings: &mut Findings) {
    let env = &subject.document.env;
    let lists = [
        (
            &env.parameter_store,
            ":secretsmanager:",
            "parameter-store",
            "secrets-manager",
        ),
        (
            &env.secrets_manager,
            ":ssm:",
            "secrets-manager",
            "parameter-store",
        ),
    ];
    for (variables, foreign, here, there) in lists {
        for variable in variables {
            let value = &variable.value;
            if value.value.starts_with("arn:") && value.value.contains(foreign) {
                findings.push(
                    Finding::warning(
                        "reference.wrong-store",
                        value.span,
                        format!("This is no name that `{here}` can look up"),
                    )
                    .with_help(format!("Move {} to `{there}`", quote(&variable.name.value))),
                );
            }
        }
    }
}

/// A stage and a version id at once, which exclude each other.
pub(super) fn stage_and_id(subject: &Subject<'_>, findings: &mut Findings) {
    for variable in &subject.document.env.secrets_manager {
        if SecretReference::parse(&variable.value.value) == Err(ReferenceError::StageAndId) {
            findings.push(
                Finding::warning(
                    "reference.stage-and-id",
                    variable.value.span,
                    format!(
                        "The secret of {} is named by stage and by version id",
                        quote(&variable.name.value)
                    ),
                )
                .with_help("Keep one: `secret-id:json-key:version-stage`, or `secret-id:json-key::version-id`"),
            );
        }
    }
}

/// More fields than a Secrets Manager reference has.
pub(super) fn too_many_fields(subject: &Subject<'_>, findings: &mut Findings) {
    for variable in &subject.document.env.secrets_manager {
        let parsed = SecretReference::parse(&variable.value.value);
        if let Err(ReferenceError::TooManyFields { count }) = parsed {
            findings.push(
                Finding::warning(
                    "reference.too-many-fields",
                    variable.value.span,
                    format!("The reference has {count} fields behind the secret's id; there are three"),
                )
                .with_help("Write `secret-id:json-key:version-stage:version-id`, each but the first optional"),
            );
        }
    }
}
