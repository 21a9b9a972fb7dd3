//! Compression: whole files at once, and large ones in pieces that follow one another in one stream.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::{CompressionLvl, Compressor};

thread_local! {
    /// Making one takes longer than compressing a small file.
    static COMPRESSOR: RefCell<Compressor> = RefCell::new(Compressor::new(CompressionLvl::default()));
}

/// Returns `content` as a deflate stream; `None` when that would not be smaller.
pub(super) fn whole(content: &[u8]) -> Option<Vec<u8>> {
    // One byte less than the content: what needs more is not worth it.
    let mut out = vec![0; content.len().saturating_sub(1)];
    let size = COMPRESSOR.with_borrow_mut(|it| it.deflate_compress(content, &mut out));
    out.truncate(size.ok()?);
    Some(out)
}

/// Returns one piece of a deflate stream that is made in pieces. It ends at a byte's border, so that the next can follow;
/// `last` ends the stream.
pub(super) fn piece(content: &[u8], last: bool) -> Vec<u8> {
    let mut stream = Compress::new(Compression::new(6), false);
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    let mut out = Vec::with_capacity(content.len() / 2 + 64);
    loop {
        let before = (stream.total_in(), stream.total_out());
        let rest = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        // Only a wrong order of calls is an error here.
        let _status = stream.compress_vec(content.get(rest..).unwrap_or_default(), &mut out, flush);
        let is_full = out.len() == out.capacity();
        if is_full {
            out.reserve(content.len() / 4 + 64);
        } else if before == (stream.total_in(), stream.total_out()) || last {
            return out;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Bytes that hardly repeat.
    fn noise(size: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(size).collect()
    }

    #[test]
    fn pieces_make_one_stream() {
        let text = b"a line that comes again and again\n".repeat(5_000);
        for content in [text, noise(300_000), Vec::new()] {
            for size in [1_000, 65_536, 100_000] {
                let mut pieces: Vec<&[u8]> = content.chunks(size).collect();
                if pieces.is_empty() {
                    pieces.push(&content);
                }
                let last = pieces.len() - 1;
                let made = pieces.iter().enumerate();
                let stream: Vec<u8> = made.flat_map(|(n, it)| piece(it, n == last)).collect();
                let mut back = Vec::new();
                let mut reader = flate2::read::DeflateDecoder::new(stream.as_slice());
                reader.read_to_end(&mut back).unwrap();
                assert!(back == content);
                assert_eq!(
                    reader.total_in(),
                    stream.len() as u64,
                    "the stream ends where its bytes do"
                );
            }
        }
    }

    #[test]
    fn what_does_not_become_smaller_is_left_as_it_is() {
        assert_eq!(whole(b""), None);
        assert_eq!(whole(b"a"), None);
        assert_eq!(whole(&noise(10_000)), None);
        assert!(whole(&[b'a'; 1_000]).unwrap().len() < 20);
    }
}
