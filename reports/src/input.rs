//! What a report is read from: bounded, and refusing to go on where another reader would silently end.

use std::fmt;
use std::io::{self, BufRead, Read};

/// How much is read at a time, in bytes: it stays in the processor's cache.
pub(crate) const STEP: usize = 128 * 1024;

/// Reads so many bytes and then gives up.
pub(crate) struct Input<'a> {
    pub(crate) reader: &'a mut dyn BufRead,
    /// How many bytes may still be read.
    pub(crate) left: u64,
    /// How many bytes are looked at together. What is read is the same whatever it is.
    pub(crate) step: usize,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.reader.fill_buf()?;
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if left == 0 && !buffer.is_empty() {
            let message = "the file has more bytes than are read of a report";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(buffer.get(..left).unwrap_or(buffer))
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.reader.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], left: u64) -> Result<String, String> {
        let mut input = Input {
            reader: &mut &*bytes,
            left,
            step: STEP,
        };
        let mut text = String::new();
        let read = input.read_to_string(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_has_just_as_many_bytes_is_read_and_one_more_is_refused() {
        assert_eq!(read(b"four", 4).as_deref(), Ok("four"));
        assert!(read(b"fours", 4).unwrap_err().contains("more bytes"));
    }
}
