//! Which phase follows which (reference §2.6): one pure, exhaustive table.

use buildspec::OnFailure;

use crate::model::{Phase, Verdict};

/// Returns the phase that follows `phase` when it ended with `verdict`.
///
/// `on_failure` is the phase's own setting and matters only when a user phase failed. `COMPLETED` follows itself.
pub fn next(phase: Phase, verdict: Verdict, on_failure: Option<&OnFailure>) -> Phase {
    match verdict {
        Verdict::Succeeded => after_success(phase),
        // The guide's own record of a stopped build goes from BUILD straight to COMPLETED (§2.10).
        Verdict::Stopped => Phase::Completed,
        Verdict::Failed => after_failure(phase, on_failure),
        Verdict::TimedOut | Verdict::Fault => match phase {
            Phase::Submitted | Phase::Queued | Phase::Finalizing | Phase::Completed => {
                Phase::Completed
            }
            Phase::Provisioning
            | Phase::DownloadSource
            | Phase::Install
            | Phase::PreBuild
            | Phase::Build
            | Phase::PostBuild
            | Phase::UploadArtifacts => Phase::Finalizing,
        },
    }
}

fn after_success(phase: Phase) -> Phase {
    match phase {
        Phase::Submitted => Phase::Queued,
        Phase::Queued => Phase::Provisioning,
        Phase::Provisioning => Phase::DownloadSource,
        Phase::DownloadSource => Phase::Install,
        Phase::Install => Phase::PreBuild,
        Phase::PreBuild => Phase::Build,
        Phase::Build => Phase::PostBuild,
        Phase::PostBuild => Phase::UploadArtifacts,
        Phase::UploadArtifacts => Phase::Finalizing,
        Phase::Finalizing | Phase::Completed => Phase::Completed,
    }
}

fn after_failure(phase: Phase, on_failure: Option<&OnFailure>) -> Phase {
    match (phase, on_failure) {
        (Phase::Install, Some(OnFailure::Continue)) => Phase::PreBuild,
        (Phase::PreBuild, Some(OnFailure::Continue)) => Phase::Build,
        // What ABORT in BUILD means for UPLOAD_ARTIFACTS is not documented; §2.6 recommends this.
        (Phase::Build, Some(OnFailure::Abort)) => Phase::Finalizing,
        (Phase::Build, _) => Phase::PostBuild,
        (Phase::PostBuild, _) => Phase::UploadArtifacts,
        (Phase::Submitted | Phase::Queued | Phase::Finalizing | Phase::Completed, _) => {
            Phase::Completed
        }
        (
            Phase::Provisioning
            | Phase::DownloadSource
            | Phase::Install
            | Phase::PreBuild
            | Phase::UploadArtifacts,
            _,
        ) => Phase::Finalizing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every (phase, verdict) pair, `on-failure` unset: reference §2.6, §2.10.
    #[rustfmt::skip]
    const TABLE: [(Phase, [Phase; 5]); 11] = [
        //                        Succeeded              Failed                  Fault                TimedOut             Stopped
        (Phase::Submitted,       [Phase::Queued,          Phase::Completed,       Phase::Completed,    Phase::Completed,    Phase::Completed]),
        (Phase::Queued,          [Phase::Provisioning,    Phase::Completed,       Phase::Completed,    Phase::Completed,    Phase::Completed]),
        (Phase::Provisioning,    [Phase::DownloadSource,  Phase::Finalizing,      Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::DownloadSource,  [Phase::Install,         Phase::Finalizing,      Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::Install,         [Phase::PreBuild,        Phase::Finalizing,      Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::PreBuild,        [Phase::Build,           Phase::Finalizing,      Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::Build,           [Phase::PostBuild,       Phase::PostBuild,       Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::PostBuild,       [Phase::UploadArtifacts, Phase::UploadArtifacts, Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::UploadArtifacts, [Phase::Finalizing,      Phase::Finalizing,      Phase::Finalizing,   Phase::Finalizing,   Phase::Completed]),
        (Phase::Finalizing,      [Phase::Completed,       Phase::Completed,       Phase::Completed,    Phase::Completed,    Phase::Completed]),
        (Phase::Completed,       [Phase::Completed,       Phase::Completed,       Phase::Completed,    Phase::Completed,    Phase::Completed]),
    ];

    #[test]
    fn every_phase_and_verdict_leads_where_the_table_says() {
        for ((phase, row), expected) in TABLE.iter().zip(Phase::ALL) {
            assert_eq!(*phase, expected, "the table has one row a phase, in order");
            for (verdict, follows) in Verdict::ALL.into_iter().zip(row) {
                assert_eq!(next(*phase, verdict, None), *follows, "{phase} {verdict}");
            }
        }
    }

    // Reference §2.6, second table.
    #[test]
    fn on_failure_changes_only_what_the_reference_says() {
        let retry = OnFailure::Retry {
            times: 3,
            pattern: None,
        };
        for (phase, abort, go_on) in [
            (Phase::Install, Phase::Finalizing, Phase::PreBuild),
            (Phase::PreBuild, Phase::Finalizing, Phase::Build),
            (Phase::Build, Phase::Finalizing, Phase::PostBuild),
            (
                Phase::PostBuild,
                Phase::UploadArtifacts,
                Phase::UploadArtifacts,
            ),
        ] {
            assert_eq!(
                next(phase, Verdict::Failed, Some(&OnFailure::Abort)),
                abort,
                "{phase}"
            );
            assert_eq!(
                next(phase, Verdict::Failed, Some(&OnFailure::Continue)),
                go_on,
                "{phase}"
            );
            assert_eq!(
                next(phase, Verdict::Failed, Some(&retry)),
                next(phase, Verdict::Failed, None),
                "{phase}"
            );
            for verdict in [
                Verdict::Succeeded,
                Verdict::Stopped,
                Verdict::TimedOut,
                Verdict::Fault,
            ] {
                assert_eq!(
                    next(phase, verdict, Some(&OnFailure::Continue)),
                    next(phase, verdict, None),
                    "{phase} {verdict}"
                );
            }
        }
    }
}
