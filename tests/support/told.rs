//! A build as its events tell it: `-o json`, read back.

use std::fs;

use serde_json::Value;

use super::Outcome;

/// A finished build and its events.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<Value>,
    /// The raw log, marks included.
    pub(crate) log: Vec<u8>,
}

/// A command that ran.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) phase: String,
    pub(crate) text: String,
    /// What was told between its start and its end.
    pub(crate) output: String,
    /// `None` for a command that never ended.
    pub(crate) status: Option<i64>,
    /// Where the next command starts.
    pub(crate) directory: String,
}

impl Told {
    /// Reads the events of a build that ran with `-o json`, and checks that nothing of it is left at the engine.
    #[track_caller]
    pub(crate) fn of(outcome: Outcome) -> Self {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}"));
        let events = outcome.stdout.lines().map(read).collect();
        Self::with(outcome, events)
    }

    /// The same of events that were read already.
    #[track_caller]
    pub(super) fn with(outcome: Outcome, events: Vec<Value>) -> Self {
        let outcome = outcome.left_nothing();
        // Now: the build's directory goes with its `Run`. A build may have put anything there, a pipe for one.
        let log = outcome
            .builds()
            .first()
            .map(|build| build.join("record/log"))
            .filter(|log| fs::symlink_metadata(log).is_ok_and(|log| log.is_file()))
            .map(|log| fs::read(log).unwrap());
        Self {
            outcome,
            events,
            log: log.unwrap_or_default(),
        }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.outcome.code, code,
            "{:#?}\n{}",
            self.events, self.outcome.stderr
        );
        self
    }

    /// Returns the commands in the order in which they started.
    pub(crate) fn commands(&self) -> Vec<Ran> {
        let mut commands: Vec<Ran> = Vec::new();
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        let mut running = false;
        for event in &self.events {
            match event["type"].as_str().unwrap() {
                "commandStarted" => {
                    running = true;
                    commands.push(Ran {
                        phase: text(event, "phase"),
                        text: text(event, "text"),
                        ..Ran::default()
                    });
                }
                "output" if running => {
                    commands
                        .last_mut()
                        .unwrap()
                        .output
                        .push_str(event["text"].as_str().unwrap());
                }
                "commandFinished" => {
                    running = false;
                    let command = commands.last_mut().unwrap();
                    command.status = event["status"].as_i64();
                    command.directory = text(event, "directory");
                }
                _ => {}
            }
        }
        commands
    }

    /// Returns what each command printed.
    pub(crate) fn outputs(&self) -> Vec<String> {
        self.commands()
            .into_iter()
            .map(|command| command.output)
            .collect()
    }

    /// Returns what the last command printed.
    pub(crate) fn last(&self) -> String {
        self.outputs().pop().unwrap_or_default()
    }

    /// Returns all output, also that of no command.
    pub(crate) fn output(&self) -> String {
        self.of_type("output")
            .map(|event| event["text"].as_str().unwrap())
            .collect()
    }

    /// Returns the events of a type.
    pub(crate) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events
            .iter()
            .filter(move |event| event["type"] == kind)
    }

    /// Returns `CODEBUILD_SRC_DIR`.
    pub(crate) fn source_directory(&self) -> String {
        let ready = self
            .of_type("sourceReady")
            .next()
            .expect("the source was ready");
        ready["directory"].as_str().unwrap().to_owned()
    }

    /// Returns `buildStatus`.
    pub(crate) fn status(&self) -> &str {
        self.outcome.result["buildStatus"]
            .as_str()
            .unwrap_or_default()
    }
}
