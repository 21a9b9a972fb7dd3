//! Cobertura XML (reference §8.7).

use std::collections::BTreeMap;

use crate::CoverageSummary;
use crate::input::Input;
use crate::xml::{self, Element, Handler};
use crate::{Coverage, ReportError};

/// Reads a report; classes of one file are added up.
///
/// A class's own `lines` count; where it has none, those of its methods do.
pub(crate) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut handler = Cobertura::default();
    xml::walk(input, &["coverage"], &mut handler)?;
    if !handler.has_packages {
        return Err(ReportError::Content("there are no `packages`".into()));
    }
    for (path, summary) in handler.files {
        coverage.add(path, summary);
    }
    coverage.leave_out(&handler.beyond);
    Ok(())
}

#[derive(Default)]
struct Cobertura {
    has_packages: bool,
    files: BTreeMap<String, CoverageSummary>,
    /// The bytes of their paths.
    named: usize,
    /// The figures of the files for which there is no room.
    beyond: CoverageSummary,
    class: Option<Class>,
    /// What the open `lines` belong to.
    lines_of: Owner,
}

#[derive(Default)]
struct Class {
    path: String,
    own: CoverageSummary,
    methods: CoverageSummary,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Owner {
    #[default]
    None,
    Class,
    Method,
}

impl Handler for Cobertura {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "packages" => self.has_packages = true,
            "class" => {
                self.class = Some(Class {
                    path: element.attribute("filename").unwrap_or_default(),
                    ..Class::default()
                });
            }
            "lines" => {
                self.lines_of = match parent {
                    "class" => Owner::Class,
                    "method" => Owner::Method,
                    _ => Owner::None,
                };
            }
            "line" => {
                let Some(class) = &mut self.class else { return };
                match self.lines_of {
                    Owner::Class => line(element, &mut class.own),
                    Owner::Method => line(element, &mut class.methods),
                    Owner::None => {}
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "lines" => self.lines_of = Owner::None,
            "class" => {
                if let Some(class) = self.class.take() {
                    let has_own = class.own != CoverageSummary::default();
                    let summary = if has_own { class.own } else { class.methods };
                    self.add(class.path, &summary);
                }
            }
            _ => {}
        }
    }
}

impl Cobertura {
    fn add(&mut self, path: String, summary: &CoverageSummary) {
        if let Some(known) = self.files.get_mut(&path) {
            known.add(summary);
        } else if Coverage::has_room_for(self.files.len(), self.named) {
            self.named += path.len();
            self.files.insert(path, *summary);
        } else {
            self.beyond.add(summary);
        }
    }
}

fn line(element: &Element<'_>, summary: &mut CoverageSummary) {
    match element.number("hits") {
        Some(0) | None => summary.lines_missed += 1,
        Some(_) => summary.lines_covered += 1,
    }
    let is_branch = ["true", "True", "TRUE"];
    if !is_branch.iter().any(|yes| element.is("branch", yes)) {
        return;
    }
    let conditions = element.attribute("condition-coverage");
    if let Some((covered, all)) = conditions.as_deref().and_then(share) {
        summary.add(&CoverageSummary {
            branches_covered: covered,
            branches_missed: all.saturating_sub(covered),
            ..CoverageSummary::default()
        });
    }
}

/// Returns the two numbers of `50% (1/2)`.
fn share(text: &str) -> Option<(u64, u64)> {
    let (_, rest) = text.split_once('(')?;
    let (share, _) = rest.split_once(')')?;
    let (covered, all) = share.split_once('/')?;
    Some((covered.trim().parse().ok()?, all.trim().parse().ok()?))
}
