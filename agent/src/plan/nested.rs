//! The Docker Engine that a build has of its own: what goes before the driver (reference §4.2, §11.4).

/// How the build's own engine comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daemon {
    /// By the image's entry point, as in CodeBuild's curated images: it starts the daemon and evaluates its arguments.
    EntryPoint,
    /// By us, as that entry point would.
    Dockerd,
    /// Not at all: the image has none.
    Absent,
}

/// The program before the driver. Its first line is put before it.
const NESTED: &str = include_str!("nested.sh");

/// Returns the container's main program.
pub fn nested(daemon: Daemon) -> String {
    let daemon = match daemon {
        Daemon::EntryPoint => "entry-point",
        Daemon::Dockerd => "dockerd",
        Daemon::Absent => "absent",
    };
    format!("us_daemon={daemon}\n{NESTED}")
}
