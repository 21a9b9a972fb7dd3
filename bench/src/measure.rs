//! Pairs of runs, and the ratio that comes of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One measured line, in the form that `target/bench.json` keeps.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// The benchmark's id.
    pub(crate) id: &'static str,
    /// What is done.
    pub(crate) work: String,
    /// Our median, in `unit`.
    pub(crate) ours: f64,
    /// The rival's median, in `unit`.
    pub(crate) rival: f64,
    /// Who or what the rival is.
    pub(crate) rival_name: String,
    /// The unit of both.
    pub(crate) unit: &'static str,
    /// The rival's time over ours, median over the pairs.
    pub(crate) ratio: f64,
    /// The lowest and the highest ratio of a pair.
    pub(crate) spread: [f64; 2],
    /// The ratio that we aim at, or more.
    pub(crate) aim: f64,
    /// Whether it is reached.
    pub(crate) reached: bool,
}

/// What is measured, before it is.
#[derive(Debug)]
pub(crate) struct Race {
    pub(crate) id: &'static str,
    pub(crate) work: String,
    pub(crate) rival_name: String,
    pub(crate) aim: f64,
    pub(crate) pairs: usize,
}

impl Race {
    /// Runs ours and the rival's in turn, once unmeasured and then `pairs` times.
    pub(crate) fn run(
        self,
        mut ours: impl FnMut() -> Result<(), String>,
        mut rival: impl FnMut() -> Result<(), String>,
    ) -> Result<Figure, String> {
        self.of_times(|| Ok((timed(&mut ours)?, timed(&mut rival)?)))
    }

    /// The same where both sides tell their milliseconds themselves.
    pub(crate) fn of_times(
        self,
        mut pair: impl FnMut() -> Result<(f64, f64), String>,
    ) -> Result<Figure, String> {
        pair()?;
        let mut times = Vec::new();
        for _ in 0..self.pairs {
            times.push(pair()?);
        }
        let ratios = sorted(times.iter().map(|(ours, rival)| rival / ours));
        let ratio = median(&ratios);
        let ends = [ratios.first(), ratios.last()];
        Ok(Figure {
            id: self.id,
            work: self.work,
            ours: median(&sorted(times.iter().map(|(ours, _)| *ours))),
            rival: median(&sorted(times.iter().map(|(_, rival)| *rival))),
            rival_name: self.rival_name,
            unit: "ms",
            ratio,
            spread: ends.map(|end| end.copied().unwrap_or_default()),
            aim: self.aim,
            reached: ratio >= self.aim,
        })
    }
}

/// Returns how many milliseconds something takes.
fn timed(work: &mut impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let start = Instant::now();
    work()?;
    let took: Duration = start.elapsed();
    Ok(took.as_secs_f64() * 1_000.0)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
