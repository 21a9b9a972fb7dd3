//! The log as text: output without the driver's marks, whole characters only.

use std::io;
use std::path::Path;

use super::tail::Tail;

/// Reads the log and knows where each command's output ends.
#[derive(Debug)]
pub(super) struct LogReader {
    tail: Tail,
    /// What every mark begins with.
    prefix: Vec<u8>,
    /// Read, not told yet: perhaps the beginning of a mark or of a character.
    pending: Vec<u8>,
    /// The number of a mark that was reached and not asked for yet. Nothing behind it is told before it is.
    reached: Option<u32>,
}

/// How far the log has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The mark was reached.
    Mark,
    /// There is more to tell.
    More,
    /// All that is there was told, and the mark was not among it.
    End,
}

/// The longest number and its end.
const MARK_REST: usize = 11;

impl LogReader {
    pub(super) fn open(path: &Path, mark: &str) -> io::Result<Self> {
        let prefix = format!("\u{1b}]5379;{mark};").into_bytes();
        Ok(Self {
            tail: Tail::open(path)?,
            prefix,
            pending: Vec::new(),
            reached: None,
        })
    }

    /// Reads at most a piece of what there is, and tells nothing; returns whether there may be more.
    ///
    /// A piece at a time, so that whoever prints faster than we tell cannot keep us from hearing a stop.
    pub(super) fn fetch(&mut self, piece: usize) -> io::Result<bool> {
        if self.reached.is_some() {
            return Ok(false);
        }
        Ok(self.tail.read(&mut self.pending, piece)? > 0)
    }

    /// Tells what was read, up to the next mark or what could become one.
    pub(super) fn release(&mut self, tell: &mut dyn FnMut(String)) {
        while self.reached.is_none() {
            let Some(start) = find(&self.pending, &self.prefix) else {
                let held = partial(&self.pending, &self.prefix);
                self.tell_bytes(self.pending.len() - held, tell);
                return;
            };
            self.tell_all(start, tell);
            let rest = self.pending.get(self.prefix.len()..).unwrap_or_default();
            let end = rest.iter().take(MARK_REST).position(|byte| *byte == 0x07);
            let number = end.and_then(|end| rest.get(..end)).and_then(parse_number);
            match (end, number) {
                (Some(end), Some(number)) => {
                    self.pending.drain(..=self.prefix.len() + end);
                    self.reached = Some(number);
                }
                (None, _) if rest.len() < MARK_REST => return,
                // Looks like a mark and is none: output like any other.
                _ => self.tell_all(1, tell),
            }
        }
    }

    /// Tells at most a piece of what there is up to the mark `number`.
    ///
    /// A mark with another number is one that the build forged, or that a killed command left unasked: it is dropped.
    pub(super) fn until_mark(
        &mut self,
        number: u32,
        piece: usize,
        tell: &mut dyn FnMut(String),
    ) -> io::Result<Reach> {
        let more = self.fetch(piece)?;
        self.release(tell);
        match self.reached.take() {
            Some(reached) if reached == number => Ok(Reach::Mark),
            Some(_) => {
                self.release(tell);
                Ok(Reach::More)
            }
            None if more => Ok(Reach::More),
            None => Ok(Reach::End),
        }
    }

    /// Tells at most a piece of what is left when nobody will write any more, marks left out; returns whether there may
    /// be more.
    pub(super) fn rest(&mut self, piece: usize, tell: &mut dyn FnMut(String)) -> io::Result<bool> {
        let more = self.fetch(piece)?;
        self.release(tell);
        if self.reached.take().is_some() {
            self.release(tell);
            return Ok(true);
        }
        if !more {
            self.tell_all(self.pending.len(), tell);
        }
        Ok(more)
    }

    /// Tells the first `length` bytes but for a character that is not whole yet.
    fn tell_bytes(&mut self, length: usize, tell: &mut dyn FnMut(String)) {
        let bytes = self.pending.get(..length).unwrap_or_default();
        let whole = if ends_within_character(bytes) {
            last_boundary(bytes)
        } else {
            bytes.len()
        };
        self.tell_all(whole, tell);
    }

    fn tell_all(&mut self, length: usize, tell: &mut dyn FnMut(String)) {
        if length > 0 {
            let bytes: Vec<u8> = self.pending.drain(..length).collect();
            tell(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Returns how many bytes at the end could be the beginning of `needle`.
fn partial(haystack: &[u8], needle: &[u8]) -> usize {
    let longest = haystack.len().min(needle.len().saturating_sub(1));
    (1..=longest)
        .rev()
        .find(|length| {
            needle
                .get(..*length)
                .is_some_and(|start| haystack.ends_with(start))
        })
        .unwrap_or(0)
}

fn parse_number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Returns where the last character begins that the end of `bytes` cuts off.
fn last_boundary(bytes: &[u8]) -> usize {
    let within = bytes
        .iter()
        .rev()
        .take(3)
        .position(|byte| byte & 0xC0 != 0x80)
        .map_or(0, |at| at + 1);
    bytes.len() - within
}

fn ends_within_character(bytes: &[u8]) -> bool {
    let tail = bytes.get(last_boundary(bytes)..).unwrap_or_default();
    matches!(std::str::from_utf8(tail), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn reader(content: &[u8]) -> (tempfile::NamedTempFile, LogReader) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let reader = LogReader::open(file.path(), "tok").unwrap();
        (file, reader)
    }

    /// Asks until the mark comes or the log ends; returns whether it came.
    fn until(reader: &mut LogReader, number: u32, piece: usize, told: &mut String) -> bool {
        loop {
            match reader
                .until_mark(number, piece, &mut |text| told.push_str(&text))
                .unwrap()
            {
                Reach::Mark => return true,
                Reach::More => {}
                Reach::End => return false,
            }
        }
    }

    fn rest(reader: &mut LogReader, piece: usize, told: &mut String) {
        while reader
            .rest(piece, &mut |text| told.push_str(&text))
            .unwrap()
        {}
    }

    fn mark(number: u32) -> String {
        format!("\u{1b}]5379;tok;{number}\u{7}")
    }

    #[test]
    fn output_is_told_up_to_the_mark_and_not_beyond_in_pieces_of_any_size() {
        let text = format!("one{}two ü{}three", mark(1), mark(2));
        for piece in 1..40 {
            let (_file, mut reader) = reader(text.as_bytes());
            let (mut first, mut second, mut rest) = (String::new(), String::new(), String::new());
            assert!(until(&mut reader, 1, piece, &mut first));
            assert!(until(&mut reader, 2, piece, &mut second));
            self::rest(&mut reader, piece, &mut rest);
            assert_eq!(
                (first.as_str(), second.as_str(), rest.as_str()),
                ("one", "two ü", "three")
            );
        }
    }

    #[test]
    fn what_was_fetched_is_told_when_it_is_asked_for_and_not_before() {
        let (_file, mut reader) = reader(format!("one{}two", mark(1)).as_bytes());
        assert!(reader.fetch(64).unwrap());
        let mut told = String::new();
        reader.release(&mut |text| told.push_str(&text));
        assert_eq!(told, "one");
        assert!(
            !reader.fetch(64).unwrap(),
            "nothing behind a mark is read before it is asked for"
        );
    }

    #[test]
    fn a_mark_that_is_not_there_yet_is_waited_for() {
        let (mut file, mut reader) = reader(b"out\x1b]5379;t");
        let mut told = String::new();
        assert!(!until(&mut reader, 1, 64, &mut told));
        assert_eq!(told, "out");
        file.write_all(b"ok;1\x07").unwrap();
        assert!(until(&mut reader, 1, 64, &mut told));
        assert_eq!(told, "out");
    }

    #[test]
    fn what_only_looks_like_a_mark_is_output() {
        let (_file, mut reader) =
            reader(format!("\u{1b}]5379;tok;not a number{}", mark(7)).as_bytes());
        let mut told = String::new();
        assert!(until(&mut reader, 7, 64, &mut told));
        assert_eq!(told, "\u{1b}]5379;tok;not a number");
    }

    #[test]
    fn bytes_that_are_no_text_are_told_and_not_held_back() {
        let (_file, mut reader) = reader(b"\xff\xfeabc\xff");
        let mut told = String::new();
        rest(&mut reader, 64, &mut told);
        assert_eq!(told, "\u{fffd}\u{fffd}abc\u{fffd}");
    }
}
