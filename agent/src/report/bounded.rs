//! A reader that refuses to go on where another one would silently end.

use std::io::{self, BufRead, Read};

/// Reads so many bytes and then gives up; whoever owns it may set `left` again.
pub(super) struct Bounded<R> {
    pub(super) input: R,
    /// How many bytes may still be read.
    pub(super) left: u64,
    /// What has more bytes than that, for the message.
    pub(super) refusal: String,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.input.fill_buf()?;
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                self.refusal.clone(),
            ));
        }
        Ok(buffer.get(..left).unwrap_or(buffer))
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], left: u64) -> Result<String, String> {
        let mut bounded = Bounded {
            input: bytes,
            left,
            refusal: "too much".to_owned(),
        };
        let mut text = String::new();
        let read = bounded.read_to_string(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_has_just_as_many_bytes_is_read_and_one_more_is_refused() {
        assert_eq!(read(b"four", 4).as_deref(), Ok("four"));
        assert_eq!(read(b"fours", 4).unwrap_err(), "too much");
    }
}
