//! What is known beside the buildspec.

/// What a caller knows about the project that will run a buildspec; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The build image's name, such as `aws/codebuild/standard:7.0`.
    pub image: Option<String>,
    /// Whether the project's builds run on Windows.
    pub windows: bool,
    /// Whether the project has `privilegedMode`; `None` when no project is known.
    pub privileged: Option<bool>,
    /// Whether the project's cache is local, with custom paths (`LOCAL_CUSTOM_CACHE`).
    pub local_custom_cache: bool,
    /// The names of the project's variables.
    pub variables: Vec<String>,
}

impl Facts {
    /// Tells whether `sh` is known to be bash in the image (reference §2.4: Amazon Linux).
    pub(super) fn sh_is_bash(&self) -> bool {
        let image = self.image.as_deref().unwrap_or_default();
        image.contains("amazonlinux") || image.contains("amazon-linux")
    }
}
