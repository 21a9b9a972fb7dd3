//! Where a repository is: host, name, and how its registry is spoken to.

use std::net::IpAddr;

use super::super::registry::{HUB, registry_of};

/// A repository's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The registry's host, with its port.
    pub(super) host: String,
    /// The repository's name there.
    pub(super) name: String,
    pub(super) scheme: Scheme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
}

impl Place {
    /// Takes an image's name apart: its place, and its tag or digest, `latest` when it has none.
    pub(super) fn of(image: &str, insecure: &[String]) -> (Self, String) {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (name, "latest"),
        };
        let host = registry_of(name);
        let name = match name.split_once('/') {
            _ if host == HUB => {
                let known = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
                let mut known = known.iter();
                let short = known
                    .find_map(|host| name.strip_prefix(host))
                    .unwrap_or(name);
                if short.contains('/') {
                    short.to_owned()
                } else {
                    format!("library/{short}")
                }
            }
            Some((_, name)) => name.to_owned(),
            None => name.to_owned(),
        };
        let place = Self {
            scheme: if is_insecure(host, insecure) {
                Scheme::Http
            } else {
                Scheme::Https
            },
            host: match host {
                HUB => "registry-1.docker.io".to_owned(),
                host => host.to_owned(),
            },
            name,
        };
        (place, digest.unwrap_or(tag).to_owned())
    }

    /// Returns host and name.
    pub(super) fn full(&self) -> String {
        format!("{}/{}", self.host, self.name)
    }

    pub(super) fn address(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        format!("{scheme}://{}", self.host)
    }
}

/// Whether the engine has an exception for a host: by its name, or by a range that its address is in. A name's address is
/// not asked for: who has a name can have a certificate.
fn is_insecure(host: &str, insecure: &[String]) -> bool {
    let bare = host.rsplit_once(':').map_or(host, |(bare, _port)| bare);
    let bare = bare.trim_start_matches('[').trim_end_matches(']');
    let address = match bare {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        bare => bare.parse::<IpAddr>(),
    };
    insecure.iter().any(|exception| {
        exception == host
            || address
                .as_ref()
                .is_ok_and(|address| is_within(*address, exception))
    })
}

fn is_within(address: IpAddr, range: &str) -> bool {
    let Some((network, length)) = range.split_once('/') else {
        return false;
    };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    let (one, other, width) = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (
            u128::from(u32::from(one)),
            u128::from(u32::from(other)),
            32_u32,
        ),
        (IpAddr::V6(one), IpAddr::V6(other)) => (u128::from(one), u128::from(other), 128),
        _ => return false,
    };
    let Some(free) = width.checked_sub(length) else {
        return false;
    };
    // Of a range of everything nothing is compared.
    let cut = |bits: u128| bits.checked_shr(free).unwrap_or(0);
    cut(one) == cut(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(image: &str) -> (String, String, String) {
        let insecure = ["127.0.0.0/8".to_owned(), "lab.test:80".to_owned()];
        let (place, reference) = Place::of(image, &insecure);
        (place.address(), place.name, reference)
    }

    #[test]
    fn names_are_taken_apart_as_docker_does() {
        for (image, address, name, reference) in [
            (
                "node:20",
                "https://registry-1.docker.io",
                "library/node",
                "20",
            ),
            (
                "docker.io/me/app",
                "https://registry-1.docker.io",
                "me/app",
                "latest",
            ),
            ("127.0.0.1:5001/a/b:c", "http://127.0.0.1:5001", "a/b", "c"),
            ("localhost/a", "http://localhost", "a", "latest"),
            ("lab.test:80/a", "http://lab.test:80", "a", "latest"),
            ("lab.test/a@sha256:ab", "https://lab.test", "a", "sha256:ab"),
            (
                "10.0.0.1:5000/a:t@sha256:ab",
                "https://10.0.0.1:5000",
                "a",
                "sha256:ab",
            ),
        ] {
            let expected = (address.into(), name.into(), reference.into());
            assert_eq!(parts(image), expected, "{image}");
        }
    }

    #[test]
    fn a_range_holds_its_own_addresses_and_no_others() {
        let within = |address: &str, range| is_within(address.parse().unwrap(), range);
        assert!(within("127.9.9.9", "127.0.0.0/8") && within("::1", "::1/128"));
        assert!(!within("128.0.0.1", "127.0.0.0/8") && !within("::1", "127.0.0.0/8"));
        assert!(within("1.2.3.4", "0.0.0.0/0") && !within("1.2.3.4", "1.2.3.4/99"));
    }
}
