//! A build as a sentence: `Run::new().buildspec("…").arg("--timeout").arg("1").run()`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::outcome::Outcome;
use super::root::Root;
use super::setup::{dev, program};

/// A build to be run, in directories of its own.
#[derive(Debug)]
pub(crate) struct Run {
    /// Holds everything; gone with the test.
    pub(crate) root: Root,
    /// Whether SOURCE is typed, or the project is to say it.
    typed: bool,
    source: PathBuf,
    image: Option<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// What starts the program, as `env` or `unshare` does; empty for the program itself.
    wrapper: Vec<String>,
    input: Option<String>,
    home: PathBuf,
    /// What is typed behind `--artifacts`, if it is.
    artifacts: Option<PathBuf>,
    result: PathBuf,
}

impl Run {
    /// A build of an empty directory on the busybox image.
    pub(crate) fn new() -> Self {
        let root = Root::new();
        let source = root.path().join("source");
        fs::create_dir(&source).unwrap();
        let image = Some(dev("UNDERSTUDY_DEV_BUSYBOX"));
        let [home, artifacts, result] =
            ["home", "artifacts", "result.json"].map(|name| root.path().join(name));
        Self {
            root,
            typed: true,
            source,
            image,
            arguments: Vec::new(),
            environment: Vec::new(),
            wrapper: Vec::new(),
            input: None,
            home,
            artifacts: Some(artifacts),
            result,
        }
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
        Self {
            source: source.to_owned(),
            ..self
        }
    }

    /// Types no SOURCE.
    pub(crate) fn no_source(self) -> Self {
        Self {
            typed: false,
            ..self
        }
    }

    /// Runs on another image.
    pub(crate) fn image(self, image: &str) -> Self {
        Self {
            image: Some(image.to_owned()),
            ..self
        }
    }

    /// Gives no `-i`.
    pub(crate) fn no_image(self) -> Self {
        Self {
            image: None,
            ..self
        }
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

    /// Starts the program by another one, such as `setpriv`, which gets it as its last arguments.
    pub(crate) fn under(self, wrapper: &[&str]) -> Self {
        let wrapper = wrapper.iter().map(ToString::to_string).collect();
        Self { wrapper, ..self }
    }

    /// Gives the program a standard input; without it, there is none.
    pub(crate) fn stdin(self, text: &str) -> Self {
        Self {
            input: Some(text.to_owned()),
            ..self
        }
    }

    /// Keeps builds and caches elsewhere than in the test's own directory.
    pub(crate) fn home_at(self, home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            ..self
        }
    }

    /// Asks for artifacts elsewhere.
    pub(crate) fn artifacts_at(self, artifacts: &Path) -> Self {
        Self {
            artifacts: Some(artifacts.to_owned()),
            ..self
        }
    }

    /// Does not say where artifacts go.
    pub(crate) fn no_artifacts(self) -> Self {
        Self {
            artifacts: None,
            ..self
        }
    }

    /// Asks for the result elsewhere.
    pub(crate) fn result_at(self, result: &Path) -> Self {
        Self {
            result: result.to_owned(),
            ..self
        }
    }

    /// Where the program keeps builds and caches.
    pub(crate) fn home(&self) -> PathBuf {
        self.home.clone()
    }

    /// Where artifacts go.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.artifacts.clone().expect("the test says where")
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
        let result = self.result.clone();
        // A result of an earlier run must not be taken for this one's.
        if result.is_file() {
            fs::remove_file(&result).unwrap();
        }
        let mut command = match self.wrapper.split_first() {
            None => Command::new(program()),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program());
                command
            }
        };
        command.arg("run");
        if self.typed {
            command.arg(&self.source);
        }
        command.arg("--result").arg(&result);
        if let Some(artifacts) = &self.artifacts {
            command.arg("--artifacts").arg(artifacts);
        }
        if let Some(image) = &self.image {
            command.arg("-i").arg(image);
        }
        command.args(&self.arguments);
        // The caller's own settings must not change what a test sees.
        for name in [
            "DOCKER_HOST",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_S3",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "NO_COLOR",
        ] {
            command.env_remove(name);
        }
        command
            .env("UNDERSTUDY_HOME", self.home())
            .env("USER", "tester");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let stdin = match &self.input {
            None => Stdio::null(),
            Some(text) => {
                let path = self.root.path().join("stdin");
                fs::write(&path, text).unwrap();
                Stdio::from(fs::File::open(path).unwrap())
            }
        };
        let child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Running {
            run: self,
            child: child.unwrap(),
            result,
        }
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
