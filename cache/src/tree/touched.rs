//! Did a build write where an entry's files are? Asked of the upper layer of an overlay.

use std::os::fd::AsFd;

use nix::dir::{Dir, Type};
use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;

use super::handle::Top;
use super::list::kind_of;
use super::name::{DEEPEST_FOLDER, FolderPath, Name};
use super::select::Selection;
use crate::error::CacheError;

/// Says whether the upper layer has anything that the selection takes or that hides what it takes. Whatever is not
/// plainly nothing counts as something: that costs a closer look and no more.
pub(crate) fn is_touched(upper: &Top, selection: &Selection) -> Result<bool, CacheError> {
    let mut pending = vec![FolderPath::top()];
    while let Some(path) = pending.pop() {
        let here = upper.show(path.as_bytes());
        let open = upper.folder(&path).map_err(CacheError::read(&here))?;
        if !path.as_bytes().is_empty() && is_marked(&open) {
            return Ok(true);
        }
        let copy = open.try_clone().map_err(CacheError::read(&here))?;
        let mut entries = Dir::from_fd(copy).map_err(CacheError::read(&here))?;
        for entry in entries.iter() {
            let entry = entry.map_err(CacheError::read(&here))?;
            let Ok(name) = Name::new(entry.file_name().to_bytes()) else {
                continue;
            };
            let child = path.child(&name);
            let kind = if let Some(kind) = entry.file_type() {
                kind
            } else {
                let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
                let stat = fstatat(&open, name.as_bytes(), flags);
                kind_of(&stat.map_err(CacheError::read(&here))?)
            };
            match kind {
                Type::Directory if selection.takes_folder(&child) => return Ok(true),
                Type::Directory if selection.enters(&child) => {
                    pending.push(FolderPath::new(&child).map_err(|_| CacheError::TooLarge {
                        path: upper.show(&child),
                        excess: format!("folders more than {DEEPEST_FOLDER} deep"),
                    })?);
                }
                Type::Directory => {}
                // A whiteout, which may stand for a directory.
                Type::CharacterDevice if selection.enters(&child) => return Ok(true),
                _ if selection.takes_file(&child) => return Ok(true),
                _ => {}
            }
        }
    }
    Ok(false)
}

/// Says whether a directory is new in place of an older one, or came by a rename.
fn is_marked(folder: impl AsFd) -> bool {
    let has = |name| rustix::fs::fgetxattr(&folder, name, &mut [0_u8; 0]).is_ok();
    has(c"trusted.overlay.opaque") || has(c"trusted.overlay.redirect")
}
