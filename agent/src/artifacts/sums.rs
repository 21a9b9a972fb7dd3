//! The sums of an archive that CodeBuild reports (reference §6.3).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::thread;

use md5::{Digest as _, Md5};
use sha2::Sha256;

/// A file's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Its size in bytes.
    pub bytes: u64,
    /// MD5, in hex.
    pub md5: String,
    /// SHA-256, in hex.
    pub sha256: String,
}

/// Reads a file twice, side by side: the two sums take about equally long.
pub fn sums(path: &Path) -> io::Result<Sums> {
    let (md5, sha256) = thread::scope(|scope| {
        let md5 = scope.spawn(|| {
            let mut sum = Md5::new();
            pieces(path, |piece| sum.update(piece)).map(|_| hex(&sum.finalize()))
        });
        let mut sum = Sha256::new();
        let bytes = pieces(path, |piece| sum.update(piece));
        let md5 = md5
            .join()
            .map_err(|_panic| io::Error::other("the sum was given up"));
        (md5, bytes.map(|bytes| (bytes, hex(&sum.finalize()))))
    });
    let (bytes, sha256) = sha256?;
    Ok(Sums {
        bytes,
        md5: md5??,
        sha256,
    })
}

fn pieces(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(bytes);
        }
        take(piece.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_whole_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let found = sums(file.path()).unwrap();
        assert_eq!(found.bytes, 3);
        assert_eq!(found.md5, "900150983cd24fb0d6963f7d28e17f72");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(found.sha256, sha256);
    }
}
