//! CodeBuild's own images: what each is published as (reference §11.2).

/// Where an image of CodeBuild's own can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Curated {
    /// It is none of CodeBuild's own.
    No,
    /// AWS publishes it under this name.
    Published(String),
    /// AWS publishes only the recipe, `ubuntu/standard/<version>` in `aws-codebuild-docker-images`. Names the folder.
    RecipeOnly(String),
    /// It is for this system, which is not Linux.
    Foreign(&'static str),
}

/// Reads an image's name as a project has it.
pub fn curated(name: &str) -> Curated {
    let Some(own) = name.strip_prefix("aws/codebuild/") else {
        return Curated::No;
    };
    let (image, tag) = own.split_once(':').unwrap_or((own, "latest"));
    if image.starts_with("windows") {
        return Curated::Foreign("Windows");
    }
    if image.starts_with("macos") {
        return Curated::Foreign("macOS");
    }
    if image == "standard" {
        // A tag can carry a full version: `7.0-24.09.1`.
        let version = tag.split('-').next().unwrap_or(tag);
        return Curated::RecipeOnly(format!("ubuntu/standard/{version}"));
    }
    let amazon_linux = image.starts_with("amazonlinux-") || image.starts_with("amazonlinux2-");
    if amazon_linux && image.ends_with("standard") {
        // The older names remain, and each is published under the name that a project uses.
        return Curated::Published(format!("public.ecr.aws/codebuild/{own}"));
    }
    Curated::No
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §11.2.
    #[test]
    fn amazon_linux_images_are_published_under_their_own_names() {
        for own in [
            "amazonlinux-x86_64-standard:5.0",
            "amazonlinux-x86_64-standard:corretto11",
            "amazonlinux-aarch64-standard:3.0",
            "amazonlinux2-x86_64-standard:5.0-23.07.01",
            "amazonlinux2-aarch64-standard:2.0",
            "amazonlinux-x86_64-lambda-standard:nodejs20",
        ] {
            assert_eq!(
                curated(&format!("aws/codebuild/{own}")),
                Curated::Published(format!("public.ecr.aws/codebuild/{own}"))
            );
        }
    }

    #[test]
    fn of_ubuntu_images_there_is_only_the_recipe() {
        let folder = |version: &str| Curated::RecipeOnly(format!("ubuntu/standard/{version}"));
        assert_eq!(curated("aws/codebuild/standard:7.0"), folder("7.0"));
        assert_eq!(curated("aws/codebuild/standard:6.0-23.10.1"), folder("6.0"));
    }

    #[test]
    fn other_systems_are_known_and_other_names_are_nobodys() {
        assert_eq!(
            curated("aws/codebuild/windows-base:2022-1.0"),
            Curated::Foreign("Windows")
        );
        assert_eq!(
            curated("aws/codebuild/macos-arm-base:14"),
            Curated::Foreign("macOS")
        );
        assert_eq!(curated("aws/codebuild/docker:18.09.0"), Curated::No);
        assert_eq!(curated("node:20"), Curated::No);
        assert_eq!(
            curated("public.ecr.aws/codebuild/standard:7.0"),
            Curated::No
        );
    }
}
