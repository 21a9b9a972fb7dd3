//! What is asked for of an image that is built after the commands (DESIGN §6).

use serde::{Deserialize, Serialize};

/// An image that a project or the command line declares. Texts are expanded in the build's own environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDeclaration {
    /// The container's name in `imagedefinitions.json`.
    pub name: String,
    /// The build context, relative to the source root.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
    /// The repository, without a tag.
    pub repository: String,
    /// The tags that it gets; `latest` when none is given.
    pub tags: Vec<String>,
    /// Build arguments, in the order in which they were given.
    pub args: Vec<(String, String)>,
    /// The stage that is wanted; the last one when not given.
    pub target: Option<String>,
    /// What it is for, as `linux/arm64`; the engine's own when not given.
    pub platform: Option<String>,
    /// Labels beside those that every image gets.
    pub labels: Vec<(String, String)>,
    /// How `imagedefinitions.json` and `imageDetail.json` name it.
    pub uri: ImageUri,
    /// The repository to be made where there is none; ECR only.
    pub create: Option<RepositoryWish>,
    /// The least severity of a finding of ECR's scan for which the image is not wanted.
    pub fail_on: Option<Severity>,
}

impl ImageDeclaration {
    /// What a Dockerfile is called when nobody says.
    pub const DOCKERFILE: &'static str = "Dockerfile";
}

/// How a deployment's files name an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageUri {
    /// By its digest: what is deployed is what was built.
    #[default]
    Digest,
    /// By its first tag.
    Tag,
}

/// A repository that is made where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryWish {
    /// Whether every image that is pushed is scanned.
    pub scan_on_push: bool,
    /// Whether a tag stays with the image that it was first given to.
    pub immutable: bool,
    /// The key in KMS that encrypts it; ECR's own AES-256 when not given.
    pub kms_key: Option<String>,
    /// How many images are kept; all when not given.
    pub keep: Option<u32>,
    /// After how many days an image without a tag is removed; never when not given.
    pub untagged_days: Option<u32>,
}

impl RepositoryWish {
    /// What is made when nothing more is said: scanned on push, tags that may move, encrypted by ECR, all images kept.
    pub fn usual() -> Self {
        Self {
            scan_on_push: true,
            immutable: false,
            kms_key: None,
            keep: None,
            untagged_days: None,
        }
    }
}

/// How bad a finding of a scan is, in ECR's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody has judged it.
    Undefined,
    /// For completeness.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All of them, the least first, with ECR's words.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Undefined, "UNDEFINED"),
        (Self::Informational, "INFORMATIONAL"),
        (Self::Low, "LOW"),
        (Self::Medium, "MEDIUM"),
        (Self::High, "HIGH"),
        (Self::Critical, "CRITICAL"),
    ];

    /// Returns the severity that a word means.
    pub fn of_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        let found = all.find(|(_, known)| known.eq_ignore_ascii_case(word));
        found.map(|(severity, _)| *severity)
    }

    /// Returns ECR's word.
    pub fn word(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(known, _)| *known == self)
            .map_or("UNDEFINED", |(_, word)| word)
    }
}

/// Whether an image that its repository has already is taken from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageCache {
    /// It is, when everything that it is made from is the same.
    On,
    /// Every image is built.
    Off,
}

/// Where an image in its repository came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImageOrigin {
    /// It was built.
    #[default]
    Built,
    /// The repository had it, made from the same.
    Cache,
    /// A command of the build pushed it.
    Command,
}
