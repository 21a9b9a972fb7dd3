//! The key of an image: what it is made from, as one name.

/// The label of an image that has been built for a key; the proof that a key's tag is that image's.
pub const KEY_LABEL: &str = "understudy.content-key";
/// A change of what a key is made from begins anew.
const VERSION: &str = "understudy image 1";
/// So much of a hash makes accidents impossible and fits into a tag.
const LENGTH: usize = 40;

/// What an image is made from. Its labels of origin (commit, time) are not among it: they say when it was built first.
#[derive(Debug, Clone)]
pub struct KeyParts<'a> {
    /// The hash of the context.
    pub context: &'a str,
    /// The Dockerfile's path, and its text, which may be left out of the context.
    pub dockerfile: (&'a str, &'a str),
    /// Build arguments.
    pub args: &'a [(String, String)],
    /// The stage.
    pub target: Option<&'a str>,
    /// What it is built for.
    pub platform: &'a str,
    /// Declared labels.
    pub labels: &'a [(String, String)],
    /// Each base image and its digest.
    pub bases: &'a [(String, String)],
}

/// Returns the key: equal for what is made from the same, and only for that.
pub fn content_key(parts: &KeyParts<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut text = |text: &str| {
        // With its length before it, no text runs into the next.
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    text(VERSION);
    text(parts.context);
    text(parts.dockerfile.0);
    text(parts.dockerfile.1);
    text(parts.platform);
    // A stage that is named and one that is not differ even where the name is empty.
    text(parts.target.map_or("no", |_| "yes"));
    text(parts.target.unwrap_or_default());
    for pairs in [parts.args, parts.labels, parts.bases] {
        // The order in which arguments are given means nothing, but the last of one name wins.
        let mut last: Vec<(&String, &String)> = Vec::new();
        for (name, value) in pairs {
            last.retain(|(known, _)| *known != name);
            last.push((name, value));
        }
        last.sort();
        text(&last.len().to_string());
        for (name, value) in last {
            text(name);
            text(value);
        }
    }
    hasher.finalize().to_hex().chars().take(LENGTH).collect()
}

/// Returns the tag under which the image of a key is kept.
pub fn key_tag(key: &str) -> String {
    format!("understudy-{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn everything_that_an_image_is_made_from_makes_another_key() {
        let (one, other) = (pairs(&[("A", "1")]), pairs(&[("A", "2")]));
        let parts = KeyParts {
            context: "c",
            dockerfile: ("Dockerfile", "FROM a"),
            args: &one,
            target: None,
            platform: "linux/amd64",
            labels: &[],
            bases: &[],
        };
        let changed = [
            KeyParts {
                context: "d",
                ..parts.clone()
            },
            KeyParts {
                dockerfile: ("D", "FROM a"),
                ..parts.clone()
            },
            KeyParts {
                dockerfile: ("Dockerfile", "FROM b"),
                ..parts.clone()
            },
            KeyParts {
                args: &other,
                ..parts.clone()
            },
            KeyParts {
                args: &[],
                labels: &one,
                ..parts.clone()
            },
            KeyParts {
                target: Some(""),
                ..parts.clone()
            },
            KeyParts {
                platform: "linux/arm64",
                ..parts.clone()
            },
            KeyParts {
                bases: &one,
                ..parts.clone()
            },
        ];
        let mut keys: Vec<String> = changed.iter().chain([&parts]).map(content_key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), changed.len() + 1);
        assert_eq!(key_tag(&keys[0]).len(), 51);
    }

    #[test]
    fn the_order_of_arguments_means_nothing() {
        let key = |args: &[(&str, &str)]| {
            content_key(&KeyParts {
                context: "c",
                dockerfile: ("", ""),
                args: &pairs(args),
                target: None,
                platform: "",
                labels: &[],
                bases: &[],
            })
        };
        assert_eq!(
            key(&[("A", "1"), ("B", "2")]),
            key(&[("B", "2"), ("A", "0"), ("A", "1")])
        );
        assert_ne!(
            key(&[("A", "1B"), ("C", "")]),
            key(&[("A", "1"), ("BC", "")])
        );
    }
}
