//! A proxy before the registry: it writes down what is asked, and makes faults.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::registry::loopback;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The registry answers this status, with this code and message.
    Answer(u16, &'static str, &'static str),
    /// It never answers.
    Hang,
    /// The connection ends after so many bytes of the request.
    CutRequest(usize),
    /// The connection ends after so many bytes of the answer.
    CutAnswer(usize),
}

/// The proxy; its threads end when both sides have hung up.
#[derive(Debug, Clone)]
pub(crate) struct RegistryProxy {
    host: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    fault: Fault,
    /// What the request line has to contain.
    parts: Vec<&'static str>,
    left: Mutex<usize>,
    requests: Mutex<Vec<String>>,
}

impl RegistryProxy {
    /// Passes everything on.
    pub(crate) fn new() -> Self {
        Self::failing(Fault::Hang, &[], 0)
    }

    /// Makes a fault of the first `times` requests whose line contains all of `parts`.
    pub(crate) fn failing(fault: Fault, parts: &[&'static str], times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            fault,
            parts: parts.to_vec(),
            left: Mutex::new(times),
            requests: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), state) = (client, Arc::clone(&shared)) else {
                    break;
                };
                thread::spawn(move || serve(client, &state));
            }
        });
        Self { host, state }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the request lines so far, without the protocol.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }
}

impl State {
    fn fault(&self, line: &str) -> Option<Fault> {
        let mut left = self.left.lock().unwrap();
        let meant = *left > 0 && self.parts.iter().all(|part| line.contains(part));
        meant.then(|| {
            *left -= 1;
            self.fault
        })
    }
}

fn serve(mut client: TcpStream, state: &State) {
    let Some((head, body)) = read_head(&mut client) else {
        return;
    };
    let line = head
        .lines()
        .next()
        .unwrap_or_default()
        .replace(" HTTP/1.1", "");
    state.requests.lock().unwrap().push(line.clone());
    let fault = state.fault(&line);
    match fault {
        Some(Fault::Answer(status, code, message)) => {
            let text = format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
            let challenge = if status == 401 {
                "WWW-Authenticate: Basic realm=\"test\"\r\n"
            } else {
                ""
            };
            let answer = format!(
                "HTTP/1.1 {status} Fault\r\nContent-Type: application/json\r\n{challenge}Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            let _gone = client.write_all(answer.as_bytes());
            // What is still sent is read, or the answer would be lost with the connection.
            let _gone = client.shutdown(Shutdown::Write);
            copy(&mut client, None, usize::MAX);
            return;
        }
        Some(Fault::Hang) => {
            copy(&mut client, None, usize::MAX);
            return;
        }
        _ => {}
    }
    let mut registry = TcpStream::connect(loopback()).unwrap();
    // One request a connection, so that each is seen.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    if registry.write_all(head.as_bytes()).is_err() || registry.write_all(&body).is_err() {
        return;
    }
    let (mut up, mut down) = (client.try_clone().unwrap(), registry.try_clone().unwrap());
    let most = match fault {
        Some(Fault::CutRequest(most)) => most,
        _ => usize::MAX,
    };
    let upwards = thread::spawn(move || {
        let whole = copy(&mut up, Some(&mut down), most);
        if !whole {
            let _gone = up.shutdown(Shutdown::Both);
            let _gone = down.shutdown(Shutdown::Both);
        }
    });
    let most = match fault {
        Some(Fault::CutAnswer(most)) => most,
        _ => usize::MAX,
    };
    copy(&mut registry, Some(&mut client), most);
    let _gone = client.shutdown(Shutdown::Both);
    let _gone = registry.shutdown(Shutdown::Both);
    upwards.join().unwrap();
}

/// Copies up to so many bytes; returns whether the sender had no more.
fn copy(from: &mut TcpStream, mut to: Option<&mut TcpStream>, most: usize) -> bool {
    let mut buffer = vec![0; 64 * 1024];
    let mut left = most;
    while left > 0 {
        let wanted = buffer.len().min(left);
        let Ok(length @ 1..) = from.read(&mut buffer[..wanted]) else {
            return true;
        };
        left -= length;
        if to
            .as_mut()
            .is_some_and(|to| to.write_all(&buffer[..length]).is_err())
        {
            return true;
        }
    }
    false
}

/// Reads to the end of a request's head; returns it and what came after it.
fn read_head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
        match client.read(&mut buffer) {
            // Who tries TLS is to try without.
            Ok(1..) if bytes.is_empty() && buffer[0] == 0x16 => return None,
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
}
