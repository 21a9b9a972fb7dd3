//! A cache on the local disk: what a build pays for restoring and saving it, against what others do.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cache::{EntryKey, KeyParts, LocalStore, Namespace, Restored, Root, Saved, Saving};

use crate::measure::{Figure, Race};
use crate::rivals::Rival;
use crate::tree::{Sample, copy, fresh, sample};

/// The glob of the cache, as a buildspec has it.
const PATTERN: &str = "node_modules/**/*";

/// What all figures here are measured with, made once.
struct Scene {
    sample: Sample,
    store: LocalStore,
    key: EntryKey,
    patterns: [String; 1],
}

impl Scene {
    /// Saves the sample to a new store.
    fn new() -> Result<Self, String> {
        let sample = sample()?;
        let store = LocalStore::open(&fresh("store")?).map_err(failed)?;
        let key = EntryKey::new(KeyParts {
            format: 1,
            namespace: Namespace::new("bench").map_err(failed)?,
            parts: Vec::new(),
        });
        let scene = Self {
            sample,
            store,
            key,
            patterns: [PATTERN.to_owned()],
        };
        // The store keeps hard links, and the sample must never be written to.
        scene.save(&copy(&scene.sample.root, "saved")?)?;
        Ok(scene)
    }

    fn root<'a>(&'a self, dir: &'a Path) -> [Root<'a>; 1] {
        [Root {
            id: "src",
            dir,
            patterns: &self.patterns,
        }]
    }

    fn save(&self, dir: &Path) -> Result<Saved, String> {
        let roots = self.root(dir);
        let saved = self.store.save(&self.key, &roots, 0, Saving::Latest);
        saved.map_err(failed)
    }

    fn restore(&self, dir: &Path) -> Result<(), String> {
        match self.store.restore(&self.key, &self.root(dir)) {
            Ok(Restored::Hit(_)) => Ok(()),
            Ok(Restored::Miss(reason)) => Err(format!("nothing was restored: {reason:?}")),
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns what a rival keeps of the sample, made once.
    fn packed(&self, rival: Rival) -> Result<PathBuf, String> {
        let packed = fresh("packed")?.join("cache.zip");
        rival.pack(&self.sample.root, &packed)?;
        Ok(packed)
    }
}

fn scene() -> Result<&'static Scene, String> {
    static SCENE: OnceLock<Result<Scene, String>> = OnceLock::new();
    let scene = SCENE.get_or_init(Scene::new);
    scene.as_ref().map_err(Clone::clone)
}

/// The whole entry restored, against an unpacked archive.
pub(crate) fn restore() -> Result<Figure, String> {
    restore_against("cache.restore", Rival::TarZstd, 100.0)
}

/// The same, against what CodeBuild does.
pub(crate) fn restore_zip() -> Result<Figure, String> {
    restore_against("cache.restore.zip", Rival::Zip, 100.0)
}

/// The same, against a plain copy.
pub(crate) fn restore_copy() -> Result<Figure, String> {
    restore_against("cache.restore.copy", Rival::Copy, 100.0)
}

fn restore_against(id: &'static str, rival: Rival, aim: f64) -> Result<Figure, String> {
    let scene = scene()?;
    let packed = scene.packed(rival)?;
    let race = Race {
        id,
        work: format!("restore {}", scene.sample.size()),
        rival_name: rival.name().to_owned(),
        aim,
        pairs: 3,
    };
    race.run(
        || scene.restore(&fresh("ours")?),
        || rival.unpack(&packed, &fresh("theirs")?),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn failed(error: cache::CacheError) -> String {
    error.to_string()
}
