//! What a build came to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A finished build.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The program's exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// What `--result` wrote; null when nothing.
    pub(crate) result: Value,
    builds: PathBuf,
}

impl Outcome {
    pub(super) fn new(output: &Output, result: &Path, home: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let result = fs::read_to_string(result)
            .map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            result,
            builds: home.join("builds"),
        }
    }

    /// Checks the exit code and that nothing of the build is left at the engine.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self.left_nothing()
    }

    /// Checks that a line was printed, whole.
    #[track_caller]
    pub(crate) fn says(&self, line: &str) {
        let out = &self.stdout;
        assert!(out.contains(&format!("\n{line}\n")), "no `{line}`:\n{out}");
    }

    /// Checks that no container, network or volume of these builds is left.
    #[track_caller]
    pub(crate) fn left_nothing(self) -> Self {
        for build in self.builds() {
            let uuid = build.file_name().unwrap().to_string_lossy();
            for (label, kind) in ["understudy.build", "understudy.lent"]
                .iter()
                .flat_map(|label| {
                    [["ps", "-aq"], ["network", "-q"], ["volume", "-q"]].map(|kind| (label, kind))
                })
            {
                let label = format!("label={label}={uuid}");
                let mut command = Command::new("docker");
                match kind {
                    ["ps", flag] => command.args(["ps", flag]),
                    [kind, flag] => command.args([kind, "ls", flag]),
                };
                let output = command.args(["--filter", &label]).output().unwrap();
                assert!(
                    output.status.success(),
                    "docker does not answer; run `make up`"
                );
                assert_eq!(
                    String::from_utf8_lossy(&output.stdout),
                    "",
                    "left at the engine: {kind:?}"
                );
            }
        }
        self
    }

    /// Returns the directories of the builds that ran in this home.
    pub(crate) fn builds(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.builds) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Returns name and status of every phase, as `NAME STATUS`; `COMPLETED` has no status.
    pub(crate) fn phases(&self) -> Vec<String> {
        let phases = self.result["phases"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        phases
            .iter()
            .map(|phase| {
                let text = |field: &str| phase[field].as_str().unwrap_or_default().to_owned();
                format!("{} {}", text("phaseType"), text("phaseStatus"))
                    .trim()
                    .to_owned()
            })
            .collect()
    }

    /// Returns the first context of a phase: code and message.
    pub(crate) fn context(&self, phase: &str) -> (String, String) {
        let phases = self.result["phases"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let phase = phases
            .iter()
            .find(|found| found["phaseType"] == phase)
            .cloned()
            .unwrap_or_default();
        let text = |field: &str| {
            phase["contexts"][0][field]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        (text("statusCode"), text("message"))
    }
}
