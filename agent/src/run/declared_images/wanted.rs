//! A declaration whose variables are expanded.

use super::refused;
use crate::model::{ImageUri, RepositoryWish, Severity};
use crate::plan::{ImagePlan, Text};
use crate::run::phase_end::PhaseEnd;
use crate::run::values::Values;

/// An image as it is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) context: String,
    pub(super) dockerfile: String,
    pub(super) repository: String,
    /// At least one.
    pub(super) tags: Vec<String>,
    pub(super) args: Vec<(String, String)>,
    pub(super) target: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) uri: ImageUri,
    pub(super) create: Option<RepositoryWish>,
    pub(super) fail_on: Option<Severity>,
}

impl Wanted {
    /// Expands a declaration in the state that the last command left.
    pub(super) fn new(plan: &ImagePlan, values: &Values) -> Result<Self, PhaseEnd> {
        let name = &plan.name;
        let repository = values.text(&plan.repository);
        if repository.is_empty() {
            return Err(refused(
                format!("image `{name}` has no repository: the declared text is empty"),
                "set the variable that `repository` names",
            ));
        }
        // A tag whose variable is unset here (a commit, say, outside git) is no tag.
        let mut tags: Vec<String> = Vec::new();
        for tag in plan.tags.iter().map(|tag| values.text(tag)) {
            if !tag.is_empty() && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if tags.is_empty() {
            return Err(refused(
                format!("image `{name}` has no tag: every declared text is empty"),
                "declare a fixed tag such as `latest` too",
            ));
        }
        let optional = |text: &Option<Text>| {
            let text = text.as_ref().map(|text| values.text(text));
            text.filter(|text| !text.is_empty())
        };
        let pairs = |pairs: &[(String, Text)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| (name.clone(), values.text(value)))
                .collect()
        };
        Ok(Self {
            name: name.clone(),
            context: values.text(&plan.context),
            dockerfile: values.text(&plan.dockerfile),
            repository,
            tags,
            args: pairs(&plan.args),
            target: optional(&plan.target),
            platform: optional(&plan.platform),
            labels: pairs(&plan.labels),
            uri: plan.uri,
            create: plan.create.clone(),
            fail_on: plan.fail_on,
        })
    }
}
