//! A proxy before the engine's socket: it writes down what is asked, and can make the engine slow.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow {
    /// The engine begins late.
    Begin,
    /// The engine answers late.
    Answer,
}

/// The proxy; its threads end when both sides have hung up.
#[derive(Debug, Clone)]
pub(crate) struct EngineProxy {
    socket: PathBuf,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    slow: Option<(Slow, &'static str)>,
    requests: Mutex<Vec<String>>,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    released: bool,
    answered: bool,
}

impl EngineProxy {
    /// Listens in a directory.
    pub(crate) fn new(directory: &Path) -> Self {
        Self::start(directory, None)
    }

    /// Holds requests whose line contains `part`, or their answers, until [`Self::release`].
    pub(crate) fn holding(directory: &Path, slow: Slow, part: &'static str) -> Self {
        Self::start(directory, Some((slow, part)))
    }

    fn start(directory: &Path, slow: Option<(Slow, &'static str)>) -> Self {
        let socket = directory.join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let (requests, held) = (Mutex::default(), Mutex::default());
        let state = Arc::new(State {
            slow,
            requests,
            held,
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), &shared);
            }
        });
        Self { socket, state }
    }

    /// Returns what `DOCKER_HOST` has to be.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Returns the request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Lets go what is held, and holds nothing any more.
    pub(crate) fn release(&self) {
        self.state.held.lock().unwrap().released = true;
        self.state.changed.notify_all();
    }

    /// Waits until the engine has answered what was held, though its caller may be gone.
    pub(crate) fn until_answered(&self) {
        self.state.wait_while(|held| !held.answered);
    }
}

impl State {
    fn slow(&self, line: &str) -> Option<Slow> {
        let (slow, part) = self.slow?;
        line.contains(part).then_some(slow)
    }

    fn wait_while(&self, wait: impl Fn(&Held) -> bool) {
        let held = self.held.lock().unwrap();
        drop(self.changed.wait_while(held, |held| wait(held)).unwrap());
    }

    fn answered(&self) {
        self.held.lock().unwrap().answered = true;
        self.changed.notify_all();
    }
}

fn serve(mut client: UnixStream, state: &Arc<State>) {
    let mut engine = UnixStream::connect("/var/run/docker.sock").unwrap();
    let (mut answers, mut caller) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
    let current = Arc::new(Mutex::new(None));
    let (there, asked) = (Arc::clone(state), Arc::clone(&current));
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            // The client sends a request only when the one before is answered, and its head in one piece.
            if let Some(line) = request_line(&buffer[..length]) {
                let slow = there.slow(&line);
                *asked.lock().unwrap() = slow;
                there.requests.lock().unwrap().push(line);
                if slow == Some(Slow::Begin) {
                    there.wait_while(|held| !held.released);
                }
            }
            if engine.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _gone = engine.shutdown(Shutdown::Write);
    });
    let state = Arc::clone(state);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = answers.read(&mut buffer) {
            let slow = *current.lock().unwrap();
            if slow == Some(Slow::Answer) {
                state.wait_while(|held| !held.released);
            }
            if slow.is_some() {
                state.answered();
            }
            if caller.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _gone = caller.shutdown(Shutdown::Both);
    });
}

fn request_line(bytes: &[u8]) -> Option<String> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    line.ends_with(" HTTP/1.1").then(|| line.to_owned())
}
