//! One overlay: directories that are only read, and one that takes every write.

use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use super::mount::{self, Writes};
use super::tree::Tree;

/// What every overlay of a build has. With `redirect_dir`, a directory of a lower layer is renamed as on any file system;
/// without `metacopy`, whatever is in the upper layer is there whole; `index` would refuse a layer that another mount has.
pub(super) const FEATURES: [(&str, &str); 3] = [
    ("redirect_dir", "on"),
    ("metacopy", "off"),
    ("index", "off"),
];
/// The kernel takes one page of options.
const LONGEST_OPTIONS: usize = 4000;

/// An overlay of a build, in a directory of its own.
#[derive(Debug, Clone)]
pub struct Layers {
    place: PathBuf,
    /// The first is on top.
    lower: Vec<PathBuf>,
}

impl Layers {
    /// Makes the directory `place` with an empty upper layer. There are no lower ones yet.
    pub fn make(place: &Path) -> io::Result<Self> {
        let layers = Self {
            place: place.to_owned(),
            lower: Vec::new(),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(place)?;
        for part in [layers.upper(), layers.work()] {
            DirBuilder::new().mode(0o755).create(part)?;
        }
        Ok(layers)
    }

    /// Puts a directory above the lower layers that are there.
    pub fn cover(&mut self, directory: PathBuf) {
        self.lower.insert(0, directory);
    }

    /// Takes the topmost lower layer away.
    pub fn uncover(&mut self) {
        if !self.lower.is_empty() {
            self.lower.remove(0);
        }
    }

    /// What is written goes here.
    pub fn upper(&self) -> PathBuf {
        self.place.join("upper")
    }

    fn work(&self) -> PathBuf {
        self.place.join("work")
    }

    /// A place for what else belongs to this overlay.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Shows what the lower layers come to, if there are any.
    pub fn below_any(&self) -> io::Result<Option<Tree>> {
        if self.lower.is_empty() {
            return Ok(None);
        }
        self.below().map(Some)
    }

    /// Shows what the lower layers come to, to be read.
    pub fn below(&self) -> io::Result<Tree> {
        match self.lower.as_slice() {
            [] => Tree::open(&self.upper()),
            [only] => Tree::open(only),
            all => {
                let all: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
                Ok(Tree::of_mount(mount::overlay(&all, None)?))
            }
        }
    }

    /// Shows the whole: what is below, and what was written. Written to, it writes to the upper layer, so that nobody else
    /// may have that mounted any more.
    pub fn whole(&self) -> io::Result<Tree> {
        let empty = self.place.join("empty");
        let mut lower: Vec<&Path> = self.lower.iter().map(PathBuf::as_path).collect();
        if lower.is_empty() {
            fs::create_dir_all(&empty)?;
            lower.push(&empty);
        }
        let (upper, work) = (self.upper(), self.work());
        let writes = Writes {
            upper: &upper,
            work: &work,
        };
        Ok(Tree::of_mount(mount::overlay(&lower, Some(writes))?))
    }

    /// Says why this machine cannot mount it, if it cannot.
    pub fn probe(&self) -> io::Result<()> {
        mount::keeps_marks(&self.upper())?;
        self.whole().map(drop)
    }

    /// Returns the options with which the engine mounts it, as `mount -o` has them. The layers are named by short links in
    /// this overlay's place, so that neither their number nor their names can make the options unfit.
    pub fn options(&self) -> io::Result<String> {
        let links = self.place.join("lower");
        match fs::remove_dir_all(&links) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir(&links)?;
        let empty = vec![self.place.join("empty")];
        let lower = if self.lower.is_empty() {
            fs::create_dir_all(self.place.join("empty"))?;
            &empty
        } else {
            &self.lower
        };
        let mut names = Vec::new();
        for (index, directory) in lower.iter().enumerate() {
            let link = links.join(index.to_string());
            symlink(directory, &link)?;
            names.push(escaped(&link, &[':', ','])?);
        }
        let mut options = vec![
            format!("lowerdir={}", names.join(":")),
            format!("upperdir={}", escaped(&self.upper(), &[','])?),
            format!("workdir={}", escaped(&self.work(), &[','])?),
        ];
        options.extend(FEATURES.map(|(key, value)| format!("{key}={value}")));
        let options = options.join(",");
        if options.len() > LONGEST_OPTIONS {
            return Err(unfit("the path of the state directory is too long"));
        }
        Ok(options)
    }
}

/// Writes a path as overlay's options have it.
fn escaped(path: &Path, special: &[char]) -> io::Result<String> {
    let Some(text) = path.to_str() else {
        return Err(unfit("the path of the state directory is not UTF-8"));
    };
    if CString::new(text).is_err() || text.contains('"') {
        return Err(unfit(
            "the path of the state directory has a quotation mark",
        ));
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || special.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Ok(escaped)
}

fn unfit(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
