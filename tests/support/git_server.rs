//! A real git server over HTTP: `git http-backend` behind the few lines of HTTP that it needs.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// The server; its threads end when both sides have hung up.
#[derive(Debug)]
pub(crate) struct GitServer {
    address: String,
}

/// Who may read.
#[derive(Debug, Clone)]
pub(crate) enum Readers {
    /// Anybody.
    All,
    /// Who knows this `user:password`, in Base64.
    Only(&'static str),
    /// Nobody: everybody is known and has no right.
    None,
}

impl GitServer {
    /// Serves the repositories below a directory.
    pub(crate) fn new(root: &Path, readers: Readers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let root = root.to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (root, readers) = (root.clone(), readers.clone());
                thread::spawn(move || serve(client.unwrap(), &root, &readers));
            }
        });
        Self { address }
    }

    /// Returns the address of a repository.
    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }

    /// Returns the address with a user and a password in it.
    pub(crate) fn url_with(&self, secret: &str, repository: &str) -> String {
        format!("http://{secret}@{}/{repository}", self.address)
    }
}

#[derive(Default)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }
}

fn serve(mut client: TcpStream, root: &PathBuf, readers: &Readers) {
    let Some(request) = read(&client) else {
        return;
    };
    let answer = match readers {
        Readers::Only(secret) if request.header("authorization") != Some(&format!("Basic {secret}")) => {
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
        }
        Readers::None => {
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
        }
        _ => backend(&request, root),
    };
    // A client that went away has nothing to hear.
    let _unheard = client.write_all(&answer);
    let _gone = client.shutdown(Shutdown::Both);
}

fn read(client: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let mut request = Request {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    if let Some(length) = request.header("content-length") {
        request.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut request.body).ok()?;
    } else if request.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk[..size]);
        }
    }
    Some(request)
}

fn backend(request: &Request, root: &PathBuf) -> Vec<u8> {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_LENGTH", request.body.len().to_string());
    for (header, variable) in [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "HTTP_GIT_PROTOCOL"),
    ] {
        if let Some(value) = request.header(header) {
            command.env(variable, value);
        }
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git is there; run `make up`");
    let mut input = child.stdin.take().unwrap();
    let body = request.body.clone();
    // The backend may end without having read all.
    let writer = thread::spawn(move || drop(input.write_all(&body)));
    let output = child.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let (headers, body) = output.split_at(end.map_or(output.len(), |end| end + 4));
    let headers = String::from_utf8_lossy(headers);
    let status = headers
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let mut answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for line in headers.lines().filter(|line| !line.is_empty()) {
        write!(answer, "{line}\r\n").unwrap();
    }
    let length = body.len();
    write!(answer, "Content-Length: {length}\r\n\r\n").unwrap();
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    answer
}
