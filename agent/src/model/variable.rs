//! Variables of the project and the caller, and those whose values are kept in AWS (reference §2.8).

use serde::{Deserialize, Serialize};

/// A variable of the project or the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestVariable {
    /// The name.
    pub name: String,
    /// The value, literal; or the reference.
    pub value: String,
    /// Which of the two it is.
    pub kind: VariableKind,
    /// Whether the value may be shown.
    pub visibility: Visibility,
    /// Who gave it.
    pub giver: Giver,
}

/// What a variable's value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariableKind {
    /// The value itself.
    #[default]
    Plaintext,
    /// The name of a Systems Manager parameter.
    ParameterStore,
    /// A Secrets Manager reference.
    SecretsManager,
}

impl VariableKind {
    /// Returns where the value is kept, if not here.
    pub fn store(self) -> Option<Store> {
        match self {
            Self::Plaintext => None,
            Self::ParameterStore => Some(Store::ParameterStore),
            Self::SecretsManager => Some(Store::SecretsManager),
        }
    }

    /// Returns the kind as CodeBuild writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::ParameterStore => "PARAMETER_STORE",
            Self::SecretsManager => "SECRETS_MANAGER",
        }
    }
}

/// Whether a value may be shown in events and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It was typed or stands in the project file.
    Shown,
    /// It came from a file of the caller's or from the caller's own environment, where secrets are kept.
    Masked,
}

/// Who gave a variable; the caller's win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The project file.
    Project,
    /// The command line, and the files that it names.
    Caller,
}

/// Where AWS keeps values for builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Store {
    /// Systems Manager's Parameter Store.
    ParameterStore,
    /// Secrets Manager.
    SecretsManager,
}

impl Store {
    /// Returns the store's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::ParameterStore => "Parameter Store",
            Self::SecretsManager => "Secrets Manager",
        }
    }
}

/// A variable whose value is kept in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The variable's name.
    pub name: String,
    /// Where its value is.
    pub store: Store,
    /// The parameter's name, or the Secrets Manager reference, as written.
    pub reference: String,
}

/// A variable as events and results show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownVariable {
    /// The name.
    pub name: String,
    /// The value or the reference; `***` for what may be a secret.
    pub value: String,
    /// Which of the two it is.
    #[serde(rename = "type")]
    pub kind: VariableKind,
}
