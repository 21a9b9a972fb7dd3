//! Tables without lines and without padding, for terminals and pipes alike.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

/// Returns an empty table.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

/// Returns a table's text without the padding around it.
pub fn lines(table: &Table) -> String {
    let lines: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    lines.join("\n")
}
