//! What a build with an engine of its own pushed, as that engine told it.

use std::path::Path;

use super::teller::Teller;
use crate::journal::BuildDirectory;
use crate::model::{EventKind, ImagePushed};
use crate::plan::layout;
use crate::workspace::Tree;

/// So many pushes are told, each in so many bytes.
const LIMIT: u64 = 256 * 1024;

/// Tells what `nested.sh` wrote down: a line a push, the name with its tag, then `repository@digest` of each repository that
/// the image is known in. What a build can write to is believed as little as its output.
pub(super) fn tell(directory: &BuildDirectory, teller: &mut Teller<'_>) {
    let Ok(tree) = Tree::open(&directory.record()) else {
        return;
    };
    // Without an engine of its own there is none.
    let Ok(lines) = tree.read(Path::new(layout::PUSHES), LIMIT) else {
        return;
    };
    for line in String::from_utf8_lossy(&lines).lines() {
        if let Some(pushed) = read(line) {
            teller.tell(EventKind::ImagePushed(pushed));
        }
    }
}

fn read(line: &str) -> Option<ImagePushed> {
    let mut words = line.split_whitespace();
    let (repository, tag) = words.next()?.rsplit_once(':')?;
    let mut digests = words.filter_map(|word| word.split_once('@'));
    let (_, digest) = digests.find(|(known, _)| *known == repository)?;
    Some(ImagePushed::by_command(repository, tag, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushs_digest_is_that_of_its_own_repository() {
        let pushed = read("h:5/a/web:v1 other@sha256:cd h:5/a/web@sha256:ab").unwrap();
        assert_eq!(
            (&*pushed.repository, &*pushed.digest),
            ("h:5/a/web", "sha256:ab")
        );
        assert_eq!(pushed.tags, ["v1"]);
        for line in [
            "",
            "h:5/a/web:v1",
            "web web@sha256:ab",
            "web:1 other@sha256:ab",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
