//! The rooms import only what the table in `ARCHITECTURE.md` lets them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::checkout;

/// Room → the rooms that it may import.
type Table = BTreeMap<String, Vec<String>>;

/// Reads the import table: rows ``| `room` | job | `other`, `another` |`` below the heading "The rooms".
fn table(architecture: &str) -> Table {
    let rows = architecture
        .lines()
        .skip_while(|line| !line.starts_with("## The rooms"))
        .filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let names = |cell: &str| -> Vec<String> {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let room = names(cells.first().unwrap_or(&""));
        let imports = names(cells.last().unwrap_or(&""));
        (room.first().cloned().unwrap_or_default(), imports)
    })
    .collect()
}

/// Returns what `text`, a file of `room`, imports against the table.
fn violations(table: &Table, room: &str, text: &str) -> Vec<String> {
    let Some(allowed) = table.get(room) else {
        return vec![format!(
            "room `{room}` is not in the table of ARCHITECTURE.md"
        )];
    };
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let rest = line.get(at + "crate::".len()..).unwrap_or_default();
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let other = rest.get(..end).unwrap_or_default();
            let comment = line.trim_start().starts_with("//");
            if !comment && !other.is_empty() && other != room && !allowed.iter().any(|a| a == other)
            {
                found.push(format!("line {}: `{room}` imports `{other}`", index + 1));
            }
        }
    }
    found
}

/// Every source file of the agent, with the room that it is in.
fn sources() -> Vec<(String, PathBuf)> {
    let root = checkout().join("agent/src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((room(path.strip_prefix(&root).unwrap()), path));
            }
        }
    }
    files
}

/// `run/follow.rs` is in `run`, `aws.rs` is `aws`.
fn room(path: &Path) -> String {
    let first = path.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn architecture() -> Table {
    let table = table(&fs::read_to_string(checkout().join("ARCHITECTURE.md")).unwrap());
    assert!(
        table.len() > 10,
        "the import table of ARCHITECTURE.md was not found: {table:?}"
    );
    table
}

#[test]
fn every_room_imports_only_what_the_table_allows() {
    let table = architecture();
    let mut all = Vec::new();
    for (room, path) in sources() {
        // The two roots of the crate name every room.
        if room == "lib" || room == "main" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for violation in violations(&table, &room, &text) {
            all.push(format!("{}: {violation}", path.display()));
        }
    }
    assert_eq!(
        all,
        [] as [String; 0],
        "mend the import, or the table with its reason"
    );
}

#[test]
fn a_planted_wrong_import_is_found() {
    let table = architecture();
    for planted in [
        "use crate::run::run_build;",
        "use crate::{cli::main};\nfn f() { crate::sink::result(); }",
        "    let x = crate::engine::Docker::at(\"\");",
    ] {
        assert_ne!(
            violations(&table, "plan", planted),
            [] as [String; 0],
            "{planted}"
        );
    }
    assert_eq!(
        violations(&table, "plan", "use crate::model::Phase;\n// crate::run"),
        [] as [String; 0]
    );
    assert_ne!(violations(&table, "unheard_of", ""), [] as [String; 0]);
}

#[test]
fn every_room_of_the_table_exists() {
    let rooms: Vec<String> = sources().into_iter().map(|(room, _)| room).collect();
    for room in architecture().keys() {
        assert!(
            rooms.contains(room),
            "ARCHITECTURE.md names `{room}`, and there is no such room"
        );
    }
}
