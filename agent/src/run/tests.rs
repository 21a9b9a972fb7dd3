//! The rules of `run_build` on the scripted engine: what becomes of each kind of trouble.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Build, Interrupt, Stop, Surroundings, run_build};
use crate::engine::scripted::{PHASES, Scripted, Verb};
use crate::engine::{Exit, Signal};
use crate::images::Keychain;
use crate::journal::BuildDirectory;
use crate::model::{
    BuildEvent, BuildId, BuildRecord, BuildRequest, BuildspecPlace, CacheAccess, DockerAccess,
    EventKind, ImageCache, LentCredentials, NO_ACCOUNT, Owner, Phase, Source, SourceFiles,
    StatusCode, Verdict,
};

const NO_COMMANDS: &str = "version: 0.2\nphases:\n  build:\n    commands: []\n";

/// A build of an inline buildspec on a scripted engine.
struct Bench {
    root: TempDir,
    engine: Scripted,
    buildspec: String,
    stop: Stop,
    /// When this phase begins, time runs forward by itself whenever nothing else happens. Not earlier: git is a real
    /// process, and the clock would not wait for it.
    hurry_in: Option<Phase>,
}

impl Bench {
    fn new(engine: Scripted) -> Self {
        let root = TempDir::new().unwrap();
        std::fs::create_dir(root.path().join("source")).unwrap();
        Self {
            root,
            engine,
            buildspec: NO_COMMANDS.into(),
            stop: Stop::GoOn,
            hurry_in: None,
        }
    }

    async fn run(&self) -> (BuildRecord, Vec<BuildEvent>) {
        let root = self.root.path();
        let request = BuildRequest {
            project: "test".into(),
            cache_scope: "test".into(),
            source: Source::Directory(root.join("source")),
            secondary_sources: Vec::new(),
            source_files: SourceFiles::All,
            buildspec: BuildspecPlace::Inline(self.buildspec.clone()),
            image: "image".into(),
            registry_credential: None,
            compute_type: "BUILD_GENERAL1_SMALL".into(),
            limits: crate::model::Limits::default(),
            variables: Vec::new(),
            docker: DockerAccess::None,
            docker_allow: Vec::new(),
            docker_cache: false,
            artifacts: crate::model::ArtifactPlaces::Kept,
            reports: None,
            cache_namespace: None,
            workspace: None,
            cache: None,
            cache_bucket: None,
            cache_access: CacheAccess::ReadWrite,
            timeout: Duration::from_mins(1),
            debug: false,
            credentials: LentCredentials::None,
            images: Vec::new(),
            image_definitions: Vec::new(),
            image_cache: ImageCache::On,
            owner: Owner {
                region: "us-east-1".into(),
                account: NO_ACCOUNT.into(),
            },
            encryption_key: None,
            public_alias: None,
            initiator: "tester".into(),
        };
        let build = Build {
            request,
            id: BuildId {
                project: "test".into(),
                uuid: Uuid::nil(),
            },
            number: 1,
            directory: BuildDirectory::create(&root.join("build"), Path::new("")).unwrap(),
        };
        let keychain = Keychain::new(root.join("none"), std::ffi::OsString::new());
        let surroundings = Surroundings {
            engine: &self.engine,
            docker_address: String::new(),
            keychain: &keychain,
            trash: root.join("trash"),
        };
        let (_sender, stop) = watch::channel(self.stop);
        let mut events = Vec::new();
        let clock = || Timestamp::UNIX_EPOCH;
        let record = Box::pin(run_build(
            &build,
            &surroundings,
            Interrupt::new(stop),
            &clock,
            &mut |event| {
                if let EventKind::PhaseStarted { phase } = event.kind
                    && self.hurry_in == Some(phase)
                {
                    tokio::time::pause();
                }
                events.push(event.clone());
            },
        ))
        .await;
        (record, events)
    }
}

fn verdict(record: &BuildRecord, phase: Phase) -> Option<Verdict> {
    let found = record.phases.iter().find(|found| found.phase == phase)?;
    found.ended.map(|(_, verdict)| verdict)
}

fn entered(record: &BuildRecord) -> Vec<Phase> {
    record.phases.iter().map(|phase| phase.phase).collect()
}

#[tokio::test]
async fn a_build_walks_every_phase_and_numbers_its_events() {
    let bench = Bench::new(Scripted::default());
    let (record, events) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Succeeded));
    assert_eq!(entered(&record), Phase::ALL);
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<u64>>());
    assert!(bench.engine.removed() > 0);
    // The record is the fold of what the listener saw.
    let mut folded = BuildRecord::default();
    for event in &events {
        folded.apply(event);
    }
    assert_eq!(folded.status, record.status);
    assert_eq!(entered(&folded), entered(&record));
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_a_fault_before_anything_is_made() {
    let bench = Bench::new(Scripted {
        fails: Some(Verb::Probe),
        ..Scripted::default()
    });
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Fault));
    assert_eq!(verdict(&record, Phase::Provisioning), Some(Verdict::Fault));
    assert_eq!(verdict(&record, Phase::DownloadSource), None);
    assert_eq!(bench.engine.removed(), 0);
}

// Reference §2.9.
#[tokio::test]
async fn an_image_that_cannot_be_had_fails_provisioning_with_codebuilds_code() {
    let bench = Bench::new(Scripted {
        has_image: false,
        ..Scripted::default()
    });
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Failed));
    let context = &record.first_failure().unwrap().contexts[0];
    assert_eq!(
        context.status_code,
        StatusCode::BuildContainerUnableToPullImage
    );
    assert!(context.help.is_some());
}

#[tokio::test]
async fn a_call_that_fails_is_a_fault_and_the_container_is_removed() {
    for verb in [Verb::Create, Verb::Start, Verb::Wait] {
        let bench = Bench::new(Scripted {
            fails: Some(verb),
            journal: if verb == Verb::Wait {
                String::new()
            } else {
                PHASES.into()
            },
            ..Scripted::default()
        });
        let (record, _) = bench.run().await;
        assert_eq!(
            verdict(&record, Phase::DownloadSource),
            Some(Verdict::Fault),
            "{verb:?}"
        );
        assert!(bench.engine.removed() > 0, "{verb:?}");
        assert!(
            record.first_failure().unwrap().contexts[0].help.is_some(),
            "{verb:?}"
        );
    }
}

#[tokio::test]
async fn a_container_that_dies_is_a_fault_that_repeats_its_last_words() {
    let bench = Bench::new(Scripted {
        journal: "B 1\nP DOWNLOAD_SOURCE\nQ DOWNLOAD_SOURCE\nP INSTALL\n".into(),
        exit: Exit {
            status: 137,
            out_of_memory: false,
        },
        last_words: "cat: write error".into(),
        ..Scripted::default()
    });
    let (record, _) = bench.run().await;
    assert_eq!(verdict(&record, Phase::Install), Some(Verdict::Fault));
    let message = &record.first_failure().unwrap().contexts[0].message;
    assert!(
        message.contains("137") && message.contains("cat: write error"),
        "{message}"
    );
}

#[tokio::test]
async fn a_container_without_memory_fails_and_says_so() {
    let bench = Bench::new(Scripted {
        journal: "B 1\nP DOWNLOAD_SOURCE\n".into(),
        exit: Exit {
            status: 137,
            out_of_memory: true,
        },
        ..Scripted::default()
    });
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Failed));
    assert!(
        record.first_failure().unwrap().contexts[0]
            .message
            .contains("out of memory")
    );
}

#[tokio::test]
async fn lines_that_the_driver_did_not_write_are_a_fault() {
    for forged in ["nonsense\n", "C 99 1\n", "Q BUILD\n", "P SUBMITTED\n"] {
        let bench = Bench::new(Scripted {
            journal: format!("B 1\nP DOWNLOAD_SOURCE\n{forged}"),
            hangs: Some(Verb::Wait),
            ..Scripted::default()
        });
        let (record, _) = bench.run().await;
        assert_eq!(record.status, Some(Verdict::Fault), "{forged}");
        assert!(bench.engine.removed() > 0, "{forged}");
    }
}

#[tokio::test]
async fn an_end_without_a_beginning_is_a_fault_when_the_container_is_gone() {
    let bench = Bench::new(Scripted {
        journal: "B 1\nP DOWNLOAD_SOURCE\nE 1 0 1\n".into(),
        ..Scripted::default()
    });
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Fault));
}

#[tokio::test]
async fn output_and_commands_come_in_the_order_of_the_journal() {
    let journal = PHASES.replace(
        "P BUILD\n",
        "P BUILD\nC 1 1\nD 1 /tmp\nE 1 0 1\nC 2 1\nE 2 3 1\n",
    );
    let bench = Bench {
        buildspec: "version: 0.2\nphases:\n  build:\n    commands: [first, second]\n".into(),
        ..Bench::new(Scripted {
            journal,
            log: "one\n<1>two\n<2>rest".into(),
            ..Scripted::default()
        })
    };
    let (record, events) = bench.run().await;
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CommandStarted(command) => Some(format!("start {}", command.text)),
            EventKind::Output { text } => Some(format!("output {}", text.trim())),
            EventKind::CommandFinished {
                status, directory, ..
            } => Some(format!("end {status} {directory}")),
            _ => None,
        })
        .collect();
    let expected = [
        "start first",
        "output one",
        "end 0 /tmp",
        "start second",
        "output two",
        "end 3 /tmp",
        "output rest",
    ];
    assert_eq!(told, expected);
    assert_eq!(verdict(&record, Phase::Build), Some(Verdict::Failed));
    // Reference §2.6: POST_BUILD and UPLOAD_ARTIFACTS follow a failed BUILD.
    assert_eq!(verdict(&record, Phase::PostBuild), Some(Verdict::Succeeded));
    assert_eq!(
        verdict(&record, Phase::UploadArtifacts),
        Some(Verdict::Succeeded)
    );
    assert_eq!(record.status, Some(Verdict::Failed));
}

// Reference §2.9, §2.10.
#[tokio::test]
async fn a_build_whose_time_is_up_ends_as_timed_out() {
    let bench = Bench {
        hurry_in: Some(Phase::Install),
        ..Bench::new(Scripted {
            journal: "B 1\nP DOWNLOAD_SOURCE\nQ DOWNLOAD_SOURCE\nP INSTALL\n".into(),
            hangs: Some(Verb::Wait),
            ..Scripted::default()
        })
    };
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::TimedOut));
    let phase = record.first_failure().unwrap();
    assert_eq!(phase.phase, Phase::Install);
    assert_eq!(phase.contexts[0].message, "Build has timed out. ");
    assert_eq!(bench.engine.signals(), [Signal::Term, Signal::Kill]);
    assert!(bench.engine.removed() > 0);
    assert_eq!(entered(&record).last(), Some(&Phase::Completed));
}

#[tokio::test]
async fn a_stop_before_anything_ran_ends_at_once_and_says_stopped() {
    let bench = Bench {
        stop: Stop::Gently,
        ..Bench::new(Scripted::default())
    };
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Stopped));
    assert_eq!(entered(&record), [Phase::Submitted, Phase::Completed]);
}

#[tokio::test]
async fn an_engine_that_never_removes_the_container_does_not_keep_the_caller() {
    let bench = Bench {
        hurry_in: Some(Phase::Finalizing),
        ..Bench::new(Scripted {
            hangs: Some(Verb::Remove),
            ..Scripted::default()
        })
    };
    let (record, _) = bench.run().await;
    assert_eq!(record.status, Some(Verdict::Succeeded));
    assert!(
        record
            .warnings
            .iter()
            .any(|(message, _)| message.contains("did not remove"))
    );
}
