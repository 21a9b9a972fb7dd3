//! `imagedefinitions.json` and `imageDetail.json` (reference §6.6).

use serde_json::json;

use crate::model::ImagePushed;

/// What a rolling ECS deployment reads.
pub const DEFINITIONS_FILE: &str = "imagedefinitions.json";
/// What a blue/green ECS deployment reads; the name is fixed.
pub const DETAIL_FILE: &str = "imageDetail.json";

/// Returns the content of `imagedefinitions.json`: one entry a container, pinned by digest, order kept.
pub fn definitions(images: &[ImagePushed]) -> String {
    let entries: Vec<_> = images
        .iter()
        .map(|image| json!({ "name": image.name, "imageUri": uri(image) }))
        .collect();
    serde_json::Value::Array(entries).to_string()
}

/// Returns the content of `imageDetail.json` for one image.
pub fn detail(image: &ImagePushed) -> String {
    json!({ "ImageURI": uri(image) }).to_string()
}

fn uri(image: &ImagePushed) -> String {
    format!("{}@{}", image.repository, image.digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §6.6.
    #[test]
    fn the_files_have_the_form_that_ecs_reads() {
        let image = ImagePushed {
            name: "adaptive-engine".into(),
            repository: "host/repo".into(),
            tags: vec!["latest".into()],
            digest: "sha256:ab".into(),
            millis: 0,
        };
        assert_eq!(
            definitions(std::slice::from_ref(&image)),
            r#"[{"name":"adaptive-engine","imageUri":"host/repo@sha256:ab"}]"#
        );
        assert_eq!(detail(&image), r#"{"ImageURI":"host/repo@sha256:ab"}"#);
    }
}
