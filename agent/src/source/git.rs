//! Fetching a git repository at a version (reference §10.1).
//!
//! The clone is made by hand, step by step: so the address's credentials are in none of its files, only what is wanted is
//! fetched, and nothing of the repository runs.

use std::path::Path;

use tokio::process::Command;

use super::command::{self, Ended};
use super::refusal::{self, reference_not_found};
use super::{Fetched, Progress, SourceError};
use crate::model::{GitSource, GitVersion, GitVersionKind, Provider, SourceVersions};

/// CodeBuild takes a greater depth for all of the history (reference §10.1).
const DEEPEST: u32 = 25;
/// git's own number for "all of the history" of a clone that has only a part.
const WHOLE: u32 = 0x7fff_ffff;
/// The name that a clone gives to where it comes from.
const ORIGIN: &str = "origin";

/// Fetches `source` into the empty directory `target`.
pub async fn fetch(
    source: &GitSource,
    target: &Path,
    progress: Progress<'_>,
) -> Result<Fetched, SourceError> {
    let mut clone = Clone {
        source,
        target,
        progress,
        own_ssh: false,
    };
    clone.begin().await?;
    let wanted = clone.find().await?;
    clone.take(&wanted).await?;
    let head = clone.git(&["rev-parse", "--verify", "HEAD"]).await?;
    if source.submodules {
        clone.submodules().await?;
    }
    let shown = source.version.as_ref().map(ToString::to_string);
    Ok(Fetched {
        versions: SourceVersions {
            shown: shown.or(wanted.named),
            resolved: Some(text(&head)),
        },
        warnings: Vec::new(),
    })
}

/// What is to be fetched and checked out.
struct Wanted {
    /// What is fetched.
    refs: Refs,
    /// What becomes `HEAD`.
    head: Head,
    /// The ref that the repository's own default stands for.
    named: Option<String>,
}

enum Refs {
    /// One ref of the repository, by the name that it gets here.
    One { theirs: String, ours: String },
    /// Every branch and tag.
    All,
}

enum Head {
    /// A branch, and the ref that it begins at.
    Branch(String, String),
    /// A commit, or a ref that leads to one.
    Detached(String),
}

struct Clone<'a> {
    source: &'a GitSource,
    target: &'a Path,
    progress: Progress<'a>,
    /// Whether the caller has an ssh program of their own.
    own_ssh: bool,
}

impl Clone<'_> {
    async fn begin(&mut self) -> Result<(), SourceError> {
        self.git(&["init", "--quiet", "--template=", "--initial-branch=main"])
            .await?;
        let url = self.source.url.shown().to_owned();
        self.git(&["config", "remote.origin.url", &url]).await?;
        let every = "+refs/heads/*:refs/remotes/origin/*";
        self.git(&["config", "remote.origin.fetch", every]).await?;
        let ssh = self.run(&["config", "--get", "core.sshCommand"]).await?;
        self.own_ssh = ssh.succeeded;
        Ok(())
    }

    /// Finds out what the version is.
    async fn find(&mut self) -> Result<Wanted, SourceError> {
        let Some(version) = &self.source.version else {
            return self.default_branch().await;
        };
        let wanted = |refs, head| Wanted {
            refs,
            head,
            named: None,
        };
        Ok(match version.kind() {
            GitVersionKind::Commit => {
                wanted(Refs::All, Head::Detached(version.as_str().to_owned()))
            }
            GitVersionKind::Pinned { reference, commit } => wanted(
                Refs::One {
                    theirs: reference.clone(),
                    ours: ours(reference),
                },
                Head::Detached(commit.clone()),
            ),
            GitVersionKind::Ref => one(version.as_str()),
            GitVersionKind::PullRequest(number) => match self.source.url.provider() {
                Provider::GitLab => one(&format!("refs/merge-requests/{number}/head")),
                _ => one(&format!("refs/pull/{number}/head")),
            },
            GitVersionKind::Name | GitVersionKind::ShortCommit => self.named(version).await?,
        })
    }

    async fn default_branch(&mut self) -> Result<Wanted, SourceError> {
        let listed = self.list(&["HEAD"]).await?;
        let branch = listed
            .lines()
            .find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
        // A host can say anything; only what a caller could have said is taken.
        let branch = branch.and_then(|branch| branch.strip_prefix("refs/heads/"));
        let Some(branch) = branch.filter(|branch| GitVersion::parse(branch).is_some()) else {
            if !listed.contains("\tHEAD") {
                let why = "the repository has no default branch";
                return Err(SourceError::Refused(reference_not_found(why)));
            }
            return Ok(one("HEAD"));
        };
        let mut wanted = one(&format!("refs/heads/{branch}"));
        wanted.named = Some(format!("refs/heads/{branch}"));
        if self.depth().is_none() {
            wanted.refs = Refs::All;
        }
        Ok(wanted)
    }

    /// A branch, or else a tag, or else the beginning of a commit id.
    async fn named(&mut self, version: &GitVersion) -> Result<Wanted, SourceError> {
        let places = ["refs/heads/", "refs/tags/"].map(|place| format!("{place}{version}"));
        let listed = self.list(&[&places[0], &places[1]]).await?;
        for place in &places {
            if listed
                .lines()
                .any(|line| line.split('\t').nth(1) == Some(place.as_str()))
            {
                return Ok(one(place));
            }
        }
        if *version.kind() == GitVersionKind::ShortCommit {
            return Ok(Wanted {
                refs: Refs::All,
                head: Head::Detached(version.as_str().to_owned()),
                named: None,
            });
        }
        let why = format!("there is neither a branch nor a tag `{version}`");
        Err(SourceError::Refused(reference_not_found(&why)))
    }

    async fn list(&mut self, patterns: &[&str]) -> Result<String, SourceError> {
        let mut arguments = vec!["ls-remote", "--symref", "--", ORIGIN];
        arguments.extend(patterns);
        let listed = self.git(&arguments).await?;
        Ok(text(&listed))
    }

    async fn take(&mut self, wanted: &Wanted) -> Result<(), SourceError> {
        match &wanted.refs {
            Refs::One { theirs, ours } => {
                let refspec = format!("+{theirs}:{ours}");
                let depth = self.depth();
                self.fetch(&[&refspec], depth).await?;
                // A commit of that ref may lie deeper.
                if let (Head::Detached(commit), Some(_)) = (&wanted.head, depth)
                    && !self.has(commit).await?
                {
                    // `--unshallow` would refuse where nothing is left to fetch.
                    self.fetch(&[&refspec], Some(WHOLE)).await?;
                }
            }
            Refs::All => self.take_all(&wanted.head).await?,
        }
        self.check_out(&wanted.head).await
    }

    /// A host may not give a commit by its id, and a commit may be on no branch: one way or the other.
    async fn take_all(&mut self, head: &Head) -> Result<(), SourceError> {
        let whole = match (head, self.source.version.as_ref().map(GitVersion::kind)) {
            (Head::Detached(commit), Some(GitVersionKind::Commit)) => Some(commit.as_str()),
            _ => None,
        };
        if let (Some(commit), Some(depth)) = (whole, self.depth()) {
            let alone = self.try_fetch(&[commit], Some(depth)).await?;
            if alone.succeeded {
                return Ok(());
            }
        }
        let branches = "+refs/heads/*:refs/remotes/origin/*";
        self.fetch(&["--tags", branches], None).await?;
        if let Some(commit) = whole
            && !self.has(commit).await?
        {
            self.fetch(&[commit], None).await?;
        }
        Ok(())
    }

    async fn fetch(&mut self, what: &[&str], depth: Option<u32>) -> Result<(), SourceError> {
        let fetched = self.try_fetch(what, depth).await?;
        self.succeeded(fetched).map(drop)
    }

    /// Flags come first in `what`.
    async fn try_fetch(&mut self, what: &[&str], depth: Option<u32>) -> Result<Ended, SourceError> {
        let depth = depth.map(|depth| format!("--depth={depth}"));
        let (flags, refs): (Vec<&str>, Vec<&str>) =
            what.iter().partition(|what| what.starts_with("--"));
        let mut arguments = vec!["fetch", "--progress", "--no-recurse-submodules"];
        arguments.extend(depth.as_deref());
        arguments.extend(flags);
        arguments.extend(["--", ORIGIN]);
        arguments.extend(refs);
        self.run(&arguments).await
    }

    async fn has(&mut self, commit: &str) -> Result<bool, SourceError> {
        let commit = format!("{commit}^{{commit}}");
        let found = self
            .run(&["rev-parse", "--verify", "--quiet", &commit])
            .await?;
        Ok(found.succeeded)
    }

    async fn check_out(&mut self, head: &Head) -> Result<(), SourceError> {
        match head {
            Head::Branch(name, start) => {
                let arguments = ["checkout", "--quiet", "-B", name, "--track", start];
                self.git(&arguments).await?;
            }
            Head::Detached(start) => {
                if !self.has(start).await? {
                    let why = "the repository has no such commit, or several that begin so";
                    return Err(SourceError::Refused(reference_not_found(why)));
                }
                let commit = format!("{start}^{{commit}}");
                self.git(&["checkout", "--quiet", "--detach", &commit])
                    .await?;
            }
        }
        Ok(())
    }

    async fn submodules(&mut self) -> Result<(), SourceError> {
        let depth = self.depth().map(|depth| format!("--depth={depth}"));
        let mut arguments = vec!["submodule", "update", "--init", "--recursive", "--progress"];
        arguments.extend(depth.as_deref());
        self.git(&arguments).await.map(drop)
    }

    /// The depth, where it cuts the history.
    fn depth(&self) -> Option<u32> {
        Some(self.source.depth).filter(|depth| (1..=DEEPEST).contains(depth))
    }

    /// Runs git and takes its failure for the source's.
    async fn git(&mut self, arguments: &[&str]) -> Result<Ended, SourceError> {
        let ended = self.run(arguments).await?;
        self.succeeded(ended)
    }

    fn succeeded(&self, ended: Ended) -> Result<Ended, SourceError> {
        if ended.succeeded {
            return Ok(ended);
        }
        let mut said = ended.words;
        if let Some(secret) = self.source.url.secret() {
            said = said.replace(secret, "***");
        }
        Err(SourceError::Refused(refusal::of_git(&said)))
    }

    async fn run(&mut self, arguments: &[&str]) -> Result<Ended, SourceError> {
        let command = self.command();
        let ran = command::run(command, arguments, self.progress).await;
        ran.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::Refused(refusal::Refusal::new(
                "Git clone failed: there is no `git` on this machine",
                "install git, or give a directory that holds the source",
            )),
            _ => SourceError::Machine {
                what: "run git".into(),
                reason: error.to_string(),
            },
        })
    }

    fn command(&self) -> Command {
        let mut command = command::git(self.target);
        // A submodule's address is the repository's word: only what speaks to a host may be used, and a repository of
        // this machine only when the caller names it. What git is configured to by `-c` holds for submodules too.
        command.env_remove("GIT_ALLOW_PROTOCOL");
        command.env_remove("GIT_PROTOCOL_FROM_USER");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if !self.own_ssh {
            // Nobody is there to answer.
            command.args(["-c", "core.sshCommand=ssh -oBatchMode=yes"]);
        }
        if let (Some(secret), Some(base)) = (self.source.url.secret(), self.source.url.base())
            && let Some((scheme, host)) = base.split_once("://")
        {
            // The equals sign would end the setting's name.
            let secret = secret.replace('=', "%3D");
            let setting = format!("url.{scheme}://{secret}@{host}.insteadOf={base}");
            command.args(["-c", &setting]);
        }
        command
    }
}

/// What the caller's own settings must not change.
const SETTINGS: [&str; 13] = [
    "protocol.allow=never",
    "protocol.ext.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.ssh.allow=always",
    "protocol.git.allow=always",
    "protocol.file.allow=user",
    "advice.detachedHead=false",
    "core.autocrlf=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
];

/// One ref, under the name that a clone gives it: a branch is checked out as one, anything else as its commit.
fn one(theirs: &str) -> Wanted {
    let ours = ours(theirs);
    Wanted {
        head: match theirs.strip_prefix("refs/heads/") {
            Some(branch) => Head::Branch(branch.to_owned(), ours.clone()),
            None => Head::Detached(ours.clone()),
        },
        refs: Refs::One {
            theirs: theirs.to_owned(),
            ours,
        },
        named: None,
    }
}

fn ours(theirs: &str) -> String {
    if theirs.starts_with("refs/tags/") {
        return theirs.to_owned();
    }
    let name = theirs.strip_prefix("refs/").unwrap_or(theirs);
    let name = name.strip_prefix("heads/").unwrap_or(name);
    format!("refs/remotes/origin/{name}")
}

fn text(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.output).trim_end().to_owned()
}
