//! Where a build's artifacts go, as the caller and the project say it.

use std::path::{Path, PathBuf};

/// Where all artifacts of a build go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactPlaces {
    /// Nowhere: the project has none.
    Nowhere,
    /// Beside the build's log.
    Kept,
    /// Where the caller said.
    Given {
        /// The primary artifact goes there, and the others below it or beside it; `None` keeps them beside the build's log.
        all: Option<ArtifactPlace>,
        /// Secondary artifacts with a place of their own, by identifier.
        named: Vec<(String, ArtifactPlace)>,
    },
    /// Where the project says. Each of its secondary artifacts is one of the buildspec's, and the other way round (reference
    /// §6.5).
    Project {
        /// The primary artifact's place; `None` for a project that has none.
        primary: Option<ArtifactPlace>,
        /// The secondary artifacts' places, by identifier.
        secondary: Vec<(String, ArtifactPlace)>,
    },
    /// Where a pipeline wants its action's output artifacts, by name: a single one is the primary artifact, several are the
    /// secondary ones of those names (reference §6.4).
    Pipeline(Vec<(String, ArtifactPlace)>),
}

/// One place of artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactPlace {
    /// A directory of this machine; absolute.
    Directory(PathBuf),
    /// A ZIP file of this machine; absolute.
    Zip(PathBuf),
    /// A place in S3.
    S3(S3Place),
}

/// A place in S3 as it is asked for; what its key is, only the build knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Place {
    /// The bucket's name.
    pub bucket: String,
    /// How the key comes about.
    pub key: S3Key,
    /// One object, or one for each file.
    pub packaging: Packaging,
    /// How objects are encrypted.
    pub encryption: Encryption,
}

/// How the key of an artifact comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Key {
    /// It is this.
    Given(String),
    /// It is put together of what a project says (reference §6.3).
    Project {
        /// `path`.
        path: String,
        /// Whether `namespaceType` is `BUILD_ID`.
        build_id: bool,
        /// `name`; the project's own where it says none.
        name: String,
        /// `overrideArtifactName`: the buildspec's name wins.
        overridden: bool,
    },
}

/// `packaging` of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// `NONE`: an object for each file.
    Files,
    /// `ZIP`: one object.
    Zip,
}

/// How an artifact's objects are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket does it by itself.
    OfBucket,
    /// `encryptionDisabled`: nothing is asked for.
    Disabled,
    /// SSE-KMS, with a key by its ARN, id or alias, or with the account's own for S3.
    Kms(Option<String>),
}

impl ArtifactPlaces {
    /// Returns all places that are said.
    pub fn all(&self) -> Vec<&ArtifactPlace> {
        let (first, named) = match self {
            Self::Nowhere | Self::Kept => return Vec::new(),
            Self::Given { all, named } => (all, named),
            Self::Project { primary, secondary } => (primary, secondary),
            Self::Pipeline(outputs) => (&None, outputs),
        };
        let named = named.iter().map(|(_, place)| place);
        first.iter().chain(named).collect()
    }

    /// Returns the directories of this machine that files are written to one by one.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.all().into_iter().filter_map(|place| match place {
            ArtifactPlace::Directory(path) => Some(path.as_path()),
            ArtifactPlace::Zip(_) | ArtifactPlace::S3(_) => None,
        })
    }
}
