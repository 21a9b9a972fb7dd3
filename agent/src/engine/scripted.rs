//! The test double: an engine that does what a test says, in the words of the driver.
//!
//! It is for the rules of `run`, never for claims about Docker. What the driver would write is given as text; the mark
//! of command 7 is written as `<7>` in the log.

use std::fs::File;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::spec::{
    BuildSaid, Builder, ContainerId, ContainerSpec, Exit, ImageBuild, ImageFacts, Machine,
    NetworkSpec, Platform, PullProgress, Root, Signal,
};
use super::{ContainerEngine, EngineError};
use crate::model::Credentials;

/// A call that can be told to fail or to hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Probe,
    Image,
    Pull,
    Create,
    Start,
    Wait,
    Remove,
}

/// What the engine does.
#[derive(Debug)]
pub(crate) struct Scripted {
    /// Whether it has the image.
    pub(crate) has_image: bool,
    /// The image's catalogue of runtimes.
    pub(crate) catalogue: Option<String>,
    /// The driver's journal, written when the container starts.
    pub(crate) journal: String,
    /// The log, written when the container starts.
    pub(crate) log: String,
    /// How the main process ends.
    pub(crate) exit: Exit,
    /// What it said on its own standard error.
    pub(crate) last_words: String,
    /// This call fails.
    pub(crate) fails: Option<Verb>,
    /// This call never answers.
    pub(crate) hangs: Option<Verb>,
    /// So many starts find that the network is gone.
    pub(crate) network_goes: u32,
    /// What was called; not for tests to set.
    pub(crate) calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
pub(crate) struct Calls {
    removed: u32,
    networks_made: u32,
    starts: u32,
    signals: Vec<Signal>,
    record: Option<PathBuf>,
    mark: String,
}

impl Default for Scripted {
    /// An engine on which every build of one empty program succeeds.
    fn default() -> Self {
        Self {
            has_image: true,
            catalogue: None,
            journal: PHASES.into(),
            log: String::new(),
            exit: Exit {
                status: 0,
                out_of_memory: false,
            },
            last_words: String::new(),
            fails: None,
            hangs: None,
            network_goes: 0,
            calls: Mutex::default(),
        }
    }
}

/// What the driver writes for a program without commands.
pub(crate) const PHASES: &str = "B 1\nP DOWNLOAD_SOURCE\nQ DOWNLOAD_SOURCE\nP INSTALL\nQ INSTALL\nP PRE_BUILD\nQ PRE_BUILD\nP BUILD\nQ BUILD\nP POST_BUILD\nQ POST_BUILD\nX\n";

impl Scripted {
    /// Returns how often the container was removed.
    pub(crate) fn removed(&self) -> u32 {
        self.calls.lock().unwrap().removed
    }

    /// Returns what the container's processes were sent.
    pub(crate) fn signals(&self) -> Vec<Signal> {
        self.calls.lock().unwrap().signals.clone()
    }

    /// Returns how often a network was made.
    pub(crate) fn networks_made(&self) -> u32 {
        self.calls.lock().unwrap().networks_made
    }

    /// Names where the driver would write, for a test that makes no container.
    pub(crate) fn recording_in(&self, record: &Path) {
        self.calls.lock().unwrap().record = Some(record.to_owned());
    }

    async fn answer(&self, verb: Verb) -> Result<(), EngineError> {
        if self.hangs == Some(verb) {
            pending::<()>().await;
        }
        if self.fails == Some(verb) {
            return Err(EngineError::Call {
                action: format!("{verb:?}"),
                reason: "as told".into(),
            });
        }
        Ok(())
    }

    /// `<7>` becomes the mark of command 7.
    fn marked(&self, mark: &str) -> String {
        let mut text = String::new();
        for piece in self.log.split_inclusive('>') {
            match piece.rsplit_once('<') {
                Some((before, number)) if number.trim_end_matches('>').parse::<u32>().is_ok() => {
                    let number = number.trim_end_matches('>');
                    text.extend([before, "\u{1b}]5379;", mark, ";", number, "\u{7}"]);
                }
                _ => text.push_str(piece),
            }
        }
        text
    }
}

impl ContainerEngine for Scripted {
    async fn probe(&self) -> Result<(), EngineError> {
        if self.fails == Some(Verb::Probe) {
            let (address, reason) = ("nowhere".into(), "as told".into());
            return Err(EngineError::Unreachable { address, reason });
        }
        self.answer(Verb::Probe).await
    }

    async fn image(&self, _name: &str) -> Result<Option<ImageFacts>, EngineError> {
        self.answer(Verb::Image).await?;
        Ok(self.has_image.then(|| ImageFacts {
            id: "sha256:scripted".into(),
            platform: Platform::own(),
            digests: Vec::new(),
        }))
    }

    async fn machine(&self) -> Result<Machine, EngineError> {
        Ok(Machine {
            version: String::new(),
            system: String::new(),
            root: Root::Rootless,
            platform: Platform::own(),
            cpus: 2,
            memory: 4 << 30,
            builder: Builder::Classic,
            insecure_registries: Vec::new(),
        })
    }

    async fn pull(
        &self,
        name: &str,
        _: Option<&Credentials>,
        _: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        self.answer(Verb::Pull).await?;
        Err(EngineError::ImageNotFound {
            image: name.into(),
            reason: "as told".into(),
        })
    }

    async fn make_network(&self, _spec: &NetworkSpec) -> Result<(), EngineError> {
        self.calls.lock().unwrap().networks_made += 1;
        Ok(())
    }

    async fn remove_network(&self, _name: &str) -> Result<(), EngineError> {
        Ok(())
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        self.answer(Verb::Create).await?;
        let mut calls = self.calls.lock().unwrap();
        let record = spec
            .mounts
            .iter()
            .find(|mount| mount.container == "/codebuild/understudy");
        calls.record = record.map(|mount| mount.host.clone());
        calls.mark = spec.command.get(2).cloned().unwrap_or_default();
        Ok(ContainerId(spec.name.clone()))
    }

    async fn read_file(
        &self,
        _container: &ContainerId,
        _path: &str,
        _limit: u64,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.catalogue.clone().map(String::into_bytes))
    }

    async fn has_file(&self, _container: &ContainerId, _path: &str) -> Result<bool, EngineError> {
        Ok(false)
    }

    async fn users_of_volume(&self, _volume: &str) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    async fn copy_out(
        &self,
        _container: &ContainerId,
        _path: &str,
        _into: &mut File,
        _limit: u64,
    ) -> Result<(), EngineError> {
        Ok(())
    }

    async fn place_of_mount(
        &self,
        _container: &ContainerId,
        _path: &str,
    ) -> Result<Option<PathBuf>, EngineError> {
        Ok(None)
    }

    async fn memory_ran_out(
        &self,
        _container: &ContainerId,
        _since: Timestamp,
        _patience: Duration,
    ) -> Result<bool, EngineError> {
        Ok(self.exit.out_of_memory)
    }

    async fn start(&self, _container: &ContainerId) -> Result<(), EngineError> {
        self.answer(Verb::Start).await?;
        let mut calls = self.calls.lock().unwrap();
        calls.starts += 1;
        if calls.starts <= self.network_goes {
            let reason = "as told".into();
            return Err(EngineError::NetworkGone { reason });
        }
        let record = calls.record.as_ref().unwrap();
        std::fs::write(record.join("log"), self.marked(&calls.mark)).unwrap();
        std::fs::write(record.join("journal"), &self.journal).unwrap();
        Ok(())
    }

    async fn wait(&self, _container: &ContainerId) -> Result<Exit, EngineError> {
        self.answer(Verb::Wait).await?;
        Ok(self.exit)
    }

    async fn signal(&self, _container: &ContainerId, signal: Signal) -> Result<(), EngineError> {
        self.calls.lock().unwrap().signals.push(signal);
        Ok(())
    }

    async fn last_words(&self, _container: &ContainerId) -> Result<String, EngineError> {
        Ok(self.last_words.clone())
    }

    async fn remove(&self, _container: &ContainerId) -> Result<(), EngineError> {
        self.calls.lock().unwrap().removed += 1;
        self.answer(Verb::Remove).await
    }

    async fn build(
        &self,
        build: ImageBuild,
        _on_said: &mut (dyn FnMut(BuildSaid) + Send),
    ) -> Result<String, EngineError> {
        Err(EngineError::Build {
            image: build.name,
            reason: "not scripted".into(),
        })
    }

    async fn untag(&self, _name: &str) -> Result<(), EngineError> {
        Ok(())
    }

    async fn push(
        &self,
        _id: &str,
        repository: &str,
        _tag: &str,
        _credentials: Option<&Credentials>,
    ) -> Result<String, EngineError> {
        Err(EngineError::Push {
            image: repository.into(),
            reason: "not scripted".into(),
        })
    }
}
