//! Makes the files of a tree somewhere else. What is there already stays. A failure takes back what
//! was made, so the destination has all of the tree or nothing of it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::stat::{Mode, fchmod, futimens, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

use super::file::{LayerFolder, Method, Outcome, place_file};
use super::handle::{Ground, Top, make_top};
use super::name::{FolderPath, Name};
use super::shape::{Folder, StoredFile, Tree};
use crate::error::CacheError;
use crate::parallel::in_parallel;

/// What came of placing a tree.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// Files and links that were made.
    pub(crate) files: u64,
    /// The bytes of the files that were made.
    pub(crate) bytes: u64,
    /// Files and links that were not made because something was there already.
    pub(crate) kept: u64,
}

impl Placed {
    /// Adds what came of another part.
    pub(crate) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.kept += other.kept;
    }
}

/// Makes `tree`, whose files are below `from`, in the directory `to`, which is made if need be.
/// The placement can be taken back.
pub(crate) fn place<'a>(
    tree: &'a Tree<StoredFile>,
    from: &'a Top,
    to: &Path,
    method: Method<'a>,
) -> Result<Placement<'a>, CacheError> {
    let (to, ground) = make_top(to)?;
    let mut placement = Placement {
        from,
        to,
        method,
        sites: Vec::new(),
        made: Mutex::default(),
        placed: Placed::default(),
    };
    match placement.run(tree, ground) {
        Ok(()) => Ok(placement),
        Err(error) => {
            placement.undo();
            Err(error)
        }
    }
}

/// A folder of the tree, and what its place was like.
struct Site<'a> {
    folder: &'a Folder<StoredFile>,
    ground: Ground,
}

/// A tree that was placed.
pub(crate) struct Placement<'a> {
    from: &'a Top,
    to: Top,
    method: Method<'a>,
    sites: Vec<Site<'a>>,
    /// The files and links made so far, by folder; only needed to take them back.
    made: Mutex<Vec<(&'a FolderPath, Vec<&'a Name>)>>,
    placed: Placed,
}

impl<'a> Placement<'a> {
    /// Returns what came of it.
    pub(crate) fn placed(&self) -> &Placed {
        &self.placed
    }

    /// Removes what was made, as far as that works. The error that leads here says more than one of
    /// the removal could, so the latter is not told.
    pub(crate) fn undo(self) {
        let made_folders = || self.sites.iter().filter(|site| site.ground == Ground::Made);
        for site in made_folders() {
            if let Ok(folder) = self.to.folder(&site.folder.path) {
                fchmod(&folder, Mode::S_IRWXU).ok();
            }
        }
        for (path, names) in &*self.made.lock().unwrap_or_else(PoisonError::into_inner) {
            let Ok(folder) = self.to.folder(path) else {
                continue;
            };
            for name in names {
                unlinkat(&folder, name.as_bytes(), UnlinkatFlags::NoRemoveDir).ok();
            }
        }
        for site in made_folders().rev() {
            let Some((parent, name)) = site.folder.path.split() else {
                fs::remove_dir(self.to.path()).ok();
                continue;
            };
            if let Ok(parent) = self.to.folder(&parent) {
                unlinkat(&parent, name, UnlinkatFlags::RemoveDir).ok();
            }
        }
    }

    fn run(&mut self, tree: &'a Tree<StoredFile>, top: Ground) -> Result<(), CacheError> {
        self.make_folders(tree, top)?;
        for part in in_parallel(&self.sites, |site| self.fill(site))? {
            self.placed.add(&part);
        }
        // Last, because a new file changes the time of its folder, and a mode may forbid new files;
        // and deepest first, because a mode may forbid the way through.
        for site in self
            .sites
            .iter()
            .rev()
            .filter(|site| site.ground == Ground::Made)
        {
            self.finish(site.folder)?;
        }
        Ok(())
    }

    fn make_folders(&mut self, tree: &'a Tree<StoredFile>, top: Ground) -> Result<(), CacheError> {
        let mut grounds: HashMap<&FolderPath, Ground> = HashMap::new();
        for folder in &tree.folders {
            let ground = match folder.path.split() {
                None => top,
                Some((parent, name)) => match grounds.get(&parent) {
                    Some(Ground::Made | Ground::Found) => {
                        let path = self.to.show(folder.path.as_bytes());
                        self.make_folder(&parent, name)
                            .map_err(CacheError::write(&path))?
                    }
                    Some(Ground::Taken) | None => Ground::Taken,
                },
            };
            grounds.insert(&folder.path, ground);
            self.sites.push(Site { folder, ground });
        }
        Ok(())
    }

    fn make_folder(&self, parent: &FolderPath, name: &[u8]) -> io::Result<Ground> {
        let parent = self.to.folder(parent)?;
        match mkdirat(&parent, name, Mode::S_IRWXU) {
            Ok(()) => Ok(Ground::Made),
            Err(Errno::EEXIST) => Ground::of(&parent, name),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes the files and links of one folder.
    fn fill(&self, site: &Site<'a>) -> Result<Placed, CacheError> {
        let folder = site.folder;
        if site.ground == Ground::Taken {
            return Ok(Placed {
                kept: folder.items() as u64,
                ..Placed::default()
            });
        }
        let (from, to) = (
            self.from.show(folder.path.as_bytes()),
            self.to.show(folder.path.as_bytes()),
        );
        let source = self
            .from
            .folder(&folder.path)
            .map_err(CacheError::read(&from))?;
        let target = self
            .to
            .folder(&folder.path)
            .map_err(CacheError::write(&to))?;
        let mut made = Vec::with_capacity(folder.items());
        let outcome = self.fill_open(folder, source, target, &mut made);
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((&folder.path, made));
        outcome
    }

    fn fill_open(
        &self,
        folder: &'a Folder<StoredFile>,
        source: impl AsFd,
        target: impl AsFd,
        made: &mut Vec<&'a Name>,
    ) -> Result<Placed, CacheError> {
        let layers: Vec<LayerFolder<'_>> = match self.method {
            Method::Link(layers) => {
                let folders = layers.iter().map(|layer| layer.folder(&folder.path));
                folders.flatten().collect()
            }
            Method::Copy => Vec::new(),
        };
        let mut placed = Placed::default();
        let mut tell = |outcome, name, size| match outcome {
            Outcome::Made => {
                made.push(name);
                placed.files += 1;
                placed.bytes += size;
            }
            Outcome::Kept => placed.kept += 1,
        };
        for link in &folder.links {
            let to = self.to.show(&folder.path.child(&link.name));
            let outcome = match symlinkat(link.target.as_bytes(), &target, link.name.as_bytes()) {
                Ok(()) => Outcome::Made,
                Err(Errno::EEXIST) => Outcome::Kept,
                Err(errno) => return Err(CacheError::write(&to)(errno)),
            };
            tell(outcome, &link.name, 0);
        }
        for file in &folder.files {
            let placed = place_file(self.method, &source, &layers, &target, file);
            let file = &file.shape;
            let outcome = placed.map_err(|source| {
                let path = folder.path.child(&file.name);
                CacheError::Copy {
                    from: self.from.show(&path),
                    to: self.to.show(&path),
                    source,
                }
            })?;
            tell(outcome, &file.name, file.size);
        }
        Ok(placed)
    }

    fn finish(&self, folder: &Folder<StoredFile>) -> Result<(), CacheError> {
        let path = self.to.show(folder.path.as_bytes());
        let open = self
            .to
            .folder(&folder.path)
            .map_err(CacheError::write(&path))?;
        let (accessed, modified) = folder.mtime.to_set();
        fchmod(&open, Mode::from_bits_truncate(folder.mode)).map_err(CacheError::write(&path))?;
        futimens(&open, &accessed, &modified).map_err(CacheError::write(&path))
    }
}
