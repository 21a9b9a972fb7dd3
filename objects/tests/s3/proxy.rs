//! A proxy before the server that makes faults: the server behind it is the real one.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::scene::dev;

/// A fault that the proxy makes of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The connection ends after this many bytes of the request's body; the server gets no more either.
    CutRequest(usize),
    /// The server does what was asked, and the connection ends after this many bytes of the answer.
    CutAnswer(usize),
    /// An answer of this status and code, which the server never hears of.
    Answer(u16, &'static str),
    /// An answer that sends elsewhere.
    Redirect(&'static str),
    /// Nothing comes.
    Hang,
    /// The server's answer stops after this many bytes, and the connection stays.
    Stall(usize),
    /// One bit of the body of the answer is another one.
    Flip,
    /// One bit of the body of the request is another one.
    FlipRequest,
}

/// Faults that are to be made: the first whose words a request's line has is taken, and used up.
type Script = Arc<Mutex<Vec<(&'static str, Fault)>>>;

/// The proxy; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: String,
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// Listens, with faults in store.
    pub(crate) async fn new(faults: &[(&'static str, Fault)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Script::new(Mutex::new(faults.to_vec()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (faults, lines) = (Arc::clone(&script), Arc::clone(&asked));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (faults, lines) = (Arc::clone(&faults), Arc::clone(&lines));
                clients.spawn(async move {
                    // A side that hangs up is what this is about.
                    let _over = serve(client, &faults, &lines).await;
                });
            }
        });
        Self {
            address,
            script,
            asked,
            _serving: serving,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns how many faults are left.
    pub(crate) fn left(&self) -> usize {
        self.script.lock().unwrap().len()
    }

    /// Returns how many requests' lines had these words.
    pub(crate) fn asked(&self, words: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.contains(words)).count()
    }
}

/// Serves one request, and ends the connection.
async fn serve(
    mut client: TcpStream,
    script: &Script,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (head, mut body) = read_head(&mut client).await?;
    let line = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line.clone());
    let fault = {
        let mut script = script.lock().unwrap();
        let found = script.iter().position(|(words, _)| line.contains(words));
        found.map(|index| script.remove(index).1)
    };
    match fault {
        Some(Fault::Hang) => {
            // Until the client has enough of it.
            let mut rest = Vec::new();
            let _gone = client.read_to_end(&mut rest).await?;
            return Ok(());
        }
        Some(Fault::Answer(status, code)) => {
            read_body(&mut client, &head, &mut body).await?;
            let text = format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>made by the proxy</Message></Error>"
            );
            return client.write_all(&answer(status, "", &text)).await;
        }
        Some(Fault::Redirect(region)) => {
            read_body(&mut client, &head, &mut body).await?;
            let text = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
            let header = format!("x-amz-bucket-region: {region}\r\n");
            return client.write_all(&answer(301, &header, text)).await;
        }
        _ => {}
    }
    let server = dev("UNDERSTUDY_DEV_S3").replace("http://", "");
    let mut server = TcpStream::connect(server).await?;
    // The header is not signed, and makes one connection one request.
    let head = head.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
    server.write_all(head.as_bytes()).await?;
    if head.to_lowercase().contains("expect: 100-continue") {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if let Some(Fault::CutRequest(after)) = fault {
        while body.len() < after && client.read_buf(&mut body).await? > 0 {}
        return server.write_all(&body[..after.min(body.len())]).await;
    }
    read_body(&mut client, &head, &mut body).await?;
    if let (Some(Fault::FlipRequest), Some(byte)) = (fault, body.last_mut()) {
        *byte ^= 1;
    }
    server.write_all(&body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    match fault {
        Some(Fault::CutAnswer(after)) => client.write_all(&answer[..after.min(answer.len())]).await,
        Some(Fault::Stall(after)) => {
            client.write_all(&answer[..after.min(answer.len())]).await?;
            client.read_to_end(&mut Vec::new()).await.map(drop)
        }
        Some(Fault::Flip) => {
            if let Some(byte) = answer.last_mut() {
                *byte ^= 1;
            }
            client.write_all(&answer).await
        }
        _ => client.write_all(&answer).await,
    }
}

fn answer(status: u16, headers: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    format!("HTTP/1.1 {status} Made\r\n{headers}content-type: application/xml\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{text}").into()
}

async fn read_head(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(at + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn read_body(client: &mut TcpStream, head: &str, body: &mut Vec<u8>) -> std::io::Result<()> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = lengths
        .next()
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    while body.len() < length {
        if client.read_buf(body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
