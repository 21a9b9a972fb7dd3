//! Pulling an image, told in steps whose number is bounded.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt as _;

use super::answer::reason;
use super::spec::PullProgress;
use super::{EngineError, convert};
use crate::model::Credentials;

/// A step is told for each of these: an image of any size and any number of layers is at most so many steps.
const STEPS: u64 = 40;
/// No image has more layers than an engine can stack; what a registry says beyond this is not counted.
const MOST_LAYERS: usize = 512;

pub(super) async fn pull(
    docker: &Docker,
    name: &str,
    credentials: Option<&Credentials>,
    on_progress: &mut (dyn FnMut(PullProgress) + Send),
) -> Result<(), EngineError> {
    let (repository, tag) = convert::split_tag(name);
    let options = CreateImageOptionsBuilder::new()
        .from_image(repository)
        .tag(tag)
        .build();
    let credentials = credentials.map(convert::credentials);
    let mut messages = docker.create_image(Some(options), None, credentials);
    let mut layers = Layers::default();
    let failed = |reason: String| EngineError::ImageNotFound {
        image: name.into(),
        reason,
    };
    while let Some(message) = messages.next().await {
        let message = message.map_err(|error| failed(reason(&error)))?;
        // A refusal can come as a line within a stream that began with 200.
        if let Some(text) = message
            .error_detail
            .as_ref()
            .and_then(|it| it.message.clone())
        {
            return Err(failed(text));
        }
        layers.heed(&message);
        if let Some(progress) = layers.step() {
            on_progress(progress);
        }
    }
    Ok(())
}

/// What the engine has said of the layers so far.
#[derive(Debug, Default)]
struct Layers {
    known: HashMap<String, Layer>,
    told: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Layer {
    fetched: u64,
    /// 0 while the registry has not said.
    size: u64,
    done: bool,
}

impl Layers {
    fn heed(&mut self, message: &CreateImageInfo) {
        let (Some(id), Some(status)) = (&message.id, &message.status) else {
            return;
        };
        let begins = ["Pulling fs layer", "Already exists"].contains(&status.as_str());
        if begins && self.known.len() < MOST_LAYERS {
            self.known.entry(id.clone()).or_default();
        }
        // A tag is an id too: only what began as a layer is one.
        let Some(layer) = self.known.get_mut(id) else {
            return;
        };
        match status.as_str() {
            "Downloading" => {
                let detail = message.progress_detail.clone().unwrap_or_default();
                let amount = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
                layer.size = amount(detail.total);
                layer.fetched = amount(detail.current).min(layer.size);
            }
            "Download complete" | "Extracting" => layer.fetched = layer.size,
            "Pull complete" | "Already exists" => {
                layer.fetched = layer.size;
                layer.done = true;
            }
            _ => {}
        }
    }

    /// Returns what is to be told, if there is news enough.
    fn step(&mut self) -> Option<PullProgress> {
        let progress = self.progress();
        if progress.layers == 0 {
            return None;
        }
        // Half for the bytes that have come, half for the layers that are unpacked. Sizes become known by and by, so it
        // can go back; what was told is not told again.
        let part =
            |some: u64, all: u64| some.saturating_mul(STEPS / 2).checked_div(all).unwrap_or(0);
        let at = part(progress.bytes, progress.size) + part(progress.layers_done, progress.layers);
        if self.told.is_some_and(|told| told >= at) {
            return None;
        }
        self.told = Some(at);
        Some(progress)
    }

    fn progress(&self) -> PullProgress {
        let layers = self.known.values();
        let sum = |of: fn(&Layer) -> u64| {
            layers
                .clone()
                .fold(0, |sum, layer| of(layer).saturating_add(sum))
        };
        PullProgress {
            layers: sum(|_| 1),
            layers_done: sum(|layer| u64::from(layer.done)),
            bytes: sum(|layer| layer.fetched),
            size: sum(|layer| layer.size),
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    fn say(
        layers: &mut Layers,
        id: &str,
        status: &str,
        amount: Option<(i64, i64)>,
    ) -> Option<PullProgress> {
        layers.heed(&CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: amount.map(|(current, total)| ProgressDetail {
                current: Some(current),
                total: Some(total),
            }),
            ..CreateImageInfo::default()
        });
        layers.step()
    }

    #[test]
    fn layers_and_bytes_are_counted_and_a_tag_is_no_layer() {
        let mut layers = Layers::default();
        assert_eq!(say(&mut layers, "latest", "Pulling from app", None), None);
        let first = say(&mut layers, "a", "Pulling fs layer", None).unwrap();
        assert_eq!((first.layers, first.layers_done), (1, 0));
        say(&mut layers, "b", "Already exists", None);
        let half = say(&mut layers, "a", "Downloading", Some((50, 100))).unwrap();
        assert_eq!((half.layers_done, half.bytes, half.size), (1, 50, 100));
        say(&mut layers, "a", "Download complete", None);
        let last = say(&mut layers, "a", "Pull complete", None).unwrap();
        assert_eq!((last.layers_done, last.bytes), (2, 100));
    }

    #[test]
    fn steps_are_few_however_much_the_engine_says() {
        let mut layers = Layers::default();
        let mut steps = 0;
        for layer in 0..600 {
            let id = layer.to_string();
            say(&mut layers, &id, "Pulling fs layer", None);
            for at in (0..10).chain([i64::MAX, -1]) {
                steps +=
                    usize::from(say(&mut layers, &id, "Downloading", Some((at, 100))).is_some());
            }
            steps += usize::from(say(&mut layers, &id, "Pull complete", None).is_some());
        }
        assert_eq!(layers.known.len(), MOST_LAYERS);
        assert!((2..=41).contains(&steps), "{steps}");
    }
}
