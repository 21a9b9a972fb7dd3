//! Plots of a group's history: SVG within the page.

use maud::{Markup, html};

use crate::report::Point;

/// The most builds of a plot; of more the newest.
const MOST: usize = 60;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 150.0;
/// What the labels on the left take.
const LEFT: f64 = 44.0;
/// What the labels below take.
const BELOW: f64 = 20.0;

/// Returns a bar a build: what passed, what failed, what was not run.
pub(super) fn tests(points: &[Point]) -> Markup {
    let points = newest(points);
    let total = |point: &Point| count(point.passed) + count(point.failed) + count(point.other);
    let most = points.iter().map(total).fold(1.0, f64::max);
    let step = (WIDTH - LEFT) / count(points.len() as u64).max(12.0);
    let bar = (step * 0.72).min(40.0);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Tests over the builds" {
            line class="grid" x1=(LEFT) x2=(WIDTH) y1=(y(0.0)) y2=(y(0.0)) {}
            text x="0" y=(figure(y(1.0) + 10.0)) { (most) }
            text x="0" y=(figure(y(0.0))) { "0" }
            @for (index, point) in points.iter().enumerate() {
                @let x = LEFT + step * count(index as u64) + (step - bar) / 2.0;
                g {
                    title { "build " (point.number) ": " (point.passed) " passed, " (point.failed) " failed, " (point.other) " not run, " (figure(point.seconds)) " s" }
                    @for (class, from, share) in stack(point, most) {
                        @if share > 0.0 {
                            rect class=(class) x=(figure(x)) width=(figure(bar)) y=(figure(y(from + share))) height=(figure((y(from) - y(from + share)).max(1.5))) {}
                        }
                    }
                }
                @if labelled(index, points.len()) {
                    text x=(figure(x + bar / 2.0)) y=(HEIGHT - 4.0) text-anchor="middle" { "#" (point.number) }
                }
            }
        }
        p class="key" {
            span { i class="g" {} "passed" }
            span { i class="b" {} "failed" }
            span { i class="o" {} "not run" }
        }
    }
}

/// Returns each part of a bar: its class, where it begins, and its height, as shares of the plot.
fn stack(point: &Point, most: f64) -> [(&'static str, f64, f64); 3] {
    let parts = [("f", point.failed), ("o", point.other), ("p", point.passed)];
    let mut from = 0.0;
    parts.map(|(class, number)| {
        let share = count(number) / most;
        let begin = from;
        from += share;
        (class, begin, share)
    })
}

/// Returns the lines of line and branch coverage.
pub(super) fn coverage(points: &[Point]) -> Markup {
    let points = newest(points);
    let shares = points
        .iter()
        .flat_map(|point| [point.lines, point.branches])
        .flatten();
    let (low, high) = shares.fold((100.0, 0.0), |(low, high): (f64, f64), share| {
        (low.min(share), high.max(share))
    });
    // A change of a tenth of a point is seen, and one of ten is not all of the plot.
    let (low, high) = ((low - 2.0).max(0.0).floor(), (high + 2.0).min(100.0).ceil());
    let step = (WIDTH - LEFT - 20.0) / count(points.len().saturating_sub(1) as u64).max(1.0);
    let x = |index: usize| LEFT + 10.0 + step * count(index as u64);
    let line = |share: fn(&Point) -> Option<f64>| -> Vec<(f64, f64, f64)> {
        let places = points.iter().enumerate();
        let places = places.filter_map(|(index, point)| {
            let share = share(point)?;
            Some((x(index), y((share - low) / (high - low).max(1.0)), share))
        });
        places.collect()
    };
    let curves = [
        ("branches", line(|point| point.branches)),
        ("lines", line(|point| point.lines)),
    ];
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Coverage over the builds" {
            @for (share, label) in [(0.0, low), (1.0, high)] {
                line class="grid" x1=(LEFT) x2=(WIDTH) y1=(figure(y(share))) y2=(figure(y(share))) {}
                text x="0" y=(figure(y(share) + 4.0)) { (label) " %" }
            }
            @for (class, places) in &curves {
                polyline class=(class) points=(path(places)) {}
                @for (x, y, share) in places {
                    circle class=(format!("{class}-dot")) cx=(figure(*x)) cy=(figure(*y)) r="3" {
                        title { (class) " " (format!("{share:.2}")) " %" }
                    }
                }
            }
            @for (index, point) in points.iter().enumerate() {
                @if labelled(index, points.len()) {
                    text x=(figure(x(index))) y=(HEIGHT - 4.0) text-anchor="middle" { "#" (point.number) }
                }
            }
        }
        p class="key" {
            span { i class="g" {} "lines" }
            span { i class="blue-dot" {} "branches" }
        }
    }
}

fn newest(points: &[Point]) -> &[Point] {
    points
        .get(points.len().saturating_sub(MOST)..)
        .unwrap_or(points)
}

/// Tells whether a build has its number below it: about twelve have, the newest among them.
fn labelled(index: usize, all: usize) -> bool {
    (all - 1 - index).is_multiple_of(all.div_ceil(12))
}

fn y(share: f64) -> f64 {
    let top = 8.0;
    top + (HEIGHT - BELOW - top) * (1.0 - share)
}

fn path(places: &[(f64, f64, f64)]) -> String {
    let places = places
        .iter()
        .map(|(x, y, _)| format!("{},{}", figure(*x), figure(*y)));
    places.collect::<Vec<_>>().join(" ")
}

fn figure(number: f64) -> String {
    format!("{number:.1}")
}

#[expect(clippy::cast_precision_loss, reason = "for a plot")]
fn count(number: u64) -> f64 {
    number as f64
}
