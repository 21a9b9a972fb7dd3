//! Running git: with argument vectors, without questions, and never longer than somebody waits for it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::Progress;

/// Variables by which a caller, a git hook for one, points git at another repository than the directory's own.
const REDIRECTIONS: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// A list of refs can be long; this is some hundred thousand.
const OUTPUT_LIMIT: usize = 32 * 1024 * 1024;
/// What is kept of what git says; its reasons come last.
const WORDS_LIMIT: usize = 16 * 1024;

/// Returns git in a directory. Looking at a source must not run what the source brings along.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    for name in REDIRECTIONS {
        command.env_remove(name);
    }
    command
        .args(["-c", "core.fsmonitor=false"])
        .args(["-c", "core.hooksPath=/dev/null"])
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .arg("-C")
        .arg(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What became of a run.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) succeeded: bool,
    /// Standard output.
    pub(super) output: Vec<u8>,
    /// The last of what it said on standard error, progress left out.
    pub(super) words: String,
}

/// Runs a command in a process group of its own, which dies with this future: git's transports are processes too, and
/// one that waits for the network would not notice that git is gone.
pub(super) async fn run<S: AsRef<OsStr>>(
    mut command: Command,
    arguments: impl IntoIterator<Item = S>,
    progress: Progress<'_>,
) -> io::Result<Ended> {
    let mut child = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (output, words) = tokio::try_join!(all(stdout), listen(stderr, progress))?;
    let status = child.wait().await?;
    // Whoever still is in the group was left behind by git itself, a credential cache for one.
    group.spare();
    Ok(Ended {
        succeeded: status.success(),
        output,
        words,
    })
}

/// A process group that is killed when nobody waits for it.
struct Group(Option<i32>);

impl Group {
    fn spare(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // Gone already is as good.
            let _gone = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

async fn all(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    if let Some(mut stream) = stream {
        let limit = OUTPUT_LIMIT as u64 + 1;
        (&mut stream).take(limit).read_to_end(&mut output).await?;
        if output.len() > OUTPUT_LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("git printed more than {OUTPUT_LIMIT} bytes"),
            ));
        }
    }
    Ok(output)
}

/// Reads what git says: progress ends with a carriage return, everything else with a line end.
async fn listen(
    stream: Option<impl AsyncRead + Unpin>,
    progress: Progress<'_>,
) -> io::Result<String> {
    let Some(mut stream) = stream else {
        return Ok(String::new());
    };
    let (mut words, mut line) = (Vec::new(), Vec::new());
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).await?;
        for byte in piece.iter().take(length) {
            match byte {
                b'\r' => {
                    progress(String::from_utf8_lossy(&line).trim().to_owned());
                    line.clear();
                }
                b'\n' => {
                    words.extend_from_slice(&line);
                    words.push(b'\n');
                    line.clear();
                }
                byte if line.len() < WORDS_LIMIT => line.push(*byte),
                _ => {}
            }
        }
        if words.len() > WORDS_LIMIT {
            words.drain(..words.len() - WORDS_LIMIT);
        }
        if length == 0 {
            words.extend_from_slice(&line);
            return Ok(String::from_utf8_lossy(&words).trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn progress_is_told_and_not_taken_for_a_reason() {
        let mut told = Vec::new();
        let said = &b"Receiving: 1%\rReceiving: 2%\rdone\nfatal: no\n"[..];
        let words = listen(Some(said), &mut |text| told.push(text)).await;
        assert_eq!(words.unwrap(), "done\nfatal: no");
        assert_eq!(told, ["Receiving: 1%", "Receiving: 2%"]);
    }

    #[tokio::test]
    async fn a_transport_dies_with_whoever_waited_for_git() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.current_dir(directory.path());
        let script = "sleep 1000 & echo $! > pid; mv pid child; wait";
        let mut quiet = |_| {};
        let work = run(command, ["-c", script], &mut quiet);
        let child = directory.path().join("child");
        let written = async {
            while !child.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = work => panic!("it cannot end by itself"),
            () = written => {}
        }
        let id: i32 = std::fs::read_to_string(child)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        // The signal is on its way; a process that is dead may still wait for its new parent to bury it.
        let lives = || {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat"));
            state.is_ok_and(|state| !state.contains(") Z "))
        };
        while lives() {
            std::thread::yield_now();
        }
    }
}
