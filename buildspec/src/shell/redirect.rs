//! Redirections, and the here-documents that they announce.

use std::borrow::Cow;

use super::scan::{List, Scanner, Until};
use super::{Bashism, Fault, Nesting, Redirect};

/// A here-document whose body starts behind the next line break.
#[derive(Debug)]
pub(super) struct HereDocument<'a> {
    delimiter: Cow<'a, str>,
    strips_tabs: bool,
    expands: bool,
    /// Where its delimiter is announced.
    pub(super) start: usize,
}

impl<'a> Scanner<'a> {
    /// Reads a redirection with its target.
    pub(super) fn redirect(&mut self, stream: &'a str, list: &mut List<'a>) {
        const OPERATORS: [&str; 13] = [
            "&>>", "<<<", "<<-", "&>", "<<", "<&", "<>", ">>", ">&", ">|", "<(", ">(", "<",
        ];
        let start = self.at;
        let rest = self.rest();
        let known = OPERATORS.into_iter().find(|known| rest.starts_with(known));
        let operator = known.unwrap_or(">");
        self.at += operator.len();
        match operator {
            "&>" | "&>>" => self.bashism(Bashism::BothStreams, start),
            "<<<" => self.bashism(Bashism::HereString, start),
            "<(" | ">(" => {
                self.bashism(Bashism::ProcessSubstitution, start);
                return self.list(Until::Parenthesis, Nesting::Substitution, start);
            }
            _ => {}
        }
        self.blanks();
        let mut target = self.word();
        if matches!(operator, "<<" | "<<-") {
            let is_quoted = target.raw.contains(['\'', '"', '\\']);
            self.here_documents.push(HereDocument {
                delimiter: target.literal().unwrap_or(target.raw.into()),
                strips_tabs: operator == "<<-",
                expands: !is_quoted,
                start: target.start,
            });
            target.raw = "";
        }
        if let (None, Some(first)) = (&list.current, list.closed) {
            if operator.contains('>') && matches!(stream, "" | "1") {
                self.amend_group(first, |command| command.is_captured = true);
            }
            return;
        }
        let current = list.command(start);
        current.end = self.at;
        current.redirects.push(Redirect {
            operator,
            stream,
            target,
        });
    }

    /// Skips the bodies of the here-documents that were announced on the line before.
    pub(super) fn here_bodies(&mut self) {
        for document in std::mem::take(&mut self.here_documents) {
            let start = self.at;
            let mut end = None;
            while self.at < self.text.len() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                let line_start = self.at;
                self.at = (self.at + line.len() + 1).min(self.text.len());
                let bare = if document.strips_tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                if bare == document.delimiter {
                    end = Some(line_start);
                    break;
                }
            }
            if end.is_none() {
                self.fault(Fault::OpenHereDocument {
                    start: document.start,
                });
            }
            if document.expands {
                self.references_in(start, end.unwrap_or(self.text.len()));
            }
        }
    }
}
