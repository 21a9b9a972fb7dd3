//! Mounting images and taking them away again.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::mount::{MntFlags, umount2};

/// Mounts an image, read-only, at an empty directory. Says why not where this is not allowed.
#[expect(
    clippy::disallowed_methods,
    reason = "the calls for loop devices are unsafe; the program makes them"
)]
pub(crate) fn mount(image: &Path, at: &Path) -> io::Result<()> {
    // `mount` finds a free loop device and has it go away with the mount.
    let output = Command::new("mount")
        .args(["-t", "squashfs", "-o", "ro,nosuid,nodev,loop"])
        .args([image, at])
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .next()
        .unwrap_or("mount failed and said nothing");
    Err(io::Error::other(line.to_owned()))
}

/// Takes a mount away. Who still reads below it, an overlay for one, goes on reading.
pub(crate) fn unmount(at: &Path) -> io::Result<()> {
    Ok(umount2(
        at,
        MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW,
    )?)
}

/// Says whether something is mounted at a directory.
pub(crate) fn is_mounted(at: &Path) -> io::Result<bool> {
    let above = at.parent().unwrap_or(at);
    Ok(fs::symlink_metadata(at)?.dev() != fs::symlink_metadata(above)?.dev())
}

/// Returns where something is mounted below a directory.
pub(crate) fn mounts_below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = fs::canonicalize(directory)?;
    let table = fs::read("/proc/self/mountinfo")?;
    let lines = table.split(|byte| *byte == b'\n');
    let places = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let places = places.map(|place| PathBuf::from(std::ffi::OsString::from_vec(unescape(place))));
    Ok(places
        .filter(|place| place.starts_with(&directory))
        .collect())
}

/// The kernel writes blanks and backslashes as octal numbers.
fn unescape(place: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(place.len());
    let mut rest = place;
    while let [byte, later @ ..] = rest {
        let number = match rest {
            [b'\\', a, b, c, ..] => std::str::from_utf8(&[*a, *b, *c])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 8).ok()),
            _ => None,
        };
        plain.push(number.unwrap_or(*byte));
        rest = if number.is_some() {
            rest.get(4..).unwrap_or_default()
        } else {
            later
        };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_the_kernel_writes_them() {
        assert_eq!(unescape(br"/a\040b\134c/d"), br"/a b\c/d");
        assert_eq!(unescape(br"/a\9"), br"/a\9");
    }
}
