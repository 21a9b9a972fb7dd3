//! Secrets Manager references, `secret-id[:json-key[:version-stage[:version-id]]]` (§1.4.1).

use std::fmt;

/// A Secrets Manager reference, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretReference {
    /// The secret's name or ARN.
    pub id: String,
    /// The key within a JSON secret; `None` is the whole text.
    pub json_key: Option<String>,
    /// Which version.
    pub version: SecretVersion,
}

/// Which version of a secret is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretVersion {
    /// The one that is in force, `AWSCURRENT`.
    Current,
    /// The one with this staging label.
    Stage(String),
    /// The one with this id.
    Id(String),
}

/// Why a text is no Secrets Manager reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceError {
    /// It names no secret.
    NoSecret,
    /// An ARN that ends before the secret's name.
    PartOfAnArn,
    /// It has more fields behind the secret's id than there are.
    TooManyFields {
        /// How many.
        count: usize,
    },
    /// It names a version by stage and by id.
    StageAndId,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("it names no secret"),
            Self::PartOfAnArn => f.write_str(
                "it is a part of an ARN; a secret's is `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`",
            ),
            Self::TooManyFields { count } => write!(
                f,
                "it has {count} fields behind the secret's id, and there are three"
            ),
            Self::StageAndId => {
                f.write_str("it names the secret's version by stage and by id, which exclude each other")
            }
        }
    }
}

impl std::error::Error for ReferenceError {}

/// `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME` has this many parts.
const ARN_PARTS: usize = 7;

impl SecretReference {
    /// Takes a reference apart. Fields that are empty or not there are the same.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let mut fields: Vec<&str> = text.split(':').collect();
        let id = if text.starts_with("arn:") {
            if fields.len() < ARN_PARTS {
                return Err(ReferenceError::PartOfAnArn);
            }
            let rest = fields.split_off(ARN_PARTS);
            let name = fields.last().copied().unwrap_or_default();
            if name.is_empty() {
                return Err(ReferenceError::PartOfAnArn);
            }
            std::mem::replace(&mut fields, rest).join(":")
        } else {
            fields.remove(0).to_owned()
        };
        if id.is_empty() {
            return Err(ReferenceError::NoSecret);
        }
        if fields.len() > 3 {
            return Err(ReferenceError::TooManyFields {
                count: fields.len(),
            });
        }
        let field = |index: usize| {
            let field = fields.get(index).filter(|field| !field.is_empty());
            field.map(|field| (*field).to_owned())
        };
        let version = match (field(1), field(2)) {
            (None, None) => SecretVersion::Current,
            (Some(stage), None) => SecretVersion::Stage(stage),
            (None, Some(id)) => SecretVersion::Id(id),
            (Some(_), Some(_)) => return Err(ReferenceError::StageAndId),
        };
        Ok(Self {
            id,
            json_key: field(0),
            version,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf";

    fn parts(text: &str) -> (String, Option<String>, SecretVersion) {
        let parsed = SecretReference::parse(text).unwrap();
        (parsed.id, parsed.json_key, parsed.version)
    }

    // §1.4.1: each later field is optional, and empty ones hold their position.
    #[test]
    fn fields_may_be_left_out_at_the_end_and_left_empty_before_it() {
        let key = || Some("user".to_owned());
        let (stage, id) = (
            SecretVersion::Stage("AWSPREVIOUS".into()),
            SecretVersion::Id("7f3c".into()),
        );
        for secret in ["app/db", ARN] {
            for (fields, json_key, version) in [
                ("", None, SecretVersion::Current),
                (":", None, SecretVersion::Current),
                (":user", key(), SecretVersion::Current),
                (":user:AWSPREVIOUS", key(), stage.clone()),
                (":user::7f3c", key(), id.clone()),
                ("::AWSPREVIOUS", None, stage.clone()),
                (":::7f3c", None, id.clone()),
                (":::", None, SecretVersion::Current),
            ] {
                let text = format!("{secret}{fields}");
                assert_eq!(parts(&text), (secret.into(), json_key, version), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_reference_is_told_apart() {
        for (text, error) in [
            ("", ReferenceError::NoSecret),
            (":user", ReferenceError::NoSecret),
            ("a:b:c:d", ReferenceError::StageAndId),
            ("a:b::d:", ReferenceError::TooManyFields { count: 4 }),
            (
                "arn:aws:secretsmanager:eu-west-1",
                ReferenceError::PartOfAnArn,
            ),
        ] {
            assert_eq!(SecretReference::parse(text), Err(error), "{text}");
        }
        let empty = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:";
        assert!(SecretReference::parse(empty).is_err());
    }
}
