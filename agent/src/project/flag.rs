//! Images that are declared on the command line: `NAME=CONTEXT[,dockerfile=…,target=…,arg=K=V,repo=…,tag=…]`.

use super::ImageFinding;
use super::images::{twice, wrong};
use crate::model::{ImageDeclaration, ImageUri, RepositoryWish, Severity};

const FORM: &str = "write `--image-build NAME=CONTEXT,repo=REPOSITORY[,tag=TAG,dockerfile=PATH,target=STAGE,arg=NAME=VALUE,platform=OS/ARCH,label=NAME=VALUE,uri=tag,create=true,fail-on=HIGH]`; what has a comma in it belongs in a project file";

/// Reads one declaration.
pub fn image_flag(text: &str) -> Result<ImageDeclaration, ImageFinding> {
    let refuse = |message: String| ImageFinding {
        place: None,
        message,
        help: FORM.to_owned(),
    };
    let mut parts = text.split(',');
    let first = parts.next().unwrap_or_default();
    let (name, context) = first
        .split_once('=')
        .ok_or_else(|| refuse(format!("`{first}` is not NAME=CONTEXT")))?;
    let mut image = ImageDeclaration {
        name: name.to_owned(),
        context: context.to_owned(),
        dockerfile: ImageDeclaration::DOCKERFILE.to_owned(),
        ..ImageDeclaration::default()
    };
    for part in parts {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| refuse(format!("`{part}` of image `{name}` is not KEY=VALUE")))?;
        let pair = || {
            let pair = value.split_once('=');
            pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| {
                    refuse(format!(
                        "`{part}` of image `{name}` is not {key}=NAME=VALUE"
                    ))
                })
        };
        match key {
            "dockerfile" => value.clone_into(&mut image.dockerfile),
            "target" => image.target = Some(value.to_owned()),
            "platform" => image.platform = Some(value.to_owned()),
            "repo" | "repository" => value.clone_into(&mut image.repository),
            "tag" => image.tags.push(value.to_owned()),
            "arg" => image.args.push(pair()?),
            "label" => image.labels.push(pair()?),
            "uri" => {
                image.uri = match value {
                    "digest" => ImageUri::Digest,
                    "tag" => ImageUri::Tag,
                    _ => return Err(refuse(format!("`{part}`: it is `digest` or `tag`"))),
                }
            }
            "create" => image.create = (value == "true").then(RepositoryWish::usual),
            "fail-on" => {
                let severity = Severity::of_word(value);
                image.fail_on = Some(severity.ok_or_else(|| {
                    refuse(format!("`{value}` is not a severity of ECR's scans"))
                })?);
            }
            _ => return Err(refuse(format!("`{key}` of image `{name}` is not known"))),
        }
    }
    if image.repository.is_empty() {
        return Err(refuse(format!("image `{name}` has no `repo`")));
    }
    match wrong(&image).into_iter().next() {
        None => Ok(image),
        Some((_, message, help)) => Err(ImageFinding {
            place: None,
            message,
            help: help.to_owned(),
        }),
    }
}

/// Adds typed declarations to those of the project.
pub fn with_images(
    declared: &[ImageDeclaration],
    typed: Vec<ImageDeclaration>,
) -> Result<Vec<ImageDeclaration>, ImageFinding> {
    let mut all = declared.to_vec();
    for image in typed {
        if all.iter().any(|known| known.name == image.name) {
            return Err(ImageFinding {
                place: None,
                message: twice(&image.name),
                help: "give each image a name of its own, here and in the project file".to_owned(),
            });
        }
        all.push(image);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_declaration_has_what_a_written_one_has() {
        let text = "web=app,dockerfile=D,target=t,arg=A=1=2,arg=B=,repo=h.test/web,tag=a,tag=$B,platform=linux/arm64,label=x=y,uri=tag,create=true,fail-on=high";
        let image = image_flag(text).unwrap();
        assert_eq!(
            image.args,
            [("A".into(), "1=2".into()), ("B".into(), String::new())]
        );
        assert_eq!(image.tags, ["a", "$B"]);
        assert_eq!(image.fail_on, Some(Severity::High));
        assert!(image.create.is_some());
    }

    #[test]
    fn what_is_typed_wrongly_is_named() {
        for (text, said) in [
            ("web", "`web` is not NAME=CONTEXT"),
            ("web=.", "has no `repo`"),
            ("web=.,repo", "`repo` of image `web` is not KEY=VALUE"),
            ("web=.,repo=r,arg=A", "is not arg=NAME=VALUE"),
            ("web=.,repo=r,tga=1", "`tga` of image `web` is not known"),
            ("web=..,repo=r", "not a path within the source"),
            ("web=.,repo=r:1", "it has a tag"),
        ] {
            let finding = image_flag(text).unwrap_err();
            assert!(
                finding.message.contains(said),
                "{text}: {}",
                finding.message
            );
        }
        let image = image_flag("web=.,repo=r").unwrap();
        let error = with_images(std::slice::from_ref(&image), vec![image.clone()]).unwrap_err();
        assert_eq!(error.message, "image `web` is declared twice");
    }
}
