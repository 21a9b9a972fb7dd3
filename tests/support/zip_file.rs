//! Zip archives for tests, written entry by entry, so that they can also say what no tool would.

/// An archive; its entries are stored as they are.
#[derive(Debug, Default)]
pub(crate) struct ZipFile {
    body: Vec<u8>,
    list: Vec<u8>,
    entries: u16,
}

/// The types of a mode.
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const DIRECTORY: u32 = 0o040_000;

impl ZipFile {
    /// Adds a file.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.mode(name, 0o644, content)
    }

    /// Adds a file with a mode.
    pub(crate) fn mode(self, name: &str, mode: u32, content: &str) -> Self {
        let size = u32::try_from(content.len()).unwrap();
        self.entry(name, FILE | mode, content, size)
    }

    /// Adds a directory.
    pub(crate) fn directory(self, name: &str, mode: u32) -> Self {
        self.entry(&format!("{name}/"), DIRECTORY | mode, "", 0)
    }

    /// Adds a symbolic link.
    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        let size = u32::try_from(target.len()).unwrap();
        self.entry(name, LINK | 0o777, target, size)
    }

    /// Adds a file that the list says is longer than it is.
    pub(crate) fn claiming(self, name: &str, size: u32) -> Self {
        self.entry(name, FILE | 0o644, "", size)
    }

    fn entry(mut self, name: &str, mode: u32, content: &str, size: u32) -> Self {
        let at = u32::try_from(self.body.len()).unwrap();
        let (bytes, length) = (content.as_bytes(), u32::try_from(content.len()).unwrap());
        let name_length = u16::try_from(name.len()).unwrap();
        let mut common = Vec::new();
        // Version 2.0, names in UTF-8, stored, the first day of 1980.
        for word in [20, 0x0800, 0, 0, 0x21] {
            common.extend_from_slice(&u16::to_le_bytes(word));
        }
        common.extend_from_slice(&crc(bytes).to_le_bytes());
        common.extend_from_slice(&length.to_le_bytes());
        common.extend_from_slice(&size.to_le_bytes());
        common.extend_from_slice(&name_length.to_le_bytes());
        common.extend_from_slice(&[0; 2]);
        self.body.extend_from_slice(b"PK\x03\x04");
        self.body.extend_from_slice(&common);
        self.body.extend_from_slice(name.as_bytes());
        self.body.extend_from_slice(bytes);
        // Made on Unix, whose modes are in the upper half of the attributes.
        self.list.extend_from_slice(b"PK\x01\x02\x14\x03");
        self.list.extend_from_slice(&common);
        self.list.extend_from_slice(&[0; 6]);
        self.list.extend_from_slice(&(mode << 16).to_le_bytes());
        self.list.extend_from_slice(&at.to_le_bytes());
        self.list.extend_from_slice(name.as_bytes());
        self.entries += 1;
        self
    }

    /// Returns the whole archive.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut all = self.body.clone();
        let start = u32::try_from(all.len()).unwrap();
        all.extend_from_slice(&self.list);
        all.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        all.extend_from_slice(&self.entries.to_le_bytes());
        all.extend_from_slice(&self.entries.to_le_bytes());
        all.extend_from_slice(&u32::try_from(self.list.len()).unwrap().to_le_bytes());
        all.extend_from_slice(&start.to_le_bytes());
        all.extend_from_slice(&[0; 2]);
        all
    }
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
