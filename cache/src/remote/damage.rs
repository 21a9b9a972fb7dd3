//! What is not there any more, or not what its name says.

use objects::{Cause, ObjectError};

use super::{Access, Fetched, RemoteStore};
use crate::error::CacheError;
use crate::key::EntryKey;

/// Why an entry that a key's object names cannot be had.
#[derive(Debug)]
pub(super) enum Trouble {
    /// An object of it is gone.
    Gone(String),
    /// An object of it is not what its name says.
    Altered {
        /// The object's key.
        object: String,
        what: String,
    },
    /// Something else, which says nothing about the entry.
    Error(CacheError),
}

impl From<CacheError> for Trouble {
    fn from(error: CacheError) -> Self {
        Self::Error(error)
    }
}

impl Trouble {
    /// Returns what an object came to that is not what it should be.
    pub(super) fn altered(object: &str, what: &str) -> Self {
        Self::Altered {
            object: object.to_owned(),
            what: what.to_owned(),
        }
    }

    /// Reads an error about an object whose length and content are known.
    pub(super) fn of(object: &str, error: ObjectError) -> Self {
        let shorter = error.code() == Some("InvalidRange");
        match error.cause {
            Cause::Damaged(_) | Cause::TooLarge { .. } => Self::altered(object, &error.to_string()),
            _ if shorter => Self::altered(object, "it is shorter than it should be"),
            _ => Self::Error(CacheError::remote(error)),
        }
    }
}

impl RemoteStore {
    /// Lets nobody find an entry any more that cannot be had, and keeps what was altered.
    pub(super) async fn give_up(
        &self,
        key: &EntryKey,
        trouble: Trouble,
    ) -> Result<Fetched, CacheError> {
        let namespace = &key.parts().namespace;
        let reference = self.layout.key(key);
        let (what, altered) = match trouble {
            Trouble::Error(error) => return Err(error),
            Trouble::Gone(what) => (what, None),
            Trouble::Altered { object, what } => (what, Some(object)),
        };
        if self.access == Access::Read {
            return Ok(Fetched::Unusable { what, kept: None });
        }
        let mut kept = None;
        for object in altered.iter().chain([&reference]) {
            if altered.is_some() {
                let place = self.layout.damaged(namespace, object);
                let copied = self.bucket.copy(object, &place).await;
                if copied.map_err(CacheError::remote)? && kept.is_none() {
                    kept = Some(self.bucket.place(&place));
                }
            }
            self.bucket
                .delete(object)
                .await
                .map_err(CacheError::remote)?;
        }
        Ok(Fetched::Unusable { what, kept })
    }
}

/// Returns what is wrong with an object, where an error says that; others are passed on.
pub(super) fn wrong(error: ObjectError) -> Result<String, CacheError> {
    match error.cause {
        Cause::Damaged(_) | Cause::TooLarge { .. } => Ok(error.to_string()),
        _ => Err(CacheError::remote(error)),
    }
}
