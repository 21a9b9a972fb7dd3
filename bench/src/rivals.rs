//! What others do with a cache: pack it, unpack it, copy it.

use std::path::Path;
use std::process::Command;

use crate::program::succeed;
use crate::tree::move_aside;

/// A way to keep a directory in one file, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rival {
    /// What GitHub's cache and GitLab's runner do.
    TarZstd,
    /// What CodeBuild does.
    Zip,
    /// What a shell script does.
    Copy,
}

impl Rival {
    /// What a table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TarZstd => "tar + zstd -1 -T0",
            Self::Zip => "zip",
            Self::Copy => "cp -a",
        }
    }

    /// Keeps all that is in the directory `from` at `to`, in place of what was there.
    pub(crate) fn pack(self, from: &Path, to: &Path) -> Result<(), String> {
        if to.exists() {
            move_aside(to)?;
        }
        match self {
            Self::TarZstd => succeed(
                Command::new("tar")
                    .args(["-I", "zstd -1 -T0", "-cf"])
                    .arg(to)
                    .arg("-C")
                    .args([from, Path::new(".")]),
            ),
            // Symbolic links stay links.
            Self::Zip => succeed(
                Command::new("zip")
                    .args(["-q", "-r", "-y"])
                    .arg(to)
                    .arg(".")
                    .current_dir(from),
            ),
            Self::Copy => succeed(Command::new("cp").arg("-a").args([from, to])),
        }
    }

    /// Brings back into the empty directory `to` what [`Self::pack`] kept at `from`.
    pub(crate) fn unpack(self, from: &Path, to: &Path) -> Result<(), String> {
        match self {
            Self::TarZstd => succeed(
                Command::new("tar")
                    .args(["-I", "zstd -T0", "-xf"])
                    .arg(from)
                    .arg("-C")
                    .arg(to),
            ),
            Self::Zip => succeed(Command::new("unzip").arg("-q").arg(from).arg("-d").arg(to)),
            Self::Copy => succeed(Command::new("cp").arg("-a").arg(from.join(".")).arg(to)),
        }
    }
}
