//! CodeBuild's compute types as limits (reference §11.1), and what of them a machine can give.

use crate::model::Limits;

const GIB: u64 = 1 << 30;

/// Returns what a compute type has; `None` for one whose size it does not say, such as that of a fleet.
///
/// `kind` is the environment's type; `LINUX_CONTAINER` when the project has none.
pub fn compute(compute_type: &str, kind: Option<&str>) -> Option<Limits> {
    let kind = kind.unwrap_or("LINUX_CONTAINER");
    let limits = |cpus: u64, gib: u64| Limits {
        millicpus: Some(cpus * 1000),
        memory: Some(gib * GIB),
    };
    if let Some(memory) = compute_type.strip_prefix("BUILD_LAMBDA_") {
        let gib: u64 = memory.strip_suffix("GB")?.parse().ok()?;
        return [1, 2, 4, 8, 10].contains(&gib).then_some(Limits {
            millicpus: None,
            memory: Some(gib * GIB),
        });
    }
    let gpu = kind == "LINUX_GPU_CONTAINER";
    let arm = kind == "ARM_CONTAINER";
    Some(match compute_type.strip_prefix("BUILD_GENERAL1_")? {
        "SMALL" if gpu => limits(4, 16),
        "LARGE" if gpu => limits(32, 255),
        "SMALL" => limits(2, 4),
        "MEDIUM" => limits(4, 8),
        "LARGE" => limits(8, 16),
        "XLARGE" if arm => limits(32, 64),
        "XLARGE" => limits(36, 72),
        "2XLARGE" if arm => limits(48, 96),
        "2XLARGE" => limits(72, 144),
        _ => return None,
    })
}

/// Returns the part of the limits that a machine with these processors and this memory can give, and what is short.
pub fn fit(wanted: Limits, cpus: u64, memory: u64) -> (Limits, Vec<String>) {
    let mut short = Vec::new();
    let millicpus = wanted.millicpus.map(|millicpus| {
        let most = cpus.saturating_mul(1000);
        if most > 0 && millicpus > most {
            let wanted = millicpus.div_ceil(1000);
            short.push(format!("{cpus} of {wanted} CPUs"));
            return most;
        }
        millicpus
    });
    let bytes = wanted.memory.map(|bytes| {
        if memory > 0 && bytes > memory {
            short.push(format!("{} of {} memory", gib(memory), gib(bytes)));
            return memory;
        }
        bytes
    });
    let limits = Limits {
        millicpus,
        memory: bytes,
    };
    (limits, short)
}

/// An amount of memory as people give it: `3 GiB`, `1.5 GiB`, `512 MiB`.
pub fn gib(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes < GIB {
        return format!("{} MiB", bytes / MIB);
    }
    let tenths = bytes / (GIB / 10);
    if tenths.is_multiple_of(10) {
        format!("{} GiB", tenths / 10)
    } else {
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §11.1.
    #[test]
    fn compute_types_have_the_sizes_of_the_table() {
        let sizes = |name: &str, kind: Option<&str>| {
            let limits = compute(name, kind)?;
            Some((
                limits.millicpus.map(|it| it / 1000),
                limits.memory.map(|it| it / GIB),
            ))
        };
        for (name, kind, cpus, gib) in [
            ("BUILD_GENERAL1_SMALL", None, Some(2), 4),
            ("BUILD_GENERAL1_SMALL", Some("ARM_CONTAINER"), Some(2), 4),
            ("BUILD_GENERAL1_MEDIUM", Some("LINUX_CONTAINER"), Some(4), 8),
            ("BUILD_GENERAL1_LARGE", Some("LINUX_EC2"), Some(8), 16),
            ("BUILD_GENERAL1_XLARGE", None, Some(36), 72),
            ("BUILD_GENERAL1_XLARGE", Some("ARM_CONTAINER"), Some(32), 64),
            ("BUILD_GENERAL1_2XLARGE", None, Some(72), 144),
            (
                "BUILD_GENERAL1_2XLARGE",
                Some("ARM_CONTAINER"),
                Some(48),
                96,
            ),
            (
                "BUILD_GENERAL1_SMALL",
                Some("LINUX_GPU_CONTAINER"),
                Some(4),
                16,
            ),
            (
                "BUILD_GENERAL1_LARGE",
                Some("LINUX_GPU_CONTAINER"),
                Some(32),
                255,
            ),
            (
                "BUILD_LAMBDA_10GB",
                Some("LINUX_LAMBDA_CONTAINER"),
                None,
                10,
            ),
        ] {
            assert_eq!(
                sizes(name, kind),
                Some((cpus, Some(gib))),
                "{name} {kind:?}"
            );
        }
        for name in [
            "ATTRIBUTE_BASED_COMPUTE",
            "BUILD_LAMBDA_3GB",
            "BUILD_GENERAL1_HUGE",
            "",
        ] {
            assert_eq!(compute(name, None), None, "{name}");
        }
    }

    #[test]
    fn a_machine_gives_what_it_has_and_what_is_short_is_named() {
        let wanted = compute("BUILD_GENERAL1_MEDIUM", None).unwrap();
        let (limits, short) = fit(wanted, 2, 3 * GIB + GIB / 2);
        assert_eq!(limits.millicpus, Some(2000));
        assert_eq!(limits.memory, Some(3 * GIB + GIB / 2));
        assert_eq!(short, ["2 of 4 CPUs", "3.5 GiB of 8 GiB memory"]);
        assert_eq!(fit(wanted, 4, 8 * GIB), (wanted, Vec::new()));
        // An engine that does not say what it has is believed to have it.
        assert_eq!(fit(wanted, 0, 0), (wanted, Vec::new()));
        assert_eq!(gib(512 << 20), "512 MiB");
    }
}
