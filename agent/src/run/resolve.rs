//! The variables of a build, those from AWS included.

use buildspec::BuildSpec;

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::variables::Variables;
use crate::model::{BuildRequest, EventKind, PhaseContext, Reference, StatusCode, Store, Verdict};
use crate::plan::{self, BuildFacts, References};
use crate::secrets::{self, SecretError, Trouble};

/// Fetches what is kept in AWS, unless the caller gave it, and tells both.
pub(super) async fn resolve(
    document: &BuildSpec,
    request: &BuildRequest,
    facts: &BuildFacts,
    teller: &mut Teller<'_>,
) -> Result<Variables, PhaseEnd> {
    let references = references(document, request)?;
    let kept = references.names();
    let References { wanted, given } = &references;
    if !given.is_empty() {
        let names: Vec<_> = given.iter().map(place).collect();
        teller.warn(
            format!(
                "given here, and not resolved as in CodeBuild: {}",
                names.join(", ")
            ),
            "leave out what you gave for them to have them resolved",
        );
    }
    if !wanted.is_empty() {
        let references = wanted.clone();
        teller.tell(EventKind::ReferencesFound { references });
    }
    let resolved = Box::pin(secrets::resolve(wanted, &request.owner.region))
        .await
        .map_err(unresolved)?;
    let environment = plan::environment(document, request, &resolved, facts);
    Ok(Variables::new(environment, &kept, request))
}

/// Returns the references of a build, judged.
pub(super) fn references(
    document: &BuildSpec,
    request: &BuildRequest,
) -> Result<References, PhaseEnd> {
    plan::references(document, request).map_err(|error| {
        let help = format!(
            "write `secret-id:json-key:version-stage:version-id`, each but the first optional; or give the value here: `--secret {name}=FILE`, or `-e {name}` with your own variable",
            name = error.name
        );
        let context = PhaseContext::new(StatusCode::SecretsManagerError, error.to_string());
        PhaseEnd::failed(context.with_help(help))
    })
}

fn place(found: &Reference) -> String {
    let (name, store) = (&found.name, found.store.name());
    format!("`{name}` ({store} `{}`)", found.reference)
}

/// The codes are those of reference §2.9. A network that is down is nobody's mistake.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unresolved(error: SecretError) -> PhaseEnd {
    let code = match (error.trouble, error.wanted.store) {
        (Trouble::Network, _) => StatusCode::InternalError,
        (_, Store::ParameterStore) => StatusCode::ClientError,
        (_, Store::SecretsManager) => StatusCode::SecretsManagerError,
    };
    let verdict = match error.trouble {
        Trouble::Network => Verdict::Fault,
        _ => Verdict::Failed,
    };
    let context = PhaseContext::new(code, error.to_string()).with_help(error.help());
    PhaseEnd {
        verdict,
        contexts: vec![context],
    }
}
