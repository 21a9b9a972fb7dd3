//! Looks at a source directory that is to be a layer as it is: what of it must not be seen, and what speaks against it.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::copy::{Copied, Wanted, WorkspaceError, below_a_link};

/// What a source directory is like.
#[derive(Debug, Default)]
pub struct Surveyed {
    /// What a copy of it would come to.
    pub figures: Copied,
    /// Paths that a copy would leave out, relative to it; of a directory that is left out whole, only its own.
    pub hidden: Vec<PathBuf>,
    /// Why it cannot be a layer as it is; then the rest is worth nothing.
    pub obstacle: Option<String>,
}

/// Looks at a directory as [`super::copy`] would copy it. Ends early at the first obstacle, and when `abandoned` becomes true.
pub fn survey(wanted: Wanted<'_>, abandoned: &AtomicBool) -> Result<Surveyed, WorkspaceError> {
    let Wanted {
        source,
        listed,
        without,
    } = wanted;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WorkspaceError { path, source }
    };
    let root = fs::metadata(source).map_err(failed(source))?;
    let mut survey = Survey {
        source,
        without,
        device: root.dev(),
        taken: listed.map(|paths| Taken::of(source, paths)),
        found: Surveyed::default(),
    };
    survey.judge(Path::new(""), &root);
    let mut pending = vec![(PathBuf::new(), false)];
    while let Some((folder, whole)) = pending.pop() {
        if survey.found.obstacle.is_some() || abandoned.load(Ordering::Relaxed) {
            break;
        }
        let path = source.join(&folder);
        for entry in fs::read_dir(&path).map_err(failed(&path))? {
            let entry = entry.map_err(failed(&path))?;
            let relative = folder.join(entry.file_name());
            let metadata = entry.metadata().map_err(failed(&entry.path()))?;
            match survey.fate(&relative, &metadata, whole) {
                Fate::Hidden => survey.found.hidden.push(relative),
                Fate::Way => pending.push((relative, false)),
                Fate::Whole => {
                    survey.judge(&relative, &metadata);
                    if metadata.is_dir() {
                        pending.push((relative, true));
                    } else {
                        survey.found.figures.files += 1;
                    }
                    if metadata.is_file() {
                        survey.found.figures.bytes += metadata.len();
                    }
                }
            }
        }
    }
    Ok(survey.found)
}

/// What becomes of a path.
enum Fate {
    Hidden,
    /// A directory on the way to something that is taken.
    Way,
    /// It is taken, with all that is below it.
    Whole,
}

/// What is taken where not everything is.
struct Taken<'a> {
    listed: HashSet<&'a Path>,
    /// The directories that lead there.
    ways: HashSet<&'a Path>,
}

impl<'a> Taken<'a> {
    fn of(source: &Path, paths: &'a [PathBuf]) -> Self {
        let mut taken = Self {
            listed: HashSet::new(),
            ways: HashSet::new(),
        };
        let paths = paths.iter().map(PathBuf::as_path);
        for path in paths.filter(|path| !below_a_link(source, path)) {
            taken.listed.insert(path);
            // Where a way is known, the ways before it are.
            let ways = path.ancestors().skip(1);
            for way in ways {
                if way.as_os_str().is_empty() || !taken.ways.insert(way) {
                    break;
                }
            }
        }
        taken
    }
}

struct Survey<'a> {
    source: &'a Path,
    without: &'a [PathBuf],
    device: u64,
    taken: Option<Taken<'a>>,
    found: Surveyed,
}

impl Survey<'_> {
    fn fate(&self, relative: &Path, metadata: &Metadata, whole: bool) -> Fate {
        let kind = metadata.file_type();
        let is_own = || {
            let path = self.source.join(relative);
            metadata.is_dir() && self.without.contains(&path)
        };
        if kind.is_socket()
            || kind.is_fifo()
            || kind.is_block_device()
            || kind.is_char_device()
            || is_own()
        {
            return Fate::Hidden;
        }
        match &self.taken {
            None => Fate::Whole,
            Some(taken) if whole || taken.listed.contains(relative) => Fate::Whole,
            Some(taken) if metadata.is_dir() && taken.ways.contains(relative) => Fate::Way,
            Some(_) => Fate::Hidden,
        }
    }

    /// Heeds what a layer would show otherwise than a copy.
    fn judge(&mut self, relative: &Path, metadata: &Metadata) {
        let name = || {
            let path = self.source.join(relative);
            format!("`{}`", path.display())
        };
        let own = nix::unistd::geteuid().as_raw();
        let obstacle = if metadata.uid() != own {
            // Git and npm ask who owns what they work on.
            Some(format!("{} belongs to another user", name()))
        } else if metadata.is_dir() && metadata.dev() != self.device {
            Some(format!("{} is on another file system", name()))
        } else {
            None
        };
        if self.found.obstacle.is_none() {
            self.found.obstacle = obstacle;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::copy;
    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    /// A layer that hides what the survey says must show what a copy has.
    #[test]
    fn what_is_hidden_is_what_a_copy_leaves_out() {
        let source = tempfile::tempdir().unwrap();
        for name in [
            "kept/a",
            "kept/ignored",
            "kept/deep/b",
            "kept/deep/left/x",
            "ignored/y",
            "whole/in/c",
            "linked/d",
        ] {
            let path = source.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "12").unwrap();
        }
        fs::create_dir(source.path().join("empty")).unwrap();
        symlink("whole", source.path().join("link")).unwrap();
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&source.path().join("whole/in/pipe"), mode).unwrap();
        let listed = [
            "kept/a",
            "kept/deep/b",
            "whole",
            "link",
            "link/in/c",
            "gone",
            "linked/d",
        ];
        let listed = listed.map(PathBuf::from);
        for listed in [Some(listed.as_slice()), None] {
            let own = [source.path().join("linked")];
            let wanted = Wanted {
                source: source.path(),
                listed,
                without: if listed.is_none() { &own } else { &[] },
            };
            let target = tempfile::tempdir().unwrap();
            let copied = copy(wanted, target.path(), &GO_ON).unwrap();
            let surveyed = survey(wanted, &GO_ON).unwrap();
            assert_eq!(surveyed.figures, copied);
            assert_eq!(surveyed.obstacle, None);
            let paths = |root: &Path| -> Vec<PathBuf> {
                let walk = walkdir::WalkDir::new(root).sort_by_file_name();
                let paths = walk.into_iter().map(|entry| entry.unwrap().into_path());
                paths
                    .map(|path| path.strip_prefix(root).unwrap().to_owned())
                    .collect()
            };
            let is_hidden = |path: &Path| surveyed.hidden.iter().any(|it| path.starts_with(it));
            let mut seen = paths(source.path());
            seen.retain(|path| !is_hidden(path));
            assert_eq!(seen, paths(target.path()));
        }
    }
}
