//! The shells that a build's commands run on, and tests that run once on each.

use serde_json::{Value, json};

use super::{Run, Told, dev};

/// A shell, with an image that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// `sh` as on Debian and Ubuntu.
    Dash,
    /// `sh` as on Alpine: busybox.
    Ash,
    /// What `env.shell: bash` asks for.
    Bash,
}

impl Shell {
    /// Runs commands in BUILD, to a successful end.
    #[track_caller]
    pub(crate) fn succeeds(self, commands: &[&str]) -> Told {
        self.build(&json!({ "build": { "commands": commands } }))
            .ended(0)
    }

    /// Runs commands in BUILD, the last of which fails the build.
    #[track_caller]
    pub(crate) fn fails(self, commands: &[&str]) -> Told {
        let told = self
            .build(&json!({ "build": { "commands": commands } }))
            .ended(1);
        assert_eq!(
            told.commands().len(),
            commands.len(),
            "another command failed: {told:?}"
        );
        told
    }

    /// Runs phases to their end, whatever that is.
    pub(crate) fn build(self, phases: &Value) -> Told {
        Told::of(self.spec(json!({ "phases": phases })).run())
    }

    /// Returns a build of a buildspec; `version` and `env.shell` are filled in where they are not given.
    pub(crate) fn spec(self, mut document: Value) -> Run {
        if document["version"].is_null() {
            document["version"] = json!(0.2);
        }
        if self == Self::Bash {
            document["env"]["shell"] = json!("bash");
        }
        let image = match self {
            Self::Ash => "UNDERSTUDY_DEV_BUSYBOX",
            Self::Dash | Self::Bash => "UNDERSTUDY_DEV_IMAGE",
        };
        // JSON is YAML, and spares the tests a second layer of quotes.
        let run = Run::new()
            .image(&dev(image))
            .buildspec(&document.to_string());
        run.arg("-o").arg("json")
    }

    /// Returns how this shell says that something is the matter in the first line of a command (reference §2.2).
    pub(crate) fn first_line(self) -> &'static str {
        match self {
            Self::Dash => "/codebuild/output/tmp/script.sh: 4: ",
            Self::Ash | Self::Bash => "/codebuild/output/tmp/script.sh: line 4: ",
        }
    }
}

/// Makes one test a shell of each function that takes a [`Shell`].
macro_rules! on_every_shell {
    ($($test:ident)*) => {
        crate::support::on_every_driver! { $($test)* }
        mod bash {
            $(#[test] fn $test() { super::$test(crate::support::Shell::Bash); })*
        }
    };
}

/// The same, where only the `sh` that the driver runs on matters.
macro_rules! on_every_driver {
    ($($test:ident)*) => {
        mod dash {
            $(#[test] fn $test() { super::$test(crate::support::Shell::Dash); })*
        }
        mod ash {
            $(#[test] fn $test() { super::$test(crate::support::Shell::Ash); })*
        }
    };
}

pub(crate) use {on_every_driver, on_every_shell};
