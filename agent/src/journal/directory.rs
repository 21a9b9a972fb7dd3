//! One build's directory.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::JournalError;
use super::state::private_directory;

/// The parts of a build's directory. Those that are mounted into the container are named for what they are there.
#[derive(Debug, Clone)]
pub struct BuildDirectory {
    root: PathBuf,
    /// Where the primary source lies among the sources.
    primary: PathBuf,
    /// Locked while the process that made the directory keeps it: others see by it whether the build is looked after.
    _lock: Option<Arc<File>>,
}

impl BuildDirectory {
    /// Makes the directory and its parts; `primary` is where the primary source lies among the sources.
    pub fn create(root: &Path, primary: &Path) -> Result<Self, JournalError> {
        private_directory(root)?;
        let lock = Self::at(root).lock();
        let locked = File::create_new(&lock).and_then(|mut file| {
            file.lock()?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        });
        let file = locked.map_err(JournalError::new("lock", &lock))?;
        let directory = Self {
            root: root.to_owned(),
            primary: primary.to_owned(),
            _lock: Some(Arc::new(file)),
        };
        for part in [directory.readonly(), directory.tools(), directory.sources()] {
            make(&part, 0o755)?;
        }
        // A command may run as another user one day, and its epilogue must be able to save its state.
        let answers = ["early", "values"].map(|name| directory.record().join(name));
        for part in [directory.tmp(), directory.record()]
            .into_iter()
            .chain(answers)
        {
            make(&part, 0o777)?;
        }
        // They exist before the build does, so that whoever opens them then has these files and no others.
        for file in ["journal", "log"] {
            let path = directory.record().join(file);
            let made = File::create_new(&path)
                .and_then(|file| file.set_permissions(fs::Permissions::from_mode(0o666)));
            made.map_err(JournalError::new("make", &path))?;
        }
        Ok(directory)
    }

    /// Returns the directory of a build that another process runs or ran; where its primary source lies is not known.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            primary: PathBuf::new(),
            _lock: None,
        }
    }

    /// The file that the process which runs the build keeps locked; its content is that process's id.
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `/codebuild/readonly` in the container.
    pub fn readonly(&self) -> PathBuf {
        self.root.join("readonly")
    }

    /// `/codebuild/user/bin` in the container.
    pub fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    /// `/codebuild/output/tmp` in the container.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// `/codebuild/understudy` in the container.
    pub fn record(&self) -> PathBuf {
        self.root.join("record")
    }

    /// The directory of all sources.
    pub fn sources(&self) -> PathBuf {
        self.root.join("src")
    }

    /// `CODEBUILD_SRC_DIR` in the container.
    pub fn source(&self) -> PathBuf {
        // Joining an empty path would leave a slash at the end.
        if self.primary.as_os_str().is_empty() {
            return self.sources();
        }
        self.sources().join(&self.primary)
    }

    /// The overlays of the workspace, where it has any, and what an image has where a cache is kept.
    pub fn overlays(&self) -> PathBuf {
        self.root.join("overlays")
    }

    /// What containers that a build made have mounted of its files.
    pub fn lent(&self) -> PathBuf {
        self.root.join("lent")
    }

    /// `/codebuild/layers/new` in the container; only there where layers are kept.
    pub fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// Artifacts for which the caller named no place.
    pub fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// Artifacts on their way to S3, each in a directory of its own until all of it has arrived.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The events, one JSON object a line.
    pub fn events(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    /// Returns who owns the directory, `uid:gid`; `None` when it is root, who needs nobody's leave.
    pub fn owner(&self) -> Option<String> {
        let metadata = fs::metadata(&self.root).ok()?;
        (metadata.uid() != 0).then(|| format!("{}:{}", metadata.uid(), metadata.gid()))
    }

    /// Writes a file for the container to read.
    pub fn write_readonly(&self, name: &str, content: &str) -> Result<(), JournalError> {
        let path = self.readonly().join(name);
        fs::write(&path, content).map_err(JournalError::new("write", &path))
    }

    /// Writes the variables that the driver takes over. It empties the file, so it must be able to write it, also as
    /// root of another mapping; nobody else can come here on this machine, and in the container nobody runs before it.
    pub fn write_given(&self, content: &str) -> Result<(), JournalError> {
        let path = self.tmp().join("given.sh");
        let write = || {
            let mut file = File::create_new(&path)?;
            file.set_permissions(fs::Permissions::from_mode(0o666))?;
            file.write_all(content.as_bytes())
        };
        write().map_err(JournalError::new("write", &path))
    }

    /// Makes the pipe at which the driver waits for an answer to what it asked early, and holds it open.
    pub fn open_answer(&self) -> Result<File, JournalError> {
        let path = self.record().join("go");
        nix::unistd::mkfifo(
            &path,
            nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR,
        )
        .map_err(io::Error::from)
        // Both ends, so that neither opening nor writing a line waits for the driver.
        .and_then(|()| File::options().read(true).write(true).open(&path))
        .map_err(JournalError::new("make the pipe", &path))
    }

    /// Writes a program for the container to run.
    pub fn write_tool(&self, name: &str, content: &str) -> Result<(), JournalError> {
        let path = self.tools().join(name);
        fs::write(&path, content)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(JournalError::new("write", &path))
    }

    /// Makes what a build needs that somebody may hold: the pipe that it waits at, and the file that says where it is
    /// held. Builds may run their commands as any user, so that everybody can use both.
    pub fn make_holdable(&self) -> Result<(), JournalError> {
        let path = self.record().join("hold");
        let everybody = fs::Permissions::from_mode(0o666);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o666))
            .map_err(io::Error::from)
            .and_then(|()| fs::set_permissions(&path, everybody.clone()))
            .map_err(JournalError::new("make the pipe", &path))?;
        let states = ["breakpoint.dir", "breakpoint.env"].map(|name| self.tmp().join(name));
        for path in states.into_iter().chain([self.record().join("held")]) {
            File::create_new(&path)
                .and_then(|file| file.set_permissions(everybody.clone()))
                .map_err(JournalError::new("make", &path))?;
        }
        Ok(())
    }

    /// Asks the driver to end; it looks for this before and after every command.
    pub fn request_stop(&self) -> Result<(), JournalError> {
        let path = self.record().join("stop");
        // The build can write here too: what is there already is neither followed nor replaced, and is a stop as well.
        match File::create_new(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(JournalError::new("write", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// The process's umask must not decide what the container can do.
fn make(path: &Path, mode: u32) -> Result<(), JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .map_err(JournalError::new("make the directory", path))
}
