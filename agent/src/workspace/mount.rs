//! Overlay mounts that nobody else sees.
//!
//! A mount made here is attached nowhere: it lives as long as it is open in this process, so that nothing is left of it
//! however the process ends, and no path leads into it but through the open directory.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, XattrFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};

use super::layers::FEATURES;

/// Where an overlay's writes go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writes<'a> {
    /// What was written.
    pub(super) upper: &'a Path,
    /// The kernel's own place beside it.
    pub(super) work: &'a Path,
}

/// Mounts directories over each other, the first on top; at least two, those for writing included. Returns the merged
/// directory, open. Devices and programs in it do nothing here: it is there to be read.
pub(super) fn overlay(lower: &[&Path], writes: Option<Writes<'_>>) -> io::Result<OwnedFd> {
    // Named by descriptors: the kernel's options are short, and a path may have any character in it.
    let held: Vec<OwnedFd> = lower
        .iter()
        .map(|path| held(path))
        .collect::<io::Result<_>>()?;
    let mut names = String::new();
    for (index, directory) in held.iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        let _infallible = write!(names, "{colon}{}", name(directory));
    }
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let set = |key: &str, value: &str| fsconfig_set_string(context.as_fd(), key, value);
    let configure = || -> io::Result<()> {
        set("source", "overlay")?;
        set("lowerdir", &names)?;
        if let Some(Writes { upper, work }) = writes {
            let (upper, work) = (self::held(upper)?, self::held(work)?);
            set("upperdir", &name(&upper))?;
            set("workdir", &name(&work))?;
            for (key, value) in FEATURES {
                set(key, value)?;
            }
            fsconfig_create(context.as_fd())?;
        } else {
            // What was renamed is found, and nothing is written.
            set("redirect_dir", "follow")?;
            fsconfig_create(context.as_fd())?;
        }
        Ok(())
    };
    configure().map_err(|error| explained(&context, error))?;
    let still = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let mount = fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, still)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&mount, c".", flags, Mode::empty())?)
}

/// Says whether a directory can carry the marks of an upper layer: only the machine's administrator may set them, and not
/// every file system keeps them.
pub(super) fn keeps_marks(directory: &Path) -> io::Result<()> {
    let mark = c"trusted.overlay.understudy";
    rustix::fs::setxattr(directory, mark, b"y", XattrFlags::empty())?;
    Ok(rustix::fs::removexattr(directory, mark)?)
}

fn held(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn name(directory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", directory.as_raw_fd())
}

/// Adds what the kernel says of its own accord: an error's number alone is little.
fn explained(context: &OwnedFd, error: io::Error) -> io::Error {
    let mut said = [0; 512];
    let Ok(length) = rustix::io::read(context, &mut said) else {
        return error;
    };
    let words = String::from_utf8_lossy(said.get(..length).unwrap_or_default());
    let words = words.trim().trim_start_matches("e ").to_owned();
    io::Error::new(error.kind(), format!("{words} ({error})"))
}
