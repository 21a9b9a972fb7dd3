//! `commands` and `finally`: one text, one script (reference §1.2).

use super::Reader;
use super::phases::PHASE;
use super::scalar::spanned;
use crate::finding::{ClientMessage, Finding};
use crate::span::Spanned;
use crate::tree::{Entry, Node, Value};

/// Reads a list of commands; a single text counts as a list of one.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Spanned<String>> {
    let Value::List(items) = &entry.value.value else {
        if let Value::Scalar { text, plain: true } = &entry.value.value
            && text.starts_with('-')
        {
            let message = "A `-` without a space behind it begins no list item";
            let finding = Finding::warning("list.no-space", entry.value.span, message);
            reader.report(finding.with_help("Write `- ` before each command"));
        }
        return reader.texts(&PHASE, entry);
    };
    let mut commands = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::Scalar { text, .. } => commands.push(spanned(text, item)),
            Value::Null => reader.empty_item(&PHASE, entry, index, item),
            Value::List(_) | Value::Map(_) => not_text(reader, entry, index, item),
        }
    }
    commands
}

/// Reports a command that YAML takes for a mapping or a list, as CodeBuild does (§1.2).
fn not_text(reader: &mut Reader<'_>, entry: &Entry, index: usize, item: &Node) {
    let line = reader.line(item.span);
    let list = match entry.key.value.as_str() {
        "finally" => "Finally",
        _ => "Commands",
    };
    let answer = format!(
        "Expected {list}[{index}] to be of string type: found subkeys instead at line {line}, \
         value of the key tag on line {} might be empty",
        line.saturating_sub(1)
    );
    let help = match item.value {
        Value::Map(_) => {
            "YAML reads `: ` as a key and its value; put the whole command in single \
                          quotes, or below `- |` on its own lines"
        }
        _ => "Take away the second `- `, or put the whole command in single quotes",
    };
    let what = format!(
        "Command {} of `{}` must be text",
        index + 1,
        entry.key.value
    );
    let message = format!("{what}, not {}", item.value.kind());
    reader.report(
        Finding::error("phase.command-not-text", item.span, message)
            .with_help(help)
            .with_status(ClientMessage::yaml_file_error(answer)),
    );
}
