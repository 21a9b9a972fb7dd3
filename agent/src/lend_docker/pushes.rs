//! What a build pushes by itself: read from the engine's own answers as they flow by.

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::call::Call;
use crate::model::{EventKind, ImagePushed};

/// A line of progress is short; what is longer is none.
const LONGEST: usize = 64 * 1024;

/// Reads the answer to one push.
#[derive(Debug)]
pub(super) struct PushReader {
    repository: String,
    line: Vec<u8>,
    told: Sender<EventKind>,
}

#[derive(Deserialize)]
struct Line {
    aux: Option<Aux>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Aux {
    tag: String,
    digest: String,
}

impl PushReader {
    /// Returns a reader for a call that pushes; `None` for others.
    pub(super) fn of(method: &str, call: &Call, told: &Sender<EventKind>) -> Option<Self> {
        let [first, name @ .., last] = call.parts.as_slice() else {
            return None;
        };
        let pushes = method == "POST" && first == "images" && last == "push" && !name.is_empty();
        pushes.then(|| Self {
            repository: name.join("/"),
            line: Vec::new(),
            told: told.clone(),
        })
    }

    /// Takes the next piece.
    pub(super) fn heed(&mut self, piece: &Bytes) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() <= LONGEST {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.tell(&line);
            }
        }
    }

    fn tell(&self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return;
        };
        let Some(aux) = line.aux else {
            return;
        };
        let pushed = ImagePushed::by_command(&self.repository, &aux.tag, &aux.digest);
        // Where nobody listens fast enough, the build's own output still says it.
        let _unheard = self.told.try_send(EventKind::ImagePushed(pushed));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_was_pushed_is_read_from_pieces_of_any_size() {
        let (told, mut heard) = channel(8);
        let call = Call::parse("/v1.41/images/h.test:5/a/web/push", Some("tag=v1")).unwrap();
        assert!(PushReader::of("GET", &call, &told).is_none());
        let mut reader = PushReader::of("POST", &call, &told).unwrap();
        let text = "{\"status\":\"Preparing\"}\r\nnonsense\r\n{\"progressDetail\":{},\"aux\":{\"Tag\":\"v1\",\"Digest\":\"sha256:ab\",\"Size\":9}}\r\n{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\r\n";
        for byte in text.as_bytes() {
            reader.heed(&Bytes::copy_from_slice(&[*byte]));
        }
        let Some(EventKind::ImagePushed(pushed)) = heard.try_recv().ok() else {
            panic!("nothing was pushed");
        };
        assert_eq!(
            (&*pushed.name, &*pushed.repository),
            ("web", "h.test:5/a/web")
        );
        assert_eq!(pushed.tags, ["v1"]);
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let (told, _heard) = channel(8);
        let call = Call::parse("/images/a/push", None).unwrap();
        let mut reader = PushReader::of("POST", &call, &told).unwrap();
        for _ in 0..8 {
            reader.heed(&Bytes::from(vec![b'x'; LONGEST / 2]));
        }
        assert!(reader.line.len() <= LONGEST);
    }
}
