//! `--result`: one JSON object in the shape of CodeBuild's `Build` (reference §12.6), and under `understudy` what
//! CodeBuild has no field for.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::model::{
    ArtifactsDelivered, BuildRecord, CacheRecord, Phase, PhaseRecord, ReportOutcome, ReportRecord,
    SourceIdentity, TestStatus, TestSummary,
};

/// Returns the object.
pub fn result(record: &BuildRecord) -> Value {
    let Some(identity) = &record.identity else {
        return Value::Null;
    };
    let id = &identity.id;
    let group = format!("/aws/codebuild/{}", id.project);
    let mut build = json!({
        "id": id.to_string(),
        "arn": id.arn(&identity.owner),
        "buildNumber": identity.number,
        "startTime": record.started.map(seconds),
        "endTime": record.ended.map(seconds),
        "currentPhase": record.phases.last().map(|phase| phase.phase.name()),
        "buildStatus": record.status.map_or("IN_PROGRESS", |status| status.name()),
        "buildComplete": record.status.is_some(),
        "resolvedSourceVersion": record.source.as_ref().and_then(|source| source.resolved_version.clone()),
        "projectName": id.project,
        "phases": record.phases.iter().map(phase).collect::<Vec<_>>(),
        "sourceVersion": identity.source.version,
        "source": source(&identity.source, record.source.as_ref().map(|source| source.buildspec.as_str())),
        "secondarySources": identity.secondary_sources.iter().map(|one| source(one, None)).collect::<Vec<_>>(),
        "secondarySourceVersions": identity.secondary_sources.iter().filter_map(|one| {
            let version = one.version.as_ref()?;
            Some(json!({ "sourceIdentifier": one.id, "sourceVersion": version }))
        }).collect::<Vec<_>>(),
        "artifacts": primary(record),
        "secondaryArtifacts": record.artifacts.iter()
            .filter(|artifact| artifact.identifier.is_some())
            .map(artifact)
            .collect::<Vec<_>>(),
        "cache": cache(record),
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": identity.image,
            "computeType": identity.compute_type,
            "environmentVariables": identity.variables,
            "privilegedMode": identity.privileged,
        },
        "logs": { "groupName": group, "streamName": id.uuid.to_string() },
        "timeoutInMinutes": identity.timeout_minutes,
        "queuedTimeoutInMinutes": QUEUED_TIMEOUT_MINUTES,
        "initiator": identity.initiator,
        "exportedEnvironmentVariables": record.exported.iter().map(|(name, value)| {
            json!({ "name": name, "value": value })
        }).collect::<Vec<_>>(),
        "reportArns": record.reports.iter().filter_map(arn).collect::<Vec<_>>(),
        "understudy": understudy(record, &identity.source.location),
    });
    // CodeBuild leaves out what is not known.
    if let Some(fields) = build.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    build
}

/// A source in the shape of CodeBuild's `ProjectSource`. What CodeBuild does not know has no location there.
fn source(source: &SourceIdentity, buildspec: Option<&str>) -> Value {
    let location = Some(&source.location).filter(|_| source.type_name != "NO_SOURCE");
    let mut value = json!({
        "type": source.type_name,
        "location": location.map(|location| location.trim_start_matches("s3://")),
        "sourceIdentifier": source.id,
        "buildspec": buildspec,
    });
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// CodeBuild's default (reference §2.10); nothing waits in a queue here.
const QUEUED_TIMEOUT_MINUTES: u64 = 480;

fn cache(record: &BuildRecord) -> Value {
    let CacheRecord {
        restored,
        missed,
        saved,
        docker_layers: _,
    } = &record.cache;
    if restored.is_none() && missed.is_none() && saved.is_none() {
        return json!({ "type": "NO_CACHE" });
    }
    json!({ "type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"] })
}

fn understudy(record: &BuildRecord, source: &str) -> Value {
    json!({
        "source": source,
        "runtimes": record.runtimes.iter().map(|(runtime, version)| {
            json!({ "runtime": runtime, "version": version })
        }).collect::<Vec<_>>(),
        "retries": record.phases.iter().flat_map(|phase| {
            phase.tries.iter().map(|context| json!({
                "phase": phase.phase.name(),
                "message": context.message,
            }))
        }).collect::<Vec<_>>(),
        "workspace": record.workspace.as_ref().map(|(kind, reason)| {
            json!({ "kind": kind, "reason": reason })
        }),
        "cache": record.cache,
        "artifacts": record.artifacts,
        "reports": record.reports.iter().map(report).collect::<Vec<_>>(),
        "images": record.images,
        "warnings": record.warnings.iter().map(|(message, help)| {
            json!({ "message": message, "help": help })
        }).collect::<Vec<_>>(),
        "help": record.first_failure().and_then(|phase| phase.contexts.first()?.help.clone()),
    })
}

/// `COMPLETED` has only a start, and phases without trouble have one empty context (reference §2.1).
fn phase(phase: &PhaseRecord) -> Value {
    let mut value = json!({
        "phaseType": phase.phase.name(),
        "startTime": seconds(phase.started),
    });
    if let (Some((ended, verdict)), Some(fields)) = (phase.ended, value.as_object_mut()) {
        fields.insert("phaseStatus".into(), verdict.name().into());
        fields.insert("endTime".into(), seconds(ended).into());
        // Truncated, not rounded.
        let duration = ended.duration_since(phase.started).as_secs();
        fields.insert("durationInSeconds".into(), duration.into());
        if ![Phase::Submitted, Phase::Queued].contains(&phase.phase) {
            fields.insert("contexts".into(), contexts(phase));
        }
    }
    value
}

fn contexts(phase: &PhaseRecord) -> Value {
    if phase.contexts.is_empty() {
        return json!([{ "statusCode": "", "message": "" }]);
    }
    let one = |context: &crate::model::PhaseContext| json!({ "statusCode": context.status_code.name(), "message": context.message });
    phase.contexts.iter().map(one).collect()
}

/// CodeBuild's record of a build without artifacts has an empty location (reference §12.6).
fn primary(record: &BuildRecord) -> Value {
    let mut all = record.artifacts.iter();
    let primary = all.find(|artifact| artifact.identifier.is_none());
    primary.map_or_else(|| json!({ "location": "" }), artifact)
}

/// An artifact in the shape of CodeBuild's `BuildArtifacts`; sums are those of a ZIP (reference §6.3).
fn artifact(artifact: &ArtifactsDelivered) -> Value {
    let mut value = json!({
        "location": artifact.location,
        "sha256sum": artifact.packed.as_ref().map(|zip| &zip.sha256sum),
        "md5sum": artifact.packed.as_ref().map(|zip| &zip.md5sum),
        "overrideArtifactName": artifact.name_overridden,
        "encryptionDisabled": artifact.encryption_disabled,
        "artifactIdentifier": artifact.identifier,
    });
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

fn arn(report: &ReportRecord) -> Option<&String> {
    match &report.outcome {
        ReportOutcome::Coverage { arn, .. } | ReportOutcome::Tests { arn, .. } => Some(arn),
        ReportOutcome::Incomplete(_) => None,
    }
}

fn report(report: &ReportRecord) -> Value {
    match &report.outcome {
        ReportOutcome::Coverage {
            arn,
            format,
            sources,
            summary,
        } => json!({
            "name": report.group,
            "arn": arn,
            "type": "CODE_COVERAGE",
            "status": "SUCCEEDED",
            "format": format,
            "files": sources,
            "codeCoverageSummary": {
                "lineCoveragePercentage": summary.line_percentage(),
                "linesCovered": summary.lines_covered,
                "linesMissed": summary.lines_missed,
                "branchCoveragePercentage": summary.branch_percentage(),
                "branchesCovered": summary.branches_covered,
                "branchesMissed": summary.branches_missed,
            },
        }),
        ReportOutcome::Tests {
            arn,
            format,
            sources,
            summary,
            failures,
        } => json!({
            "name": report.group,
            "arn": arn,
            "type": "TEST",
            "status": summary.status(),
            "format": format,
            "files": sources,
            "testSummary": test_summary(summary),
            "failures": failures,
        }),
        ReportOutcome::Incomplete(message) => {
            json!({ "name": report.group, "status": "INCOMPLETE", "message": message })
        }
    }
}

/// Returns the figures of a test report as CodeBuild's `TestReportSummary`: every status, zeros included (§8.3).
pub fn test_summary(summary: &TestSummary) -> Value {
    let counts: Map<String, Value> = TestStatus::ALL
        .iter()
        .map(|status| (status.name().to_owned(), json!(summary.count(*status))))
        .collect();
    json!({
        "total": summary.total(),
        "statusCounts": counts,
        "durationInNanoSeconds": summary.duration_in_nano_seconds,
    })
}

/// The API writes times as seconds with a fraction.
fn seconds(time: Timestamp) -> f64 {
    // Milliseconds of a date fit a float's 53 bits for the next 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let millis = time.as_millisecond() as f64;
    millis / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuildEvent, BuildId, BuildIdentity, EventKind, Owner, Verdict};

    // Reference §2.10: the one status that no phase and no build ends with.
    #[test]
    fn a_build_that_is_not_over_is_in_progress() {
        let identity = BuildIdentity {
            id: BuildId {
                project: "demo".into(),
                uuid: uuid::Uuid::nil(),
            },
            number: 1,
            owner: Owner {
                region: "us-east-1".into(),
                account: "111122223333".into(),
            },
            initiator: "tester".into(),
            image: "image".into(),
            compute_type: "BUILD_GENERAL1_SMALL".into(),
            source: crate::model::Source::Directory("/source".into()).identity(None),
            secondary_sources: Vec::new(),
            timeout_minutes: 60,
            privileged: false,
            debug: false,
            variables: Vec::new(),
        };
        let mut record = BuildRecord::default();
        let mut tell = |kind| {
            record.apply(&BuildEvent {
                seq: 1,
                time: Timestamp::UNIX_EPOCH,
                kind,
            });
            let build = result(&record);
            (build["buildStatus"].clone(), build["buildComplete"].clone())
        };
        let running = tell(EventKind::BuildStarted(Box::new(identity)));
        assert_eq!(running, (json!("IN_PROGRESS"), json!(false)));
        let over = EventKind::BuildFinished {
            status: Verdict::TimedOut,
        };
        assert_eq!(tell(over), (json!("TIMED_OUT"), json!(true)));
    }
}
