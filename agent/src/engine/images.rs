//! The Docker Engine's image calls: tag, push; and the small archives it answers with.

use std::io::{self, Read as _};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::{
    PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::StreamExt as _;

use super::answer::{call, reason};
use super::{EngineError, convert};
use crate::model::Credentials;

/// An upload of which nothing is heard for so long does not go on.
const STALLED: Duration = Duration::from_mins(5);

/// Tags and pushes; returns the digest that the registry gave.
pub(super) async fn push(
    docker: &Docker,
    id: &str,
    repository: &str,
    tag: &str,
    credentials: Option<&Credentials>,
) -> Result<String, EngineError> {
    let name = format!("{repository}:{tag}");
    let failed = |reason: String| EngineError::Push {
        image: name.clone(),
        reason,
    };
    let options = TagImageOptionsBuilder::new()
        .repo(repository)
        .tag(tag)
        .build();
    docker
        .tag_image(id, Some(options))
        .await
        .map_err(|error| call(format!("tag image `{name}`"), &error))?;
    let options = PushImageOptionsBuilder::new().tag(tag).build();
    let credentials = credentials.map(convert::credentials);
    let mut steps = docker.push_image(repository, Some(options), credentials);
    let mut digest = None;
    // A refusal comes as a line within a stream that began with 200, and so does the digest.
    loop {
        let step = tokio::time::timeout(STALLED, steps.next()).await;
        let step = step.map_err(|_elapsed| {
            let minutes = STALLED.as_secs() / 60;
            failed(format!("timeout: nothing went on for {minutes} minutes"))
        })?;
        let Some(step) = step else { break };
        let step = step.map_err(|error| failed(reason(&error)))?;
        if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
            return Err(failed(message));
        }
        digest = step
            .status
            .as_deref()
            .and_then(|status| pushed_digest(status, tag))
            .or(digest);
    }
    digest.ok_or_else(|| failed("the registry gave no digest".into()))
}

/// Reads `<tag>: digest: sha256:… size: …`, the last line of a push.
fn pushed_digest(status: &str, tag: &str) -> Option<String> {
    let rest = status.strip_prefix(tag)?.strip_prefix(": digest: ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// Removes a name; parents of the image are left alone.
pub(super) async fn untag(docker: &Docker, name: &str) -> Result<(), EngineError> {
    let options = RemoveImageOptionsBuilder::new().noprune(true).build();
    let removed = docker.remove_image(name, Some(options), None).await;
    removed
        .map(drop)
        .map_err(|error| call(format!("remove the image name `{name}`"), &error))
}

/// The headers that carry registry credentials.
pub(super) const CREDENTIAL_HEADERS: [&str; 2] = ["X-Registry-Auth", "X-Registry-Config"];

/// Rewrites base64 to the alphabet that the engine decodes.
///
/// The client encodes credentials with the standard alphabet; the engine wants the URL-safe one, and a password whose
/// JSON has `+` or `/` in its encoding would be refused as "no basic auth credentials".
pub(super) fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

/// Returns the first regular file of a tar; `None` when there is none.
pub(super) fn single_file(archive: &[u8]) -> io::Result<Option<Vec<u8>>> {
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(Some(content));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn credentials_reach_the_engine_in_its_own_alphabet() {
        let password = r#"{"password":"~?>~?>ÿþ"}"#;
        let sent = STANDARD.encode(password);
        assert!(
            sent.contains(['+', '/']),
            "the password has to be an awkward one"
        );
        assert_eq!(
            URL_SAFE.decode(url_safe(&sent)).unwrap(),
            password.as_bytes()
        );
    }

    #[test]
    fn the_digest_is_that_of_this_push() {
        let line = "v1: digest: sha256:ab size: 943";
        assert_eq!(pushed_digest(line, "v1").as_deref(), Some("sha256:ab"));
        assert_eq!(pushed_digest(line, "latest"), None);
        assert_eq!(pushed_digest("Pushed", "v1"), None);
    }

    #[test]
    fn only_a_regular_file_is_taken_from_an_archive() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        archive
            .append_link(&mut link, "runtimes.yml", "/etc/passwd")
            .unwrap();
        assert_eq!(single_file(&archive.into_inner().unwrap()).unwrap(), None);
    }
}
