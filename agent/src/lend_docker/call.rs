//! A request line, taken apart so that the engine cannot read it otherwise than we did.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path or a query; the rest is written as `%XX`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The oldest version that the policy is written for: before it, `start` took a whole configuration.
const OLDEST: u32 = 24;

/// A call of the Engine API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// `v1.41`, where the client names one.
    version: Option<String>,
    /// The path's parts, decoded; none is empty, `.` or `..`.
    pub(super) parts: Vec<String>,
    /// The query, decoded, in order.
    pub(super) query: Vec<(String, String)>,
}

impl Call {
    /// Takes a request target apart. What is not written plainly is an error: the engine might clean it up, and find
    /// another call in it.
    pub(super) fn parse(path: &str, query: Option<&str>) -> Result<Self, String> {
        let unclear = || format!("the path `{path}` is not one of the Engine API");
        let parts = path.strip_prefix('/').ok_or_else(unclear)?;
        let mut parts: Vec<String> = parts
            .split('/')
            .map(|part| decode(part).ok_or_else(unclear))
            .collect::<Result<_, _>>()?;
        // An encoded slash would be one to the engine, which decodes before it looks. Images have them in their names.
        parts = parts
            .iter()
            .flat_map(|part| part.split('/'))
            .map(str::to_owned)
            .collect();
        let plain = |part: &String| {
            let odd =
                |letter: char| letter.is_control() || matches!(letter, '\\' | '%' | '?' | '#');
            !part.is_empty() && part != "." && part != ".." && !part.chars().any(odd)
        };
        if !parts.iter().all(plain) {
            return Err(unclear());
        }
        let version = parts
            .first()
            .filter(|first| first.starts_with('v') && first.contains('.'))
            .cloned();
        if let Some(version) = &version {
            known(version)?;
            parts.remove(0);
        }
        let query = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode_form(key)?, decode_form(value)?))
            })
            .collect::<Option<_>>()
            .ok_or_else(unclear)?;
        Ok(Self {
            version,
            parts,
            query,
        })
    }

    /// Returns the request target that means this call and nothing else.
    pub(super) fn target(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let mut target = String::new();
        for part in self.version.iter().chain(&self.parts) {
            target.push('/');
            target.push_str(&encode(part));
        }
        for (index, (key, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(&encode(key));
            target.push('=');
            target.push_str(&encode(value));
        }
        target
    }

    /// Returns the first value of a query key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Gives a query key one value.
    pub(super) fn set(&mut self, key: &str, value: String) {
        self.query.retain(|(name, _)| name != key);
        self.query.push((key.to_owned(), value));
    }

    /// Returns the call without its version, for people.
    pub(super) fn shown(&self) -> String {
        format!("/{}", self.parts.join("/"))
    }
}

/// `v1.24` and later.
fn known(version: &str) -> Result<(), String> {
    let minor = version.strip_prefix("v1.").filter(|minor| {
        minor.len() <= 3 && !minor.is_empty() && minor.bytes().all(|digit| digit.is_ascii_digit())
    });
    match minor.and_then(|minor| minor.parse::<u32>().ok()) {
        Some(minor) if minor >= OLDEST => Ok(()),
        Some(_) => Err(format!(
            "the API version `{version}` is older than v1.{OLDEST}"
        )),
        None => Err(format!("`{version}` is not an API version")),
    }
}

fn decode(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn decode_form(text: &str) -> Option<String> {
    decode(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Option<Vec<String>> {
        Call::parse(path, None).ok().map(|call| call.parts)
    }

    #[test]
    fn a_version_is_no_part_of_the_path() {
        assert_eq!(parts("/v1.41/containers/json"), parts("/containers/json"));
        let call = Call::parse("/v1.41/containers/json", Some("all=1")).unwrap();
        assert_eq!(call.target(), "/v1.41/containers/json?all=1");
    }

    #[test]
    fn versions_that_mean_something_else_are_refused() {
        for version in ["v1.23", "v1.4.1", "v2.0", "v1.", "v1.x", "v0.99", "v1.0041"] {
            let path = format!("/{version}/containers/json");
            assert_eq!(parts(&path), None, "{version}");
        }
    }

    #[test]
    fn a_path_that_the_engine_would_clean_up_is_refused() {
        for path in [
            "//containers/json",
            "/containers//json",
            "/containers/json/",
            "/containers/./json",
            "/images/x/../../containers/json",
            "/images/%2e%2e/json",
            "/images/%2E/json",
            "/images/x%2F..%2Fjson",
            "/images/x%252e/json",
            "/images/x%00/json",
            "/containers\\json",
            "containers/json",
            "/",
            "",
            "/v1.41",
            "/v1.41/",
        ] {
            let left = parts(path);
            assert!(left.as_ref().is_none_or(Vec::is_empty), "{path}: {left:?}");
        }
    }

    #[test]
    fn what_is_sent_on_means_what_was_read() {
        let call = Call::parse(
            "/images/127.0.0.1:5001%2Fapp@sha256:ab/json",
            Some("a=1%262;b=3&c=x+y"),
        )
        .unwrap();
        assert_eq!(
            call.parts,
            ["images", "127.0.0.1:5001", "app@sha256:ab", "json"]
        );
        // Some versions of Go take `;` for `&`.
        assert_eq!(call.value("a"), Some("1&2;b=3"));
        assert_eq!(
            call.target(),
            "/images/127.0.0.1%3A5001/app%40sha256%3Aab/json?a=1%262%3Bb%3D3&c=x%20y"
        );
    }
}
