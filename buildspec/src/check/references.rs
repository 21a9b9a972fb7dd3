//! References to Parameter Store and Secrets Manager (reference §1.4.1, §1.4.2).

use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::quote::quote;

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

/// The fields of a Secrets Manager reference behind the secret's id.
fn fields(reference: &str) -> Vec<&str> {
    let parts: Vec<&str> = reference.split(':').collect();
    // An ARN has six colons of its own.
    let id = if reference.starts_with("arn:") { 7 } else { 1 };
    parts.get(id..).unwrap_or_default().to_vec()
}

/// A stage and a version id at once, which exclude each other.
pub(super) fn stage_and_id(subject: &Subject<'_>, findings: &mut Findings) {
    for variable in &subject.document.env.secrets_manager {
        if let [_key, stage, id] = fields(&variable.value.value).as_slice()
            && !stage.is_empty()
            && !id.is_empty()
        {
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
        let count = fields(&variable.value.value).len();
        if count > 3 {
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
