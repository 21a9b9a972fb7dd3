//! A build as a sentence: `Run::new().buildspec("…").arg("--timeout").arg("1").run()`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::outcome::Outcome;
use super::setup::{dev, program};

/// A build to be run, in directories of its own.
#[derive(Debug)]
pub(crate) struct Run {
    /// Holds everything; gone with the test.
    pub(crate) root: TempDir,
    source: PathBuf,
    image: Option<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Run {
    /// A build of an empty directory on the busybox image.
    pub(crate) fn new() -> Self {
        let root = TempDir::new().unwrap();
        let source = root.path().join("source");
        fs::create_dir(&source).unwrap();
        let image = Some(dev("UNDERSTUDY_DEV_BUSYBOX"));
        Self { root, source, image, arguments: Vec::new(), environment: Vec::new() }
    }

    /// Puts a file into the source.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Puts `buildspec.yml` into the source.
    pub(crate) fn buildspec(self, content: &str) -> Self {
        self.file("buildspec.yml", content)
    }

    /// Builds another directory than the test's own.
    pub(crate) fn source(self, source: &Path) -> Self {
        Self { source: source.to_owned(), ..self }
    }

    /// Runs on another image.
    pub(crate) fn image(self, image: &str) -> Self {
        Self { image: Some(image.to_owned()), ..self }
    }

    /// Gives no `-i`.
    pub(crate) fn no_image(self) -> Self {
        Self { image: None, ..self }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable of the program's own environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Where the program keeps builds and caches.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Where artifacts go.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.root.path().join("artifacts")
    }

    /// The source directory.
    pub(crate) fn source_path(&self) -> &Path {
        &self.source
    }

    /// Runs it to its end. May be called again: home, cache and artifacts stay.
    pub(crate) fn run(&self) -> Outcome {
        self.start().wait()
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Running<'_> {
        let result = self.root.path().join("result.json");
        // A result of an earlier run must not be taken for this one's.
        if result.exists() {
            fs::remove_file(&result).unwrap();
        }
        let mut command = Command::new(program());
        command.arg("run").arg(&self.source).arg("--result").arg(&result);
        command.arg("--artifacts").arg(self.artifacts());
        if let Some(image) = &self.image {
            command.arg("-i").arg(image);
        }
        command.args(&self.arguments);
        // The caller's own settings must not change what a test sees.
        for name in ["DOCKER_HOST", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("UNDERSTUDY_HOME", self.home()).env("USER", "tester");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running { run: self, child: child.unwrap(), result }
    }
}

/// A build that runs.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    run: &'a Run,
    /// The program's process.
    pub(crate) child: Child,
    result: PathBuf,
}

impl Running<'_> {
    /// Waits for the end.
    pub(crate) fn wait(self) -> Outcome {
        let output = self.child.wait_with_output().unwrap();
        Outcome::new(&output, &self.result, &self.run.home())
    }
}
