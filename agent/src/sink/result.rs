//! `--result`: one JSON object in the shape of CodeBuild's `Build` (reference §12.6), and under `understudy` what
//! CodeBuild has no field for.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{BuildRecord, Phase, PhaseRecord, ReportOutcome, ReportRecord};

/// Returns the object.
pub fn result(record: &BuildRecord) -> Value {
    let Some(identity) = &record.identity else {
        return Value::Null;
    };
    let (id, region) = (&identity.id, &identity.region);
    let group = format!("/aws/codebuild/{}", id.project);
    json!({
        "id": id.to_string(),
        "arn": id.arn(region),
        "buildNumber": identity.number,
        "startTime": record.started.map(seconds),
        "endTime": record.ended.map(seconds),
        "currentPhase": record.phases.last().map(|phase| phase.phase.name()),
        "buildStatus": record.status.map_or("IN_PROGRESS", |status| status.name()),
        "buildComplete": record.status.is_some(),
        "sourceVersion": identity.source_version,
        "resolvedSourceVersion": record.source.as_ref().and_then(|source| source.resolved_version.clone()),
        "projectName": id.project,
        "phases": record.phases.iter().map(phase).collect::<Vec<_>>(),
        "source": {
            "type": "NO_SOURCE",
            "location": identity.source_location,
            "buildspec": record.source.as_ref().map(|source| &source.buildspec),
        },
        "secondarySources": [],
        "artifacts": { "location": primary_location(record) },
        "secondaryArtifacts": record.artifacts.iter().filter_map(|artifact| {
            let identifier = artifact.identifier.as_ref()?;
            Some(json!({ "artifactIdentifier": identifier, "location": artifact.location }))
        }).collect::<Vec<_>>(),
        "cache": { "type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"] },
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": identity.image,
            "computeType": identity.compute_type,
            "environmentVariables": identity.variables.iter().map(|(name, value)| {
                json!({ "name": name, "value": value, "type": "PLAINTEXT" })
            }).collect::<Vec<_>>(),
            "privilegedMode": identity.privileged,
        },
        "logs": { "groupName": group, "streamName": id.uuid.to_string() },
        "timeoutInMinutes": identity.timeout_minutes,
        "initiator": identity.initiator,
        "exportedEnvironmentVariables": record.exported.iter().map(|(name, value)| {
            json!({ "name": name, "value": value })
        }).collect::<Vec<_>>(),
        "reportArns": record.reports.iter().filter_map(arn).collect::<Vec<_>>(),
        "understudy": understudy(record),
    })
}

fn understudy(record: &BuildRecord) -> Value {
    json!({
        "runtimes": record.runtimes.iter().map(|(runtime, version)| {
            json!({ "runtime": runtime, "version": version })
        }).collect::<Vec<_>>(),
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

fn primary_location(record: &BuildRecord) -> &str {
    let primary = record
        .artifacts
        .iter()
        .find(|artifact| artifact.identifier.is_none());
    primary.map_or("", |artifact| &artifact.location)
}

fn arn(report: &ReportRecord) -> Option<&String> {
    match &report.outcome {
        ReportOutcome::Coverage { arn, .. } => Some(arn),
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
        ReportOutcome::Incomplete(message) => {
            json!({ "name": report.group, "status": "INCOMPLETE", "message": message })
        }
    }
}

/// The API writes times as seconds with a fraction.
fn seconds(time: Timestamp) -> f64 {
    // Milliseconds of a date fit a float's 53 bits for the next 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let millis = time.as_millisecond() as f64;
    millis / 1000.0
}
