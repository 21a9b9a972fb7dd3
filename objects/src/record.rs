//! What is remembered of an upload in parts: a file of JSON lines, one for the upload and one for each part that S3 has.
//!
//! Lines are only appended, so a process that is killed leaves a record that lacks its last line at most. The record is
//! a hint: what it says is compared with what S3 lists and with the file itself.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// An upload, and what it is of: with anything else it cannot be taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i128,
    pub(crate) part_size: u64,
    /// How the object is to be made, as text: it was said when the upload began.
    pub(crate) options: String,
}

impl Upload {
    /// Returns where the part `number`, from 1, begins in the file.
    pub(crate) fn offset_of(&self, number: i32) -> u64 {
        let before = u64::try_from(number).unwrap_or(1).saturating_sub(1);
        before.saturating_mul(self.part_size)
    }

    /// Returns how long the part `number`, from 1, is; 0 behind the last one.
    pub(crate) fn length_of(&self, number: i32) -> u64 {
        let left = self.size.saturating_sub(self.offset_of(number));
        left.min(self.part_size)
    }
}

/// A part that S3 has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Part {
    /// From 1.
    pub(crate) number: i32,
    pub(crate) etag: String,
    /// In base64.
    pub(crate) sha256: String,
}

/// The record of an upload that goes on.
#[derive(Debug)]
pub(crate) struct Record {
    file: File,
}

/// S3 takes at most 10,000 parts; a line has some 200 bytes.
const MOST_BYTES: u64 = 16 << 20;

impl Record {
    /// Reads a record; `None` when there is none, or none that can be understood.
    pub(crate) fn read(path: &Path) -> io::Result<Option<(Upload, Vec<Part>)>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut lines = BufReader::new(file.take(MOST_BYTES)).lines();
        let Some(Ok(first)) = lines.next() else {
            return Ok(None);
        };
        let upload = serde_json::from_str(&first).ok();
        let parts = lines.map_while(|line| serde_json::from_str(&line.ok()?).ok());
        Ok(upload.map(|upload| (upload, parts.collect())))
    }

    /// Begins a record with the parts that S3 has already, in place of one that was there.
    pub(crate) fn begin<'a>(
        path: &Path,
        upload: &Upload,
        known: impl Iterator<Item = &'a Part>,
    ) -> io::Result<Self> {
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut lines = line(upload)?;
        for part in known {
            lines.extend(line(part)?);
        }
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(&lines)?;
        let file = file.persist(path)?;
        Ok(Self { file })
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, part: &Part) -> io::Result<()> {
        self.file.write_all(&line(part)?)
    }

    /// Removes a record.
    pub(crate) fn remove(path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
