//! Why a source was not given, in CodeBuild's words where the reference knows them (§2.9).

use std::fmt;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// CodeBuild's words, to which it adds which source and version they are about.
    pub words: String,
    /// The next step.
    pub help: String,
}

impl Refusal {
    /// Returns a refusal in words and with a next step of our own.
    pub fn new(words: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// What git and the hosts say, and what CodeBuild calls it. The first that is found counts.
const SAYINGS: [(&[&str], &str, &str); 5] = [
    (
        &["SSL certificate problem", "certificate verify failed"],
        "Git clone failed",
        "have the host's authority trusted on this machine, or name it with `git config --global http.sslCAInfo FILE`",
    ),
    (
        &[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "terminal prompts disabled",
            "Invalid username or",
            "Permission denied (",
            "HTTP Basic: Access denied",
            "returned error: 401",
        ],
        "authentication required",
        "log in so that `git ls-remote` works without a question: a credential helper, a token in the address, or `ssh-add`",
    ),
    (
        &["returned error: 403", "Permission to ", "access denied"],
        "authorization failed",
        "ask for the right to read the repository, or log in as somebody who has it",
    ),
    (
        &[
            "couldn't find remote ref",
            "not our ref",
            "unadvertised object",
        ],
        "reference not found",
        "name a branch, tag, commit or `pr/N` that the repository has; `git ls-remote` lists them",
    ),
    (
        &[
            "does not appear to be a git repository",
            "Repository not found",
            "repository not found",
            "returned error: 404",
            "not found",
            "does not exist",
            "No such file or directory",
        ],
        "repository not found",
        "correct the address; a host also says so to those who may not read a private repository",
    ),
];

/// Returns what a failure of git means. `said` has no credentials any more.
pub(super) fn of_git(said: &str) -> Refusal {
    let found = SAYINGS
        .iter()
        .find(|(sayings, ..)| sayings.iter().any(|saying| said.contains(saying)));
    let reason = reason(said);
    match found {
        // The authority's problem is part of the message, as in CodeBuild's.
        Some((_, words @ "Git clone failed", help)) => {
            Refusal::new(format!("{words}: {reason}"), *help)
        }
        Some((_, words, help)) => Refusal::new(*words, format!("git says: {reason}; {help}")),
        None if said.contains("Host key verification failed") => Refusal::new(
            format!("Git clone failed: {reason}"),
            "connect once by hand (`ssh`), compare the host's key and accept it",
        ),
        None if said.contains("transport") && said.contains("not allowed") => Refusal::new(
            format!("Git clone failed: {reason}"),
            "use HTTPS or ssh addresses, in `.gitmodules` too",
        ),
        None => Refusal::new(
            format!("Git clone failed: {reason}"),
            "try `git ls-remote` with the same address by hand",
        ),
    }
}

/// Returns a refusal of a version that the repository does not have.
pub(super) fn reference_not_found(why: &str) -> Refusal {
    Refusal::new(
        "reference not found",
        format!(
            "{why}; name a branch, tag, commit or `pr/N` that the repository has (`git ls-remote` lists them)"
        ),
    )
}

/// Returns the line that says why: the first that git marks as its end, or else the last one.
fn reason(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let marked = lines.clone().find_map(|line| {
        line.strip_prefix("fatal: ")
            .or(line.strip_prefix("error: "))
    });
    let line = marked.or_else(|| lines.next_back());
    let line = line.unwrap_or("git ended without a reason");
    // git names its own remote; CodeBuild names the address.
    let text: String = line.chars().filter(|c| !c.is_control()).take(500).collect();
    match text.strip_prefix("unable to access") {
        Some(rest) => format!("Unable to access{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §2.9.
    #[test]
    fn what_git_says_becomes_codebuilds_words() {
        for (said, words) in [
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                "authentication required",
            ),
            (
                "remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/o/r.git/'",
                "authentication required",
            ),
            (
                "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                "authentication required",
            ),
            (
                "fatal: unable to access 'https://github.com/o/r.git/': The requested URL returned error: 403",
                "authorization failed",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://github.com/o/r.git/' not found",
                "repository not found",
            ),
            (
                "fatal: '/srv/r.git' does not appear to be a git repository",
                "repository not found",
            ),
            (
                "fatal: couldn't find remote ref refs/pull/9/head",
                "reference not found",
            ),
            (
                "fatal: unable to access 'https://h/r.git/': SSL certificate problem: self-signed certificate",
                "Git clone failed: Unable to access 'https://h/r.git/': SSL certificate problem: self-signed certificate",
            ),
            (
                "fatal: unable to access 'https://h/r.git/': Could not resolve host: h",
                "Git clone failed: Unable to access 'https://h/r.git/': Could not resolve host: h",
            ),
            (
                "fatal: transport 'ext' not allowed",
                "Git clone failed: transport 'ext' not allowed",
            ),
            ("", "Git clone failed: git ended without a reason"),
        ] {
            assert_eq!(of_git(said).words, words, "{said}");
            assert_ne!(of_git(said).help, "");
        }
    }
}
