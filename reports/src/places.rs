//! Which lines and branches of a file ran, for reports that tell of a file more than once: what ran in one, ran.

use std::collections::BTreeMap;

use crate::text::beginning;
use crate::{Coverage, CoverageSummary, ReportError};

/// The most places of a file; no source file has a million lines.
const MOST: usize = 1024 * 1024;

/// What is kept, in bytes, to add up files that come again.
const BUDGET: usize = 6 * 1024 * 1024;

/// The places of one kind in one file.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Twice a place's key, and one more if it ran.
    marks: Vec<u64>,
    has_too_many: bool,
}

impl Places {
    /// Notes that a place is there, and whether it ran.
    pub(crate) fn mark(&mut self, key: u64, ran: bool) {
        // Otherwise every further mark would put all of them in order once more.
        if self.has_too_many {
            return;
        }
        if self.marks.len() >= 2 * MOST {
            self.tidy();
        }
        self.marks.push((key << 1) | u64::from(ran));
    }

    /// Puts the marks in order, one a place.
    fn tidy(&mut self) {
        self.marks.sort_unstable();
        self.marks.dedup_by(|later, earlier| {
            let is_same = *later >> 1 == *earlier >> 1;
            if is_same {
                *earlier |= *later;
            }
            is_same
        });
        self.has_too_many |= self.marks.len() > MOST;
    }

    /// Returns how many places ran, and how many did not. The marks must be in order.
    fn count(&self) -> (u64, u64) {
        let ran = self.marks.iter().filter(|mark| *mark & 1 == 1).count();
        (ran as u64, (self.marks.len() - ran) as u64)
    }

    /// Appends the marks, each as its distance from the one before, seven bits a byte.
    fn pack(&self, bytes: &mut Vec<u8>) {
        write(bytes, self.marks.len() as u64);
        let mut before = 0;
        for mark in &self.marks {
            let key = mark >> 1;
            write(bytes, ((key - before) << 1) | (mark & 1));
            before = key;
        }
    }

    /// Adds marks that were packed.
    fn unpack(&mut self, bytes: &mut impl Iterator<Item = u8>) {
        let mut key = 0;
        for _ in 0..read(bytes) {
            let step = read(bytes);
            key += step >> 1;
            self.mark(key, step & 1 == 1);
        }
    }
}

/// Appends a number: seven bits a byte, and a high bit where more follows.
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7F);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn read(bytes: &mut impl Iterator<Item = u8>) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let Some(byte) = bytes.next() else { break };
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
    }
    number
}

/// The open file: lines by number, branches by any key.
#[derive(Debug, Default)]
pub(crate) struct OpenFile {
    pub(crate) lines: Places,
    pub(crate) branches: Places,
}

/// The files of a report that may tell of one more than once.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: BTreeMap<String, File>,
    /// The bytes of all marks that are kept.
    kept: usize,
    /// The bytes of all paths.
    named: usize,
    beyond: CoverageSummary,
    has_too_many: bool,
}

#[derive(Debug)]
struct File {
    summary: CoverageSummary,
    /// The marks; `None` if there was no room for them.
    packed: Option<Box<[u8]>>,
}

impl Files {
    /// Takes in what is told of a file.
    ///
    /// What was told before is added up. Of very many files it is not kept where they ran: there the higher coverage
    /// stands, as CodeBuild merges shards (reference §8.8).
    pub(crate) fn add(&mut self, path: &str, mut file: OpenFile) {
        let path = beginning(path);
        let known = self.known.remove(path);
        if let Some(packed) = known.as_ref().and_then(|known| known.packed.as_deref()) {
            self.kept -= packed.len();
            let mut packed = packed.iter().copied();
            file.lines.unpack(&mut packed);
            file.branches.unpack(&mut packed);
        }
        let mut summary = file.summary();
        self.has_too_many |= file.lines.has_too_many || file.branches.has_too_many;
        let packed = match &known {
            Some(known) if known.packed.is_none() => {
                summary = summary.higher(known.summary);
                None
            }
            _ if self.kept < BUDGET => Some(file.pack()),
            _ => None,
        };
        self.kept += packed.as_ref().map_or(0, |packed| packed.len());
        if known.is_none() {
            if !Coverage::has_room_for(self.known.len(), self.named) {
                self.beyond.add(&summary);
                return;
            }
            self.named += path.len();
        }
        self.known.insert(path.to_owned(), File { summary, packed });
    }

    /// Hands all files to `coverage`.
    pub(crate) fn finish(self, coverage: &mut Coverage) -> Result<(), ReportError> {
        if self.has_too_many {
            let message = format!("a file has more than {MOST} lines or branches");
            return Err(ReportError::Content(message));
        }
        for (path, file) in self.known {
            coverage.add(path, file.summary);
        }
        coverage.leave_out(&self.beyond);
        Ok(())
    }
}

impl OpenFile {
    /// Puts the marks in order, and counts them.
    fn summary(&mut self) -> CoverageSummary {
        self.lines.tidy();
        self.branches.tidy();
        let (lines_covered, lines_missed) = self.lines.count();
        let (branches_covered, branches_missed) = self.branches.count();
        CoverageSummary {
            lines_covered,
            lines_missed,
            branches_covered,
            branches_missed,
        }
    }

    fn pack(&self) -> Box<[u8]> {
        let mut bytes = Vec::new();
        self.lines.pack(&mut bytes);
        self.branches.pack(&mut bytes);
        bytes.into_boxed_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &[(u64, bool)], branches: &[(u64, bool)]) -> OpenFile {
        let mut file = OpenFile::default();
        for (key, ran) in lines {
            file.lines.mark(*key, *ran);
        }
        for (key, ran) in branches {
            file.branches.mark(*key, *ran);
        }
        file
    }

    #[test]
    fn what_ran_in_one_of_several_records_ran() {
        let mut files = Files::default();
        let far = u64::MAX >> 1;
        files.add(
            "a",
            file(&[(3, false), (1, true), (3, true), (9, false)], &[]),
        );
        files.add("b", file(&[], &[(7, false)]));
        files.add(
            "a",
            file(&[(9, true), (4_000_000, false)], &[(far, true), (0, false)]),
        );
        files.add("a", file(&[], &[(far, false)]));
        let mut coverage = Coverage::default();
        files.finish(&mut coverage).unwrap();
        let figures = coverage.files.iter().map(|file| {
            let s = file.summary;
            (
                s.lines_covered,
                s.lines_missed,
                s.branches_covered,
                s.branches_missed,
            )
        });
        assert_eq!(figures.collect::<Vec<_>>(), [(3, 1, 1, 1), (0, 0, 0, 1)]);
    }

    #[test]
    fn a_file_of_too_many_lines_is_refused() {
        let mut files = Files::default();
        let mut lines = OpenFile::default();
        (0..=2 * MOST as u64).for_each(|line| lines.lines.mark(line, true));
        files.add("a", lines);
        let error = files.finish(&mut Coverage::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a file has more than 1048576 lines or branches"
        );
    }
}
