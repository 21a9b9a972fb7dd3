//! Which variables have to be resolved (reference §2.8).

use buildspec::{BuildSpec, SecretReference, Variable};
use indexmap::IndexMap;

use crate::model::{BuildRequest, Giver, Reference, RequestVariable, Store};

/// Variables whose values are kept in AWS.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Those that nothing of a higher rank replaces.
    pub wanted: Vec<Reference>,
    /// Those for which the caller gave a value.
    pub given: Vec<Reference>,
}

impl References {
    /// Returns the names of all variables whose values are secrets, wherever these came from.
    pub fn names(&self) -> Vec<&str> {
        let all = self.wanted.iter().chain(&self.given);
        all.map(|one| one.name.as_str()).collect()
    }
}

/// A text that is no Secrets Manager reference.
#[derive(Debug, thiserror::Error)]
#[error("variable `{name}` cannot be resolved from `{reference}`: {reason}")]
pub struct ReferenceError {
    /// The variable.
    pub name: String,
    /// The reference as written.
    pub reference: String,
    /// What is wrong with it.
    pub reason: buildspec::ReferenceError,
}

/// Returns the references of a build, each name once.
///
/// Of one name in several blocks of a buildspec, `secrets-manager` wins over `parameter-store`, and that over
/// `variables`: not documented, and what the order of CodeBuild's log suggests.
pub fn references(
    document: &BuildSpec,
    request: &BuildRequest,
) -> Result<References, ReferenceError> {
    let mut all: IndexMap<&str, Reference> = IndexMap::new();
    let blocks = [
        (&document.env.parameter_store, Store::ParameterStore),
        (&document.env.secrets_manager, Store::SecretsManager),
    ];
    for (variables, store) in blocks {
        for Variable { name, value } in variables {
            all.insert(&name.value, reference(&name.value, store, &value.value));
        }
    }
    let mut given: IndexMap<&str, Reference> = IndexMap::new();
    for variable in &request.variables {
        let RequestVariable { name, value, .. } = variable;
        match variable.kind.store() {
            Some(store) => {
                all.insert(name, reference(name, store, value));
            }
            None => {
                if let Some(replaced) = all.shift_remove(name.as_str())
                    && variable.giver == Giver::Caller
                {
                    given.insert(name, replaced);
                }
            }
        }
    }
    let wanted: Vec<Reference> = all.into_values().collect();
    for wanted in &wanted {
        if wanted.store == Store::SecretsManager
            && let Err(reason) = SecretReference::parse(&wanted.reference)
        {
            return Err(ReferenceError {
                name: wanted.name.clone(),
                reference: wanted.reference.clone(),
                reason,
            });
        }
    }
    Ok(References {
        wanted,
        given: given.into_values().collect(),
    })
}

fn reference(name: &str, store: Store, reference: &str) -> Reference {
    Reference {
        name: name.to_owned(),
        store,
        reference: reference.to_owned(),
    }
}
