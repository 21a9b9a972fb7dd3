//! `imagedefinitions.json` and `imageDetail.json` (reference §6.6).

use serde_json::json;

use crate::model::{ImagePushed, ImageUri};

/// What a rolling ECS deployment reads.
pub const DEFINITIONS_FILE: &str = "imagedefinitions.json";
/// What a blue/green ECS deployment reads; the name is fixed.
pub const DETAIL_FILE: &str = "imageDetail.json";
/// CodePipeline reads no more of the first one, in bytes.
pub const DEFINITIONS_LIMIT: usize = 100 * 1024;

/// Returns the content of `imagedefinitions.json`: one entry a container, name and URI, order kept.
pub fn definitions(images: &[(&str, String)]) -> String {
    let entries: Vec<_> = images
        .iter()
        .map(|(name, uri)| json!({ "name": name, "imageUri": uri }))
        .collect();
    serde_json::Value::Array(entries).to_string()
}

/// Returns the content of `imageDetail.json` for one image.
pub fn detail(uri: &str) -> String {
    json!({ "ImageURI": uri }).to_string()
}

/// Returns how a deployment names an image.
pub fn uri(image: &ImagePushed, by: ImageUri) -> String {
    let (repository, digest) = (&image.repository, &image.digest);
    match (by, image.tags.first()) {
        (ImageUri::Tag, Some(tag)) => format!("{repository}:{tag}"),
        _ => format!("{repository}@{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ImageOrigin;

    // Reference §6.6.
    #[test]
    fn the_files_have_the_form_that_ecs_reads() {
        let image = ImagePushed {
            name: "adaptive-engine".into(),
            repository: "host/repo".into(),
            tags: vec!["v1".into(), "latest".into()],
            digest: "sha256:ab".into(),
            size: None,
            origin: ImageOrigin::Built,
            millis: 0,
        };
        let pinned = uri(&image, ImageUri::Digest);
        assert_eq!(
            definitions(&[("adaptive-engine", pinned.clone())]),
            r#"[{"name":"adaptive-engine","imageUri":"host/repo@sha256:ab"}]"#
        );
        assert_eq!(detail(&pinned), r#"{"ImageURI":"host/repo@sha256:ab"}"#);
        assert_eq!(uri(&image, ImageUri::Tag), "host/repo:v1");
    }
}
