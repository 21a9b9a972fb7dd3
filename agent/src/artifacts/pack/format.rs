//! The ZIP format, as far as it is written here (PKWARE's APPNOTE 6.3.10): pure, plain bytes.
//!
//! Local and central headers say the same, sizes stand before the data, and nothing depends on a time zone: strict readers
//! have nothing to complain of, and equal trees are equal archives.

/// What one entry is, when its data are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The place in the archive, as bytes; `/` between components.
    pub(super) name: Vec<u8>,
    /// Type and permissions, as `stat` has them.
    pub(super) mode: u32,
    /// Seconds since 1970 when it was last changed; `None` where that is not known.
    pub(super) modified: Option<i64>,
    /// Whether its data are a deflate stream.
    pub(super) deflated: bool,
    /// Whether its sizes are written with 64 bits. Must be so where one of them needs that.
    pub(super) large: bool,
    /// CRC-32 of the content.
    pub(super) crc: u32,
    /// The size of the data in the archive.
    pub(super) packed: u64,
    /// The size of the content.
    pub(super) size: u64,
    /// Where its local header is.
    pub(super) offset: u64,
}

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// The place is UTF-8. Without it, it is in whatever the reader takes for its own.
const UTF_8: u16 = 1 << 11;
/// Made on Unix, so that modes and links mean something; by the rules of version 6.3.
const MADE_BY: u16 = 3 << 8 | 63;
/// In place of a number that needs 64 bits.
const ELSEWHERE: u32 = u32::MAX;
/// The tag of numbers with 64 bits.
const EXTRA_64: u16 = 0x0001;
/// The tag of a time in UTC.
const EXTRA_TIME: u16 = 0x5455;

impl Entry {
    /// Returns the header that stands before the data.
    pub(super) fn local(&self) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.large {
            number_of(&mut extra, EXTRA_64, 16);
            extra.extend(self.size.to_le_bytes());
            extra.extend(self.packed.to_le_bytes());
        }
        self.time(&mut extra);
        let mut header = LOCAL.to_le_bytes().to_vec();
        self.shared(&mut header, &extra, self.large);
        header.extend(&self.name);
        header.extend(extra);
        header
    }

    /// Returns the entry of the directory at the end.
    pub(super) fn central(&self) -> Vec<u8> {
        let far = self.offset >= u64::from(ELSEWHERE);
        let mut extra = Vec::new();
        if self.large || far {
            let sizes = if self.large { 16 } else { 0 };
            number_of(&mut extra, EXTRA_64, sizes + if far { 8 } else { 0 });
            if self.large {
                extra.extend(self.size.to_le_bytes());
                extra.extend(self.packed.to_le_bytes());
            }
            if far {
                extra.extend(self.offset.to_le_bytes());
            }
        }
        self.time(&mut extra);
        let mut header = CENTRAL.to_le_bytes().to_vec();
        header.extend(MADE_BY.to_le_bytes());
        self.shared(&mut header, &extra, self.large);
        // No comment, first disk, no guess whether it is text.
        header.extend([0; 6]);
        header.extend((self.mode << 16).to_le_bytes());
        header.extend(short(self.offset).to_le_bytes());
        header.extend(&self.name);
        header.extend(extra);
        header
    }

    /// What both headers have, in the same order.
    fn shared(&self, header: &mut Vec<u8>, extra: &[u8], large: bool) {
        let needed: u16 = if large { 45 } else { 20 };
        let flags = if wants_mark(&self.name) { UTF_8 } else { 0 };
        let method: u16 = if self.deflated { 8 } else { 0 };
        let (time, date) = dos_time(self.modified.unwrap_or(i64::MIN));
        for field in [needed, flags, method, time, date] {
            header.extend(field.to_le_bytes());
        }
        let [packed, size] =
            [self.packed, self.size].map(|it| if large { ELSEWHERE } else { short(it) });
        for field in [self.crc, packed, size] {
            header.extend(field.to_le_bytes());
        }
        header.extend(length(&self.name).to_le_bytes());
        header.extend(length(extra).to_le_bytes());
    }

    /// The time of `dos_time` has a grain of two seconds and no time zone; this is what Unix tools read.
    fn time(&self, extra: &mut Vec<u8>) {
        if let Some(seconds) = self.modified.and_then(|time| i32::try_from(time).ok()) {
            number_of(extra, EXTRA_TIME, 5);
            extra.push(1);
            extra.extend(seconds.to_le_bytes());
        }
    }
}

/// Returns the end of an archive with `entries` entries, whose directory has `size` bytes from `start` on.
pub(super) fn end(entries: u64, start: u64, size: u64) -> Vec<u8> {
    let mut end = Vec::new();
    let many = entries >= u64::from(u16::MAX);
    if many || start >= u64::from(ELSEWHERE) || size >= u64::from(ELSEWHERE) {
        end.extend(END_64.to_le_bytes());
        end.extend(44_u64.to_le_bytes());
        end.extend(MADE_BY.to_le_bytes());
        end.extend(45_u16.to_le_bytes());
        end.extend([0; 8]);
        for field in [entries, entries, size, start] {
            end.extend(field.to_le_bytes());
        }
        end.extend(LOCATOR_64.to_le_bytes());
        end.extend([0; 4]);
        end.extend((start + size).to_le_bytes());
        end.extend(1_u32.to_le_bytes());
    }
    let count = u16::try_from(entries).unwrap_or(u16::MAX);
    end.extend(END.to_le_bytes());
    end.extend([0; 4]);
    end.extend(count.to_le_bytes());
    end.extend(count.to_le_bytes());
    end.extend(short(size).to_le_bytes());
    end.extend(short(start).to_le_bytes());
    end.extend([0; 2]);
    end
}

/// Begins an extra field.
fn number_of(extra: &mut Vec<u8>, tag: u16, size: u16) {
    extra.extend(tag.to_le_bytes());
    extra.extend(size.to_le_bytes());
}

fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ELSEWHERE)
}

/// A path on this machine is far shorter than the most that fits.
fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

/// Most of ASCII needs no mark: every reader's own encoding agrees with it, but for two characters in those of Asia.
fn wants_mark(name: &[u8]) -> bool {
    let is_the_same = |byte: &u8| matches!(byte, b' '..=b'}') && *byte != b'\\';
    !name.iter().all(is_the_same) && std::str::from_utf8(name).is_ok()
}

/// Returns time and date as MS-DOS has them, in UTC and within its years.
fn dos_time(seconds: i64) -> (u16, u16) {
    let earliest = jiff::civil::date(1980, 1, 1).at(0, 0, 0, 0);
    let latest = jiff::civil::date(2107, 12, 31).at(23, 59, 58, 0);
    let time = jiff::Timestamp::from_second(seconds).ok();
    let time = time.map_or(earliest, |time| jiff::tz::TimeZone::UTC.to_datetime(time));
    let time = time.clamp(earliest, latest);
    let [year, month, day] = [time.year() - 1980, time.month().into(), time.day().into()];
    let [hour, minute, second] = [time.hour(), time.minute(), time.second() / 2].map(i16::from);
    let pack = |high: i16, middle: i16, low: i16, bits: [u8; 2]| {
        (high << bits[0] | middle << bits[1] | low).cast_unsigned()
    };
    (
        pack(hour, minute, second, [11, 5]),
        pack(year, month, day, [9, 5]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc_and_stay_within_the_years_of_dos() {
        // 2021-03-04 05:06:08.
        let (time, date) = dos_time(1_614_834_368);
        assert_eq!((date >> 9, date >> 5 & 15, date & 31), (41, 3, 4));
        assert_eq!((time >> 11, time >> 5 & 63, time & 31), (5, 6, 4));
        assert_eq!(dos_time(0), (0, 1 << 5 | 1));
        assert_eq!(dos_time(i64::MIN), (0, 1 << 5 | 1));
        let (_, date) = dos_time(i64::from(u32::MAX) * 2);
        assert_eq!(date >> 9, 127);
    }

    #[test]
    fn only_names_that_need_it_are_marked_as_utf_8() {
        assert!(wants_mark("grün.txt".as_bytes()));
        assert!(!wants_mark(b"plain.txt"));
        assert!(wants_mark(b"back\\slash~"));
        assert!(!wants_mark(b"latin\xfc1.txt"));
    }

    #[test]
    fn the_end_grows_when_it_must() {
        assert_eq!(end(65_534, 1, 1).len(), 22);
        assert_eq!(end(65_535, 1, 1).len(), 98);
        assert_eq!(end(1, u64::from(ELSEWHERE), 1).len(), 98);
    }
}
