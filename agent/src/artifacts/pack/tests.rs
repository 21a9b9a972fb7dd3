use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::artifacts::{Rules, select};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// Packs everything below `source`, links as links.
fn packed(source: &Path, target: &Path) -> Delivered {
    let tree = Tree::open(source).unwrap();
    let rules = Rules {
        files: vec!["**/*".into()],
        keep_links: true,
        ..Rules::default()
    };
    pack(&tree, &select(&tree, &rules).unwrap(), target, &GO_ON).unwrap()
}

fn file(root: &Path, name: &[u8], content: &[u8], mode: u32) {
    let path = root.join(std::ffi::OsStr::from_bytes(name));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let times = fs::FileTimes::new()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001));
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_times(times)
        .unwrap();
}

/// A tree with one of everything.
fn scene(root: &Path) {
    file(root, b"run.sh", b"#!/bin/sh\necho hello\n", 0o755);
    file(root, b"empty", b"", 0o644);
    file(
        root,
        b"deep/er/text.txt",
        &b"again and again\n".repeat(1_000),
        0o640,
    );
    file(root, b".hidden", b"h", 0o4755);
    file(root, "grün/日本.txt".as_bytes(), b"names", 0o644);
    file(root, b"latin-\xfc", b"names", 0o644);
    std::os::unix::fs::symlink("../run.sh", root.join("deep/link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join("out")).unwrap();
}

/// A number of `size` bytes, the lowest first.
fn number(bytes: &[u8], at: usize, size: usize) -> usize {
    let bytes = bytes[at..at + size].iter().rev();
    bytes.fold(0, |number, byte| (number << 8) | usize::from(*byte))
}

/// Reads an archive by the letter: no byte is left over, nothing overlaps, and both headers of an entry say the same.
/// Returns names and modes.
fn strictly(path: &Path) -> Vec<(Vec<u8>, u32)> {
    let bytes = fs::read(path).unwrap();
    let end = bytes.len() - 22;
    assert_eq!(number(&bytes, end, 4), 0x0605_4b50, "the end is at the end");
    let (mut entries, mut size, mut start) = (
        number(&bytes, end + 10, 2),
        number(&bytes, end + 12, 4),
        number(&bytes, end + 16, 4),
    );
    let mut tail = end;
    if entries == 0xffff {
        let locator = end - 20;
        assert_eq!(number(&bytes, locator, 4), 0x0706_4b50);
        tail = number(&bytes, locator + 8, 8);
        assert_eq!(number(&bytes, tail, 4), 0x0606_4b50);
        assert_eq!(number(&bytes, tail + 4, 8), 44);
        assert_eq!(tail + 56, locator, "nothing lies between");
        entries = number(&bytes, tail + 32, 8);
        size = number(&bytes, tail + 40, 8);
        start = number(&bytes, tail + 48, 8);
    }
    assert_eq!(
        start + size,
        tail,
        "the directory ends where the end begins"
    );
    let (mut at, mut data, mut found) = (start, 0, Vec::new());
    for _ in 0..entries {
        assert_eq!(number(&bytes, at, 4), 0x0201_4b50);
        let local = number(&bytes, at + 42, 4);
        assert_eq!(local, data, "entries follow one another");
        assert_eq!(number(&bytes, local, 4), 0x0403_4b50);
        // Version needed, flags, method, time, date, CRC, sizes, length of the name.
        assert_eq!(bytes[at + 6..at + 30], bytes[local + 4..local + 28]);
        assert_eq!(
            number(&bytes, at + 8, 2) & !0x800,
            0,
            "no flag but UTF-8: no data descriptor"
        );
        let length = number(&bytes, at + 28, 2);
        let extra = number(&bytes, at + 30, 2);
        assert_eq!(
            bytes[at + 46..at + 46 + length + extra],
            bytes[local + 30..local + 30 + length + extra]
        );
        assert_eq!(number(&bytes, local + 28, 2), extra);
        let name = bytes[at + 46..at + 46 + length].to_vec();
        assert_eq!(number(&bytes, at + 32, 2), 0, "no comment");
        found.push((
            name,
            u32::try_from(number(&bytes, at + 38, 4) >> 16).unwrap(),
        ));
        data = local + 30 + length + extra + number(&bytes, at + 20, 4);
        at += 46 + length + extra;
    }
    assert_eq!((at, data), (tail, start));
    found
}

#[test]
fn an_archive_is_right_by_the_letter() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    scene(source.path());
    let archive = target.path().join("new/folder/a.zip");
    let delivered = packed(source.path(), &archive);
    assert_eq!(delivered.files, 7);
    assert_eq!(delivered.left_out.len(), 1, "{:?}", delivered.left_out);
    let found = strictly(&archive);
    let named = |name: &str, mode: u32| (name.as_bytes().to_vec(), mode);
    let expected = [
        named(".hidden", 0o100_755),
        named("deep/er/text.txt", 0o100_640),
        named("deep/link", 0o120_777),
        named("empty", 0o100_644),
        named("grün/日本.txt", 0o100_644),
        (b"latin-\xfc".to_vec(), 0o100_644),
        named("run.sh", 0o100_755),
    ];
    assert_eq!(found, expected);
}

#[test]
fn every_entry_is_read_back_as_it_was() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    scene(source.path());
    let archive = target.path().join("a.zip");
    packed(source.path(), &archive);
    let mut reader = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
    for at in 0..reader.len() {
        let mut entry = reader.by_index(at).unwrap();
        let path = source
            .path()
            .join(std::ffi::OsStr::from_bytes(entry.name_raw()));
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if entry.is_symlink() {
            assert_eq!(content, fs::read_link(path).unwrap().as_os_str().as_bytes());
        } else {
            assert!(content == fs::read(&path).unwrap(), "{}", path.display());
        }
    }
}

#[test]
fn equal_trees_are_equal_archives() {
    let target = tempfile::tempdir().unwrap();
    let archives = ["a.zip", "b.zip"].map(|name| {
        let source = tempfile::tempdir().unwrap();
        scene(source.path());
        let archive = target.path().join(name);
        packed(source.path(), &archive);
        fs::read(archive).unwrap()
    });
    assert!(archives[0] == archives[1]);
}

#[test]
fn a_file_that_is_cut_into_pieces_is_one_entry() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut content = Vec::new();
    for line in 0..2_000_000 {
        content.extend(format!("{line} bottles\n").bytes());
    }
    assert!(content.len() as u64 > WHOLE);
    file(source.path(), b"large", &content, 0o644);
    file(source.path(), b"small", b"s", 0o644);
    let archive = target.path().join("a.zip");
    packed(source.path(), &archive);
    strictly(&archive);
    let mut reader = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
    let mut back = Vec::new();
    reader
        .by_name("large")
        .unwrap()
        .read_to_end(&mut back)
        .unwrap();
    assert!(back == content);
}

#[test]
fn an_archive_of_more_than_65535_entries_is_read_by_strict_readers() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // No file system is needed for links that are said to be there.
    let files = (0..66_000).map(|number| {
        let selected = Selected {
            source: "x".into(),
            link: Some("y".into()),
        };
        (PathBuf::from(format!("link-{number}")), selected)
    });
    let selection = Selection {
        files: files.collect(),
        ..Selection::default()
    };
    let tree = Tree::open(source.path()).unwrap();
    let archive = target.path().join("a.zip");
    pack(&tree, &selection, &archive, &GO_ON).unwrap();
    assert_eq!(strictly(&archive).len(), 66_000);
    let reader = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
    assert_eq!(reader.len(), 66_000);
}

#[test]
fn a_file_of_more_than_4_gib_has_its_sizes_in_64_bits() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A hole takes no disk.
    let size = (4 << 30) + 5;
    File::create(source.path().join("hole"))
        .unwrap()
        .set_len(size)
        .unwrap();
    file(source.path(), b"last", b"l", 0o644);
    let archive = target.path().join("a.zip");
    assert_eq!(packed(source.path(), &archive).bytes, size + 1);
    let mut reader = zip::ZipArchive::new(File::open(&archive).unwrap()).unwrap();
    let hole = reader.by_name("hole").unwrap();
    assert_eq!((hole.size(), hole.compressed_size() > 0), (size, true));
    drop(hole);
    let mut last = String::new();
    reader
        .by_name("last")
        .unwrap()
        .read_to_string(&mut last)
        .unwrap();
    assert_eq!(last, "l");
}

#[test]
fn an_abandoned_archive_does_not_appear() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    scene(source.path());
    let tree = Tree::open(source.path()).unwrap();
    let rules = Rules {
        files: vec!["**/*".into()],
        ..Rules::default()
    };
    let archive = target.path().join("a.zip");
    let selection = select(&tree, &rules).unwrap();
    pack(&tree, &selection, &archive, &AtomicBool::new(true)).unwrap_err();
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}
