//! An upload as it is on disk: what goes where, and how far it came. Whoever finds it can take it up.
//!
//! `<directory>/shipment.json` says what it is, beside it lie `content/` with the files or `artifact.zip`; `sent` has a line
//! for each file that has arrived, and `record` the parts of the one that has not.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use crate::model::Packaging;

/// What is to be brought to S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// The region that is asked.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The object's key; of several objects, what their keys begin with, without the last `/`.
    pub key: String,
    /// Whether it is one object, a ZIP.
    pub zip: bool,
    /// How objects are encrypted.
    pub encryption: Sealing,
    /// `x-amz-meta-…` of every object.
    pub metadata: BTreeMap<String, String>,
}

/// How objects are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sealing {
    /// As the bucket does it.
    OfBucket,
    /// SSE-KMS, with this key or with the account's own for S3.
    Kms(Option<String>),
}

/// A file of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The key that it goes to.
    pub(super) key: String,
}

const WHAT: &str = "shipment.json";
const SENT: &str = "sent";

/// Returns where in the directory of a shipment its content is.
pub fn content(directory: &Path, packaging: Packaging) -> PathBuf {
    directory.join(match packaging {
        Packaging::Files => "content",
        Packaging::Zip => "artifact.zip",
    })
}

impl Shipment {
    /// Writes what it is, whole or not at all. From then on it can be taken up.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let mut beside = NamedTempFile::new_in(directory)?;
        serde_json::to_writer(&mut beside, self)?;
        beside.flush()?;
        beside
            .persist(directory.join(WHAT))
            .map_err(|error| error.error)?;
        Ok(())
    }

    /// Reads what lies in a directory; `None` when no shipment does.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        match fs::read(directory.join(WHAT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => Ok(Some(serde_json::from_slice(&text?)?)),
        }
    }

    fn packaging(&self) -> Packaging {
        if self.zip {
            Packaging::Zip
        } else {
            Packaging::Files
        }
    }

    /// Returns the files, in the order of their names.
    pub(super) fn pieces(&self, directory: &Path) -> io::Result<Vec<Piece>> {
        let root = content(directory, self.packaging());
        let mut pieces = Vec::new();
        for entry in WalkDir::new(&root).sort_by_file_name() {
            let entry = entry?;
            if !entry.file_type().is_file() {
                continue;
            }
            let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            // A name that is no UTF-8 can be no key; whoever collected the files has said so.
            let Some(below) = below.to_str() else {
                continue;
            };
            let parts = [self.key.as_str(), below];
            let parts = parts.into_iter().filter(|part| !part.is_empty());
            let key = parts.collect::<Vec<_>>().join("/");
            pieces.push(Piece {
                path: entry.path().to_owned(),
                key,
            });
        }
        Ok(pieces)
    }

    /// Returns the ARN of its place.
    pub fn arn(&self) -> String {
        let partition = match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let place = format!("arn:{partition}:s3:::{}/{}", self.bucket, self.key);
        place.trim_end_matches('/').to_owned()
    }
}

/// What of a shipment has arrived.
pub(super) struct Sent {
    keys: HashSet<String>,
    file: File,
}

impl Sent {
    /// Reads the list, and opens it to be added to.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SENT);
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        let text = fs::read_to_string(&path)?;
        // A line that is not ended was cut off.
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        let keys = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(Self {
            keys: keys.collect(),
            file,
        })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Adds one that has arrived.
    pub(super) fn add(&mut self, key: &str) -> io::Result<()> {
        let mut line = serde_json::to_vec(key)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipment(key: &str, zip: bool) -> Shipment {
        Shipment {
            region: "eu-west-1".into(),
            bucket: "b".into(),
            key: key.into(),
            zip,
            encryption: Sealing::Kms(None),
            metadata: BTreeMap::new(),
        }
    }

    #[test]
    fn a_shipment_is_read_back_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Shipment::read(directory.path()).unwrap(), None);
        let written = shipment("k", true);
        written.write(directory.path()).unwrap();
        assert_eq!(Shipment::read(directory.path()).unwrap(), Some(written));
    }

    #[test]
    fn every_file_has_its_key_and_a_zip_has_one() {
        let directory = tempfile::tempdir().unwrap();
        let root = content(directory.path(), Packaging::Files);
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/b"), "").unwrap();
        fs::write(root.join("c"), "").unwrap();
        fs::write(content(directory.path(), Packaging::Zip), "").unwrap();
        let keys = |key, zip| {
            let pieces = shipment(key, zip).pieces(directory.path()).unwrap();
            pieces
                .into_iter()
                .map(|piece| piece.key)
                .collect::<Vec<_>>()
        };
        assert_eq!(keys("p/q", false), ["p/q/a/b", "p/q/c"]);
        assert_eq!(keys("", false), ["a/b", "c"]);
        assert_eq!(keys("p.zip", true), ["p.zip"]);
    }

    #[test]
    fn what_has_arrived_is_remembered_and_a_line_that_was_cut_is_not() {
        let directory = tempfile::tempdir().unwrap();
        Sent::open(directory.path()).unwrap().add("a\nb").unwrap();
        let mut file = OpenOptions::new()
            .append(true)
            .open(directory.path().join(SENT))
            .unwrap();
        file.write_all(b"\"c").unwrap();
        let mut sent = Sent::open(directory.path()).unwrap();
        assert!(sent.has("a\nb") && !sent.has("c"));
        sent.add("d").unwrap();
        assert!(Sent::open(directory.path()).unwrap().has("d"));
    }

    // Reference §6.3.
    #[test]
    fn a_place_is_named_by_its_arn() {
        assert_eq!(shipment("p/q", true).arn(), "arn:aws:s3:::b/p/q");
        assert_eq!(shipment("", false).arn(), "arn:aws:s3:::b");
    }
}
