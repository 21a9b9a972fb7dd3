//! The table on screen.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::measure::Figure;

/// Returns all figures as a table.
pub(crate) fn draw(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "id", "work", "ours", "rival", "", "ratio", "spread", "aim", "reached",
    ]);
    for figure in figures {
        table.add_row([
            figure.id.to_owned(),
            figure.work.clone(),
            format!("{:.2} {}", figure.ours, figure.unit),
            format!("{:.2} {}", figure.rival, figure.unit),
            figure.rival_name.clone(),
            format!("{:.2}", figure.ratio),
            format!("{:.2}–{:.2}", figure.spread[0], figure.spread[1]),
            format!("{:.2}", figure.aim),
            if figure.reached { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    for column in [2, 3, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
