//! A build that is watched, and interfered with, while it runs.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{Run, Running, Told, docker};

/// Nothing that a test waits for takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A build that runs with `-o json`. When a test fails, the program and its container end with it.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    run: &'a Run,
    running: Option<Running<'a>>,
    lines: Receiver<String>,
    events: Vec<Value>,
}

impl<'a> Live<'a> {
    /// Starts a build.
    pub(crate) fn start(run: &'a Run) -> Self {
        let mut running = run.start();
        let stdout = running.child.stdout.take().unwrap();
        let (tell, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if tell.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self {
            run,
            running: Some(running),
            lines,
            events: Vec::new(),
        }
    }

    /// Reads on to an event that fits.
    #[track_caller]
    pub(crate) fn until(&mut self, fits: impl Fn(&Value) -> bool) {
        while let Some(event) = self.read() {
            if fits(&event) {
                return;
            }
        }
        panic!("the build ended before it came to that: {:#?}", self.events);
    }

    /// Reads on to a phase's start.
    #[track_caller]
    pub(crate) fn until_phase(&mut self, phase: &str) {
        self.until(|event| event["type"] == "phaseStarted" && event["phase"] == phase);
    }

    /// Reads on to output that contains a text.
    #[track_caller]
    pub(crate) fn until_output(&mut self, text: &str) {
        self.until(|event| {
            event["type"] == "output" && event["text"].as_str().unwrap().contains(text)
        });
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Stops the program's process, as a debugger or a busy machine does.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        poll("the program stands still", || self.is_frozen());
    }

    /// Returns whether the program's process is stopped.
    pub(crate) fn is_frozen(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Returns a part of the build's directory, such as `src`.
    #[track_caller]
    pub(crate) fn directory(&self, part: &str) -> PathBuf {
        self.try_directory(part).expect("the build has a directory")
    }

    /// Returns a part of the build's directory, where it has one by now.
    pub(crate) fn try_directory(&self, part: &str) -> Option<PathBuf> {
        let mut builds = std::fs::read_dir(self.run.home().join("builds")).ok()?;
        Some(builds.next()?.unwrap().path().join(part))
    }

    /// Returns where something is that the build has written below its source, on either workspace.
    pub(crate) fn written(&self, path: &str) -> PathBuf {
        let layered = self.try_directory("overlays/src/upper");
        layered.filter(|upper| upper.exists()).map_or_else(
            || self.try_directory("src").unwrap_or_default().join(path),
            |upper| upper.join(path),
        )
    }

    /// Makes an empty file in the source as the running build has it. Only the container may write there: what lies below
    /// a mount is not to be changed.
    #[track_caller]
    pub(crate) fn touch(&self, name: &str) {
        let build = self.directory("");
        let name = format!("\"$CODEBUILD_SRC_DIR/{name}\"");
        let uuid = build.file_name().unwrap().to_string_lossy();
        let container = format!("understudy-{uuid}");
        docker(&["exec", &container, "sh", "-c", &format!(": >{name}")]);
    }

    /// Gives the program a moment to end, which it may use or not.
    pub(crate) fn may_end_within(&mut self, moment: Duration) {
        let start = Instant::now();
        let child = &mut self.running.as_mut().unwrap().child;
        while child.try_wait().unwrap().is_none() && start.elapsed() < moment {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads to the end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Told {
        while self.read().is_some() {}
        let outcome = self.running.take().unwrap().wait();
        Told::with(outcome, std::mem::take(&mut self.events))
    }

    fn pid(&self) -> Pid {
        let child = &self.running.as_ref().unwrap().child;
        Pid::from_raw(child.id().try_into().unwrap())
    }

    #[track_caller]
    fn read(&mut self) -> Option<Value> {
        let line = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                panic!(
                    "nothing was told for {PATIENCE:?} after {:#?}",
                    self.events.last()
                )
            }
        };
        let event: Value = serde_json::from_str(&line).unwrap();
        self.events.push(event.clone());
        Some(event)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        // No judgement here: a panic during a panic would hide the first one.
        if let Some(running) = &mut self.running {
            let _killed = running.child.kill();
            let _reaped = running.child.wait();
        } else if !thread::panicking() {
            return;
        }
        let builds = std::fs::read_dir(self.run.home().join("builds"));
        for build in builds.into_iter().flatten().flatten() {
            let container = format!("understudy-{}", build.file_name().to_string_lossy());
            let _gone = Command::new("docker")
                .args(["rm", "-f", &container])
                .output();
        }
    }
}

/// Waits until something is so that no event tells.
#[track_caller]
pub(crate) fn poll(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
