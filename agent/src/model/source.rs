//! Where a build's sources come from (reference §10.1).

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::GitVersion;

/// One source of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory of this machine; absolute.
    Directory(PathBuf),
    /// A git repository.
    Git(GitSource),
    /// An object in S3, which is a zip archive, or a folder there.
    S3(S3Source),
    /// A zip archive on this machine, such as a pipeline's artifact; absolute.
    Archive(PathBuf),
    /// Nothing: the build starts in an empty directory.
    None,
}

/// A git repository and what of it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitSource {
    /// Its address.
    pub url: GitUrl,
    /// A branch, tag, commit, `pr/N` or ref; the repository's default branch when not given.
    pub version: Option<GitVersion>,
    /// How many commits of history; 0 is all of it.
    pub depth: u32,
    /// Whether submodules are fetched too.
    pub submodules: bool,
}

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Source {
    /// The bucket.
    pub bucket: String,
    /// The object's key; a folder's ends with `/`, and the whole bucket's is empty.
    pub key: String,
    /// The version of the object; the newest when not given.
    pub version: Option<String>,
}

/// A source beside the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondarySource {
    /// CodeBuild's `sourceIdentifier`.
    pub id: String,
    /// Where it comes from.
    pub source: Source,
}

/// A source as events and results name it, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceIdentity {
    /// CodeBuild's `sourceIdentifier`; `None` for the primary source.
    pub id: Option<String>,
    /// CodeBuild's name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The caller's name for it.
    pub location: String,
    /// The version that was asked for.
    pub version: Option<String>,
}

/// The versions of a source that was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceVersions {
    /// What `CODEBUILD_SOURCE_VERSION` says.
    pub shown: Option<String>,
    /// The commit, where there is one.
    pub resolved: Option<String>,
}

/// The most secondary sources of a build (reference §10.2).
pub const MOST_SECONDARY_SOURCES: usize = 12;

impl Source {
    /// Returns where it comes from, without credentials.
    pub fn location(&self) -> String {
        match self {
            Self::Directory(path) | Self::Archive(path) => path.display().to_string(),
            Self::Git(git) => git.url.to_string(),
            Self::S3(s3) => s3.to_string(),
            Self::None => "no source".to_owned(),
        }
    }

    /// Returns how events and results name it.
    pub fn identity(&self, id: Option<&str>) -> SourceIdentity {
        SourceIdentity {
            id: id.map(str::to_owned),
            type_name: self.type_name().to_owned(),
            location: self.location(),
            version: self.version().map(str::to_owned),
        }
    }

    /// Returns CodeBuild's name of its type. What CodeBuild does not know is none of its sources.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Directory(_) | Self::Archive(_) | Self::None => "NO_SOURCE",
            Self::Git(git) => git.url.provider().type_name(),
            Self::S3(_) => "S3",
        }
    }

    /// Returns the version that was asked for.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Git(git) => git.version.as_ref().map(GitVersion::as_str),
            Self::S3(s3) => s3.version.as_deref(),
            Self::Directory(_) | Self::Archive(_) | Self::None => None,
        }
    }
}

impl S3Source {
    /// Returns whether it is a folder and not an archive.
    pub fn is_folder(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// Returns its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}/{}", self.bucket, self.key)
    }
}

impl fmt::Display for S3Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The address of a git repository. What is shown of it, `Debug` included, has no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct GitUrl {
    shown: String,
    /// User and password as they stand in the address, percent-encoded.
    secret: Option<String>,
}

/// Who runs a repository's host, as far as its address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `github.com`.
    GitHub,
    /// AWS CodeCommit.
    CodeCommit,
    /// `bitbucket.org`.
    Bitbucket,
    /// `gitlab.com`, or a host that has GitLab in its name.
    GitLab,
    /// Any other.
    Other,
}

impl Provider {
    fn type_name(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB",
            Self::CodeCommit => "CODECOMMIT",
            Self::Bitbucket => "BITBUCKET",
            Self::GitLab => "GITLAB",
            // CodeBuild has no type for any host; this is the one that takes any HTTPS address.
            Self::Other => "GITHUB_ENTERPRISE",
        }
    }
}

/// The transports that a repository may come by.
const TRANSPORTS: [&str; 5] = ["https", "http", "ssh", "git", "file"];

impl GitUrl {
    /// Reads an address: `https://…`, `http://…`, `ssh://…`, `git://…`, `file://…` or `user@host:path`.
    pub fn parse(text: &str) -> Option<Self> {
        // git takes what begins with a dash for an option, and control characters end lines of its configuration.
        if text.starts_with('-') || text.contains(|c: char| c.is_control() || c == ' ') {
            return None;
        }
        let Some((transport, rest)) = text.split_once("://") else {
            let (host, path) = text.split_once(':')?;
            let (user, host) = host.split_once('@')?;
            let plain = !user.is_empty() && !user.contains('/') && is_host(host);
            return (plain && !path.is_empty() && !path.starts_with(':')).then(|| Self {
                shown: text.to_owned(),
                secret: None,
            });
        };
        if !TRANSPORTS.contains(&transport) {
            return None;
        }
        let (authority, path) = rest.split_once('/')?;
        if path.is_empty() {
            return None;
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let is_place = match transport {
            "file" => host.is_empty() && user.is_none(),
            _ => is_host(host.split_once(':').map_or(host, |(host, _port)| host)),
        };
        if !is_place {
            return None;
        }
        let (shown, secret) = match user {
            None => (text.to_owned(), None),
            // Who logs in by ssh is no secret, and without it nobody would.
            Some(user) if transport == "ssh" => {
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                (format!("{transport}://{name}@{host}/{path}"), None)
            }
            Some(user) => (
                format!("{transport}://{host}/{path}"),
                Some(user.to_owned()),
            ),
        };
        Some(Self { shown, secret })
    }

    /// Returns the address without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns user and password of the address, percent-encoded, joined by `:`.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Returns scheme, host and port, with the slash that ends them; `None` for `user@host:path`.
    pub fn base(&self) -> Option<&str> {
        let start = self.shown.find("://")? + 3;
        let length = self.shown.get(start..)?.find('/')?;
        self.shown.get(..=start + length)
    }

    /// Returns the host, without user and port; `None` for a repository of this machine.
    pub fn host(&self) -> Option<&str> {
        let authority = match self.shown.split_once("://") {
            Some(("file", _)) => return None,
            Some((_, rest)) => rest.split('/').next()?,
            None => self.shown.split(':').next()?,
        };
        let host = authority.rsplit('@').next()?;
        host.split(':').next()
    }

    /// Returns the path on the host, without slashes around it and without `.git`.
    pub fn path(&self) -> &str {
        let path = match self.shown.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None => self.shown.split_once(':').map_or("", |(_, path)| path),
        };
        let path = path.trim_matches('/');
        path.strip_suffix(".git").unwrap_or(path)
    }

    /// Returns who runs the host.
    pub fn provider(&self) -> Provider {
        let host = self.host().unwrap_or_default().to_ascii_lowercase();
        match host.as_str() {
            "github.com" | "www.github.com" | "ssh.github.com" => Provider::GitHub,
            "bitbucket.org" => Provider::Bitbucket,
            host if host.starts_with("git-codecommit.") => Provider::CodeCommit,
            host if host.split('.').any(|label| label == "gitlab") => Provider::GitLab,
            _ => Provider::Other,
        }
    }
}

fn is_host(host: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !host.is_empty() && !host.starts_with('-') && host.chars().all(plain)
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitUrl({:?})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> GitUrl {
        GitUrl::parse(text).unwrap_or_else(|| panic!("{text} is an address"))
    }

    #[test]
    fn an_address_is_taken_apart() {
        for (text, host, path, provider) in [
            (
                "https://github.com/o/r.git",
                Some("github.com"),
                "o/r",
                Provider::GitHub,
            ),
            (
                "git@github.com:o/r.git",
                Some("github.com"),
                "o/r",
                Provider::GitHub,
            ),
            (
                "ssh://git@gitlab.example.com:2222/g/s/r.git",
                Some("gitlab.example.com"),
                "g/s/r",
                Provider::GitLab,
            ),
            (
                "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/r",
                Some("git-codecommit.us-east-1.amazonaws.com"),
                "v1/repos/r",
                Provider::CodeCommit,
            ),
            ("file:///srv/r.git", None, "srv/r", Provider::Other),
            (
                "http://127.0.0.1:8080/r.git/",
                Some("127.0.0.1"),
                "r",
                Provider::Other,
            ),
        ] {
            let url = url(text);
            assert_eq!(
                (url.host(), url.path(), url.provider()),
                (host, path, provider),
                "{text}"
            );
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        let url = url("https://alice:hunter2@example.com/o/r.git");
        assert_eq!(url.to_string(), "https://example.com/o/r.git");
        assert_eq!(url.secret(), Some("alice:hunter2"));
        assert_eq!(url.base(), Some("https://example.com/"));
        assert!(!format!("{url:?}").contains("hunter2"));
        let ssh = self::url("ssh://git:hunter2@example.com/r");
        assert_eq!(ssh.to_string(), "ssh://git@example.com/r");
    }

    #[test]
    fn what_git_would_take_for_something_else_is_no_address() {
        for text in [
            "ext::sh -c id",
            "ext::sh",
            "--upload-pack=id",
            "-u@host:path",
            "git@-oProxyCommand=id:path",
            "ssh://-oProxyCommand=id/path",
            "ssh://git@-oProxyCommand=id/path",
            "ftp://example.com/r",
            "https://example.com",
            "https:///r.git",
            "file://host/r.git",
            "https://exa mple.com/r",
            "https://example.com/r\n",
            "user@host::path",
            "host:path",
            "./a/b",
        ] {
            assert_eq!(GitUrl::parse(text), None, "{text}");
        }
    }
}
