//! How a registry learns who asks: by name and password, or by a token that it has exchanged for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::model::{Credentials, Login};

/// What a registry wants, from its `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password.
    Basic,
    /// A token from elsewhere.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads a header; `None` for what is not known.
    pub(super) fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let fields = fields(rest);
        let field = |name: &str| {
            let mut fields = fields.iter();
            let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        Some(Self::Bearer {
            realm: field("realm")?,
            service: field("service"),
            scope: field("scope"),
        })
    }
}

/// Reads `a="b,c",d=e`.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start_matches([',', ' ']).trim().to_owned();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        fields.push((name, value.trim().to_owned()));
        rest = after;
    }
    fields
}

/// Returns the header for name and password.
pub(super) fn basic(credentials: &Credentials) -> Option<String> {
    match &credentials.login {
        Login::Password { username, password } => {
            let pair = STANDARD.encode(format!("{username}:{password}"));
            Some(format!("Basic {pair}"))
        }
        Login::IdentityToken(_) => None,
    }
}

/// How a token is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenCall {
    /// By this address.
    Get(String),
    /// By this address and this form.
    Post(String, String),
}

/// Returns the call for a token that opens a repository.
pub(super) fn token_call(
    realm: &str,
    service: Option<&str>,
    scope: &str,
    credentials: Option<&Credentials>,
) -> TokenCall {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut query = format!("scope={}", escaped(scope));
    if let Some(service) = service {
        query = format!("service={}&{query}", escaped(service));
    }
    if let Some(Login::IdentityToken(token)) = credentials.map(|it| &it.login) {
        let token = escaped(token);
        let form =
            format!("grant_type=refresh_token&client_id=understudy&refresh_token={token}&{query}");
        return TokenCall::Post(realm.to_owned(), form);
    }
    let joint = if realm.contains('?') { '&' } else { '?' };
    TokenCall::Get(format!("{realm}{joint}{query}"))
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// Reads a token.
pub(super) fn token(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let token = answer.token.or(answer.access_token)?;
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_wants_is_read_from_its_header() {
        let header = r#"Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a:pull,push""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.test/token".into(),
            service: Some("registry.test".into()),
            scope: Some("repository:a:pull,push".into()),
        };
        assert_eq!(Challenge::read(header), Some(expected));
        let basic = Challenge::read("Basic realm=\"x\",service=\"y\"");
        assert_eq!(basic, Some(Challenge::Basic));
        assert_eq!(Challenge::read("Negotiate"), None);
    }

    #[test]
    fn a_token_is_asked_for_with_what_the_caller_has() {
        let call = token_call("https://a.test/t", Some("s t"), "repository:a:pull", None);
        let expected = "https://a.test/t?service=s%20t&scope=repository%3Aa%3Apull";
        assert_eq!(call, TokenCall::Get(expected.into()));
        let credentials = Credentials {
            registry: "a.test".into(),
            login: Login::IdentityToken("t&k".into()),
        };
        let TokenCall::Post(_, form) =
            token_call("https://a.test/t", None, "s", Some(&credentials))
        else {
            panic!("an identity token is posted");
        };
        assert!(form.contains("refresh_token=t%26k"), "{form}");
    }
}
