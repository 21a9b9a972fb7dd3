//! What builders say, as steps: BuildKit in a graph of vertices, the classic builder in lines.

use std::collections::{HashMap, VecDeque};

use bollard::moby::buildkit::v1::{StatusResponse, Vertex};

use super::{BuildSaid, StepState};

/// So many of a failing step's last lines are shown.
const LAST_LINES: usize = 12;
/// A line is cut off there.
const LONGEST_LINE: usize = 400;
/// No Dockerfile has more steps.
const MOST_VERTICES: usize = 10_000;

/// The last lines of some output.
#[derive(Debug, Default)]
struct LastLines {
    whole: VecDeque<String>,
    open: String,
}

impl LastLines {
    fn push(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            let room = LONGEST_LINE.saturating_sub(self.open.chars().count());
            self.open
                .extend(piece.trim_end_matches('\n').chars().take(room));
            if piece.ends_with('\n') {
                let line = std::mem::take(&mut self.open);
                if line.trim().is_empty() {
                    continue;
                }
                self.whole.push_back(line);
                if self.whole.len() > LAST_LINES {
                    self.whole.pop_front();
                }
            }
        }
    }

    fn text(&self) -> String {
        let open = Some(&self.open).filter(|open| !open.trim().is_empty());
        let lines: Vec<&str> = self
            .whole
            .iter()
            .chain(open)
            .map(|line| line.trim_end())
            .collect();
        lines.join("\n")
    }
}

/// Says which step failed, why, and what it printed last.
fn explanation(step: Option<&str>, error: &str, last: &LastLines) -> String {
    let mut text = match step {
        Some(step) => format!("step `{step}`: {error}"),
        None => error.to_owned(),
    };
    let last = last.text();
    if !last.is_empty() {
        text.push_str("; its last lines:\n");
        text.push_str(&last);
    }
    text
}

/// BuildKit's vertices.
#[derive(Debug, Default)]
pub(super) struct KitSteps {
    known: HashMap<String, KitStep>,
}

#[derive(Debug, Default)]
struct KitStep {
    name: String,
    told: Option<StepState>,
    error: String,
    last: LastLines,
}

impl KitSteps {
    /// Takes one message.
    pub(super) fn heed(
        &mut self,
        status: &StatusResponse,
        on_said: &mut (dyn FnMut(BuildSaid) + Send),
    ) {
        for vertex in &status.vertexes {
            self.vertex(vertex, on_said);
        }
        for log in &status.logs {
            let text = String::from_utf8_lossy(&log.msg).into_owned();
            if let Some(step) = self.known.get_mut(&log.vertex) {
                step.last.push(&text);
            }
            on_said(BuildSaid::Output(text));
        }
    }

    fn vertex(&mut self, vertex: &Vertex, on_said: &mut (dyn FnMut(BuildSaid) + Send)) {
        if self.known.len() >= MOST_VERTICES && !self.known.contains_key(&vertex.digest) {
            return;
        }
        let step = self.known.entry(vertex.digest.clone()).or_default();
        step.name.clone_from(&vertex.name);
        step.error.clone_from(&vertex.error);
        let state = match (&vertex.started, &vertex.completed) {
            (_, Some(_)) if !vertex.error.is_empty() => StepState::Failed,
            (_, Some(_)) if vertex.cached => StepState::Cached,
            (_, Some(_)) => StepState::Done,
            (Some(_), None) => StepState::Started,
            (None, None) => return,
        };
        // What BuildKit does for itself, such as reading the context, is no step of the Dockerfile.
        if !vertex.name.starts_with('[') || vertex.name.starts_with("[internal]") {
            return;
        }
        if step.told == Some(state) || (step.told.is_some() && state == StepState::Started) {
            return;
        }
        if step.told.is_none() && state == StepState::Done {
            on_said(BuildSaid::Step(vertex.name.clone(), StepState::Started));
        }
        step.told = Some(state);
        on_said(BuildSaid::Step(vertex.name.clone(), state));
    }

    /// Returns why the build failed.
    pub(super) fn explain(&self, error: &str) -> String {
        // One step's failure cancels the others.
        let failed =
            |step: &&KitStep| !step.error.is_empty() && !step.error.contains("context canceled");
        let mut steps = self.known.values();
        match steps.find(failed) {
            Some(step) => {
                let error = error.strip_prefix("failed to solve: ").unwrap_or(error);
                explanation(Some(&step.name), error, &step.last)
            }
            None => error.to_owned(),
        }
    }
}

/// The classic builder's lines.
#[derive(Debug, Default)]
pub(super) struct ClassicSteps {
    /// A step that has begun and may turn out to be cached.
    begun: Option<String>,
    current: Option<String>,
    last: LastLines,
}

impl ClassicSteps {
    /// Takes one message.
    pub(super) fn heed(&mut self, text: &str, on_said: &mut (dyn FnMut(BuildSaid) + Send)) {
        if let Some(step) = step(text) {
            self.end(on_said);
            self.last = LastLines::default();
            self.current = Some(step.clone());
            self.begun = Some(step);
            return;
        }
        if text == " ---> Using cache\n" {
            if let Some(step) = self.begun.take() {
                on_said(BuildSaid::Step(step, StepState::Cached));
                self.current = None;
            }
            return;
        }
        if text.trim().is_empty() && self.begun.is_some() {
            return;
        }
        self.begin(on_said);
        let own = [
            " ---> ",
            "Removing intermediate container ",
            "Successfully built ",
            "Successfully tagged ",
        ];
        if own.iter().any(|own| text.starts_with(own)) {
            return;
        }
        self.last.push(text);
        on_said(BuildSaid::Output(text.to_owned()));
    }

    fn begin(&mut self, on_said: &mut (dyn FnMut(BuildSaid) + Send)) {
        if let Some(step) = self.begun.take() {
            on_said(BuildSaid::Step(step, StepState::Started));
        }
    }

    /// The current step is over.
    pub(super) fn end(&mut self, on_said: &mut (dyn FnMut(BuildSaid) + Send)) {
        self.begin(on_said);
        if let Some(step) = self.current.take() {
            on_said(BuildSaid::Step(step, StepState::Done));
        }
    }

    /// Returns why the build failed.
    pub(super) fn explain(
        &mut self,
        error: &str,
        on_said: &mut (dyn FnMut(BuildSaid) + Send),
    ) -> String {
        self.begin(on_said);
        let step = self.current.take();
        if let Some(step) = &step {
            on_said(BuildSaid::Step(step.clone(), StepState::Failed));
        }
        explanation(step.as_deref(), error, &self.last)
    }
}

/// Reads `Step 2/4 : RUN npm ci` as `[2/4] RUN npm ci`.
fn step(text: &str) -> Option<String> {
    let (number, what) = text.strip_prefix("Step ")?.split_once(" : ")?;
    let (some, all) = number.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(some) && is_number(all)).then(|| format!("[{number}] {}", what.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[&str]) -> (Vec<String>, ClassicSteps) {
        let mut told = Vec::new();
        let mut steps = ClassicSteps::default();
        for text in texts {
            steps.heed(text, &mut |said| {
                told.push(match said {
                    BuildSaid::Step(step, state) => format!("{state:?} {step}"),
                    BuildSaid::Output(text) => text,
                });
            });
        }
        (told, steps)
    }

    #[test]
    fn the_classic_builders_lines_are_told_as_steps() {
        let (told, mut steps) = told(&[
            "Step 1/3 : FROM a",
            "\n",
            " ---> 1234\n",
            "Step 2/3 : COPY a b",
            "\n",
            " ---> Using cache\n",
            " ---> 5678\n",
            "Step 3/3 : RUN false",
            "\n",
            " ---> Running in 9abc\n",
            "one\ntw",
            "o\n",
        ]);
        assert_eq!(
            told,
            [
                "Started [1/3] FROM a",
                "Done [1/3] FROM a",
                "Cached [2/3] COPY a b",
                "Started [3/3] RUN false",
                "one\ntw",
                "o\n"
            ]
        );
        let explained = steps.explain("exit code 1", &mut |_said| {});
        assert_eq!(
            explained,
            "step `[3/3] RUN false`: exit code 1; its last lines:\none\ntwo"
        );
    }

    #[test]
    fn of_a_steps_output_only_the_end_is_kept() {
        let mut last = LastLines::default();
        for line in 0..100 {
            last.push(&format!("{line} {}\n", "x".repeat(2 * LONGEST_LINE)));
        }
        let text = last.text();
        assert_eq!(text.lines().count(), LAST_LINES);
        assert!(text.starts_with("88 ") && text.len() <= LAST_LINES * (LONGEST_LINE + 1));
    }
}
