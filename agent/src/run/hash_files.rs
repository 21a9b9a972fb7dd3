//! What `codebuild-hash-files` prints of a source, without a shell: the same hash as the tool in `plan/tools`.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::workspace::{Kind, Tree};

/// Returns what the tool prints for these globs, without the line end; `None` where it may print something else than is
/// found here: for globs of which shells have ideas of their own, and for links, which lead elsewhere in a container.
pub(super) fn hash_files(tree: &Tree, globs: &[String]) -> Option<String> {
    let globs: Vec<Vec<&str>> = globs
        .iter()
        .map(|glob| parts(glob))
        .collect::<Option<_>>()?;
    if globs.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for entry in tree.walk(Path::new("")) {
        if entry.kind == Kind::Directory {
            continue;
        }
        let path: Vec<&OsStr> = entry.path.iter().collect();
        if globs.iter().any(|glob| fits(glob, &path)) {
            if entry.kind == Kind::Link {
                return None;
            }
            found.push(entry.path);
        }
    }
    // In each directory, names that begin with a dot come last.
    let place = |path: &Path| -> Vec<(u8, Vec<u8>)> {
        let names = path.iter().map(OsStr::as_bytes);
        names
            .map(|name| {
                let group = match name {
                    [b'.', b'.', ..] => 2,
                    [b'.', ..] => 1,
                    _ => 0,
                };
                (group, name.to_vec())
            })
            .collect()
    };
    found.sort_by_cached_key(|path| place(path));
    if found.is_empty() {
        return Some(String::new());
    }
    let mut hashes = String::new();
    for path in found {
        hashes.push_str(&hash_of(tree, &path).ok()?);
        hashes.push('\n');
    }
    Some(hexadecimal(Sha256::digest(hashes.as_bytes()).as_slice()))
}

/// The names of a glob, if it means the same to every shell.
fn parts(glob: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = glob.split('/').collect();
    let simple = |part: &&str| {
        let part = *part;
        let stars = !part.contains("**") || part == "**";
        let known = |it: char| it.is_ascii_alphanumeric() || "_.-*@+ ".contains(it);
        stars && !matches!(part, "" | "." | "..") && part.chars().all(known)
    };
    parts.iter().all(simple).then_some(parts)
}

fn fits(glob: &[&str], path: &[&OsStr]) -> bool {
    match (glob, path) {
        ([], []) => true,
        (["**"], [_, ..]) => true,
        (["**", rest @ ..], [_, below @ ..]) => fits(rest, path) || fits(glob, below),
        ([part, rest @ ..], [name, below @ ..]) => {
            fits_name(part.as_bytes(), name.as_bytes()) && fits(rest, below)
        }
        _ => false,
    }
}

fn fits_name(part: &[u8], name: &[u8]) -> bool {
    match (part, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            fits_name(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, it)| fits_name(part, it))
        }
        ([one, rest @ ..], [other, below @ ..]) => one == other && fits_name(rest, below),
        _ => false,
    }
}

fn hash_of(tree: &Tree, path: &Path) -> io::Result<String> {
    let mut file = tree.file(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 128 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hexadecimal(hasher.finalize().as_slice())),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}
