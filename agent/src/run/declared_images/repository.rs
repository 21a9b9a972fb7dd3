//! What ECR does beside keeping images: repositories that are made when asked for, and scans.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::make::Work;
use super::refused;
use crate::engine::ContainerEngine;
use crate::images::{Creation, EcrError, EcrRepository, Scan};
use crate::model::Severity;
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;

/// A scan that is not over by then is given up.
const LONGEST_SCAN: Duration = Duration::from_mins(15);
/// The pauses between two questions grow to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl<E: ContainerEngine> Work<'_, E> {
    /// Makes the repository where that was asked for and there is none.
    pub(super) async fn create_repository(&self, teller: &mut Teller<'_>) -> Result<(), PhaseEnd> {
        let Some(wish) = &self.wanted.create else {
            return Ok(());
        };
        let name = &self.wanted.repository;
        let Some(repository) = EcrRepository::of(name).await else {
            teller.warn(
                format!(
                    "`create` is for repositories in ECR, and `{name}` is none: nothing was made"
                ),
                "leave `create` out; other registries make a repository with its first image",
            );
            return Ok(());
        };
        match repository.create(wish).await.map_err(|error| ecr(&error))? {
            Creation::Existed => {}
            Creation::Made => teller.warn(
                format!("repository `{name}` was made"),
                "it is there for every later build; remove it with `aws ecr delete-repository`",
            ),
        }
        Ok(())
    }

    /// Waits for the scan of an image, and refuses the image for what it found.
    pub(super) async fn await_scan(
        &self,
        digest: &str,
        teller: &mut Teller<'_>,
    ) -> Result<(), PhaseEnd> {
        let Some(limit) = self.wanted.fail_on else {
            return Ok(());
        };
        let (name, repository) = (&self.wanted.name, &self.wanted.repository);
        let Some(ecr_repository) = EcrRepository::of(repository).await else {
            teller.warn(
                format!("`scan` is for repositories in ECR, and `{repository}` is none: image `{name}` is not judged"),
                "leave `scan` out, or push to ECR",
            );
            return Ok(());
        };
        let found = scan(&ecr_repository, digest).await?;
        let found = found.ok_or_else(|| {
            let minutes = LONGEST_SCAN.as_secs() / 60;
            refused(
                format!("the scan of image `{name}` was not over after {minutes} minutes"),
                "see its state with `aws ecr describe-image-scan-findings`; leave `scan` out to go without",
            )
        })?;
        let counts = match found {
            Scan::Found(counts) => counts,
            Scan::Impossible(status) => {
                return Err(refused(
                    format!("image `{name}` cannot be scanned: ECR says {status}"),
                    "leave `scan` out for an image that ECR cannot scan",
                ));
            }
            Scan::Pending | Scan::None => Vec::new(),
        };
        judge(name, limit, counts)
    }
}

/// Asks until there is an answer; `None` when there is none in time.
async fn scan(repository: &EcrRepository, digest: &str) -> Result<Option<Scan>, PhaseEnd> {
    let end = Instant::now() + LONGEST_SCAN;
    let mut pause = Duration::from_secs(1);
    let mut asked_for = false;
    while Instant::now() < end {
        match repository.scan(digest).await.map_err(|error| ecr(&error))? {
            // One that is made on push is not there at once.
            Scan::None if !asked_for => {
                asked_for = true;
                let started = repository.start_scan(digest).await;
                started.map_err(|error| ecr(&error))?;
            }
            Scan::None | Scan::Pending => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            known => return Ok(Some(known)),
        }
    }
    Ok(None)
}

fn judge(name: &str, limit: Severity, counts: Vec<(Severity, u64)>) -> Result<(), PhaseEnd> {
    let mut bad: Vec<_> = counts
        .into_iter()
        .filter(|(severity, count)| *severity >= limit && *count > 0)
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    bad.sort_by(|(one, _), (other, _)| other.cmp(one));
    let bad: Vec<String> = bad
        .iter()
        .map(|(severity, count)| format!("{count} {}", severity.word()))
        .collect();
    Err(refused(
        format!("the scan of image `{name}` found {}", bad.join(", ")),
        format!(
            "see them with `aws ecr describe-image-scan-findings`; `fail-on` is {}",
            limit.word()
        ),
    ))
}

fn ecr(error: &EcrError) -> PhaseEnd {
    refused(error.to_string(), error.help())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_refused_for_findings_at_the_limit_and_above_it() {
        let found = |counts: &[(Severity, u64)]| judge("web", Severity::High, counts.to_vec());
        assert!(found(&[(Severity::Medium, 9), (Severity::High, 0)]).is_ok());
        let end = found(&[
            (Severity::High, 2),
            (Severity::Critical, 1),
            (Severity::Low, 5),
        ]);
        let message = end.unwrap_err().contexts.remove(0).message;
        assert_eq!(message, "the scan of image `web` found 1 CRITICAL, 2 HIGH");
    }
}
