//! Choosing and packing artifacts.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use understudy::artifacts::{Rules, Selection, pack, select};
use understudy::workspace::Tree;

use crate::measure::{Figure, Race};
use crate::program::succeed;

/// What the demo's build leaves behind; `dev/bench` makes it.
const BUILT: &str = "target/bench/kids-learn";
/// How many files are chosen from.
const FILES: usize = 200_000;
/// How many of them a directory has.
const OF_A_DIRECTORY: usize = 100;

/// The demo's `cdk.out` and `node_modules` as a ZIP, against `zip -qr`; the choosing of files is part of ours.
pub(crate) fn zip() -> Result<Figure, String> {
    let places = ["ours.zip", "rival.zip"].map(|name| PathBuf::from("target/bench").join(name));
    let [ours, rival] = &places;
    let rival_path = std::path::absolute(rival).map_err(|error| error.to_string())?;
    let race = Race {
        id: "artifact.zip",
        work: "pack node_modules and cdk.out of the demo".to_owned(),
        rival_name: "zip -qr".to_owned(),
        aim: 3.0,
        pairs: 5,
    };
    let size = |path: &Path| fs::metadata(path).map(|found| found.len()).map_err(failed);
    let mut figure = race.run(
        || {
            let (tree, selection) =
                chosen(Path::new(BUILT), &["cdk.out/**/*", "node_modules/**/*"])?;
            let delivered = pack(&tree, &selection, ours, &AtomicBool::new(false));
            delivered.map(drop).map_err(|error| error.to_string())
        },
        || {
            // It would add to one that is there.
            if rival.exists() {
                fs::remove_file(rival).map_err(failed)?;
            }
            // Links as links, as ours has them.
            let mut zip = Command::new("zip");
            zip.arg("-qry")
                .arg(&rival_path)
                .args(["cdk.out", "node_modules"]);
            succeed(zip.current_dir(BUILT))
        },
    )?;
    let [our_size, its_size] = [size(ours)?, size(rival)?];
    figure.work = format!(
        "{}: {} MB, rival {} MB",
        figure.work,
        our_size / 1_000_000,
        its_size / 1_000_000
    );
    figure.reached &= our_size <= its_size;
    for path in &places {
        fs::remove_file(path).map_err(failed)?;
    }
    Ok(figure)
}

/// Every file of 200,000 but those of one kind, against `find` with as much to look at.
pub(crate) fn select_files() -> Result<Figure, String> {
    let root = many_files().map_err(failed)?;
    let race = Race {
        id: "artifact.select",
        work: format!("choose among {FILES} files, without `**/*.map`"),
        rival_name: "find -type f ! -name '*.map'".to_owned(),
        aim: 1.0 / 1.5,
        pairs: 7,
    };
    race.run(
        || {
            let (_tree, selection) = chosen(&root, &["**/*"])?;
            black_box(selection);
            Ok(())
        },
        || {
            let mut find = Command::new("find");
            find.arg(&root).args(["-type", "f", "!", "-name", "*.map"]);
            succeed(&mut find)
        },
    )
}

fn chosen(root: &Path, files: &[&str]) -> Result<(Tree, Selection), String> {
    let tree = Tree::open(root).map_err(failed)?;
    let rules = Rules {
        files: files.iter().map(ToString::to_string).collect(),
        exclude: match files {
            ["**/*"] => vec!["**/*.map".to_owned()],
            _ => Vec::new(),
        },
        keep_links: true,
        ..Rules::default()
    };
    let selection = select(&tree, &rules).map_err(|error| error.to_string())?;
    Ok((tree, selection))
}

/// Returns a directory with so many files, a tenth of them maps; it is made once.
fn many_files() -> std::io::Result<PathBuf> {
    let root = PathBuf::from("target/bench/files");
    let whole = root.join("whole");
    if whole.exists() {
        return Ok(root);
    }
    for number in 0..FILES / OF_A_DIRECTORY {
        let folder = root.join(format!("package-{}/lib/part-{}", number / 20, number % 20));
        fs::create_dir_all(&folder)?;
        for file in 0..OF_A_DIRECTORY {
            let end = if file % 10 == 0 { "map" } else { "js" };
            File::create(folder.join(format!("module-{file}.{end}")))?;
        }
    }
    File::create(&whole)?;
    Ok(root)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn failed(error: std::io::Error) -> String {
    error.to_string()
}
