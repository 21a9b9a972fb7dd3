//! Which registry an image's name, or a key of the Docker configuration, means.

/// Docker Hub goes by several names.
pub(super) const HUB: &str = "docker.io";

/// Returns the host of an image's name: its first part when that looks like a host, else Docker Hub.
pub fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => canonical(host),
        _ => HUB,
    }
}

/// Returns the host of a key in the Docker configuration, which may be an address.
pub fn host_of(key: &str) -> &str {
    let host = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    canonical(host.split('/').next().unwrap_or(host))
}

fn canonical(host: &str) -> &str {
    if ["index.docker.io", "registry-1.docker.io"].contains(&host) {
        HUB
    } else {
        host
    }
}

/// Returns the region of an ECR registry's host: `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]`, or with IPv6
/// `<account>.dkr-ecr[-fips].<region>.on.aws`.
pub fn ecr_region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once('.')?;
    let own = |service: &str| {
        let rest = rest.strip_prefix(service)?;
        rest.strip_prefix("-fips").unwrap_or(rest).strip_prefix('.')
    };
    let (named, domains): (&str, &[&str]) = match own("dkr.ecr") {
        Some(named) => (named, &["amazonaws.com", "amazonaws.com.cn"]),
        None => (own("dkr-ecr")?, &["on.aws", "on.amazonwebservices.com.cn"]),
    };
    let (region, domain) = named.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && domains.contains(&domain)).then_some(region)
}

/// Returns the account of an ECR registry's host.
pub(super) fn ecr_account(host: &str) -> Option<&str> {
    ecr_region(host)?;
    host.split_once('.').map(|(account, _)| account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ecrs_own_hosts_are_asked_for_ecr_tokens() {
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.us-east-1.amazonaws.com"),
            Some("us-east-1")
        );
        assert_eq!(
            ecr_region("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com"),
            Some("us-gov-west-1")
        );
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test"),
            None
        );
        assert_eq!(
            ecr_region("210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn"),
            Some("cn-north-1")
        );
        assert_eq!(
            ecr_region("210987654321.dkr-ecr.eu-west-1.on.aws"),
            Some("eu-west-1")
        );
        assert_eq!(ecr_region("dkr.ecr.us-east-1.amazonaws.com"), None);
        assert_eq!(ecr_region("ghcr.io"), None);
    }

    #[test]
    fn a_password_goes_to_no_other_host_than_its_own() {
        for (image, registry) in [
            ("node:20", HUB),
            ("me/app", HUB),
            ("docker.io/me/app", "docker.io"),
            ("localhost/app", "localhost"),
            ("127.0.0.1:5001/app:1", "127.0.0.1:5001"),
        ] {
            assert_eq!(registry_of(image), registry, "{image}");
        }
        assert_eq!(host_of("https://index.docker.io/v1/"), HUB);
        assert_eq!(host_of("localhost"), "localhost");
        assert_eq!(host_of("registry"), "registry");
    }
}
