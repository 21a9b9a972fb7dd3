//! What a build may use of the machine: `--cpus`, `--memory`, and the project's compute type.

use super::args::BuildArgs;
use super::exit::CliError;
use super::size::bytes;
use crate::model::Limits;
use crate::plan;
use crate::project::Project;

/// An engine knows no smaller parts of a processor.
const LEAST_CPUS: f64 = 0.01;
/// More than any machine has; far below what the numbers can hold.
const MOST_CPUS: f64 = 100_000.0;
/// With less, an engine does not start a container.
const LEAST_MEMORY: u64 = 6 * 1024 * 1024;

/// Returns the limits: flags win, one by one, over those of a compute type that the project names.
pub(super) fn limits(args: &BuildArgs, project: &Project) -> Result<Limits, CliError> {
    let environment = &project.environment;
    let named = environment
        .compute_type
        .as_deref()
        .and_then(|name| plan::compute(name, environment.kind.as_deref()))
        .unwrap_or_default();
    let millicpus = args.cpus.map(millicpus).transpose()?;
    let memory = args.memory.as_deref().map(memory).transpose()?;
    Ok(Limits {
        millicpus: millicpus.or(named.millicpus),
        memory: memory.or(named.memory),
    })
}

fn millicpus(cpus: f64) -> Result<u64, CliError> {
    if !(LEAST_CPUS..=MOST_CPUS).contains(&cpus) {
        return Err(CliError::unusable(
            format!("{cpus} CPUs are not possible"),
            "give a number such as 2 or 0.5",
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was looked at"
    )]
    let millicpus = (cpus * 1000.0).round() as u64;
    Ok(millicpus)
}

/// Reads `3GiB`, `512m`, `1.5g`; a letter alone is a power of 1024, as for Docker.
fn memory(text: &str) -> Result<u64, CliError> {
    let unusable = || {
        CliError::unusable(
            format!("`{text}` is not an amount of memory that a build can have"),
            "give one such as 3GiB or 512MiB, at least 6MiB",
        )
    };
    let bytes = bytes(text).ok_or_else(unusable)?;
    if bytes < LEAST_MEMORY {
        return Err(unusable());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("3GiB", 3 << 30),
            ("512m", 512 << 20),
            ("1.5g", 3 << 29),
            ("8 GB", 8_000_000_000),
            ("10485760", 10 << 20),
        ] {
            assert_eq!(memory(text).ok(), Some(bytes), "{text}");
        }
        for text in [
            "",
            "GiB",
            "3Gib/s",
            "-1g",
            "1.2.3g",
            "5m",
            "1e30g",
            "99999999t",
        ] {
            assert!(memory(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_of_a_processor_can_be_given() {
        assert_eq!(millicpus(1.5).ok(), Some(1500));
        for cpus in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.001] {
            assert!(millicpus(cpus).is_err(), "{cpus}");
        }
    }
}
