//! The one voice of a build: takes secrets out, numbers and stamps events, folds the record, keeps the journal.

use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;

use super::phase_end::PhaseEnd;
use super::redaction::Redaction;
use crate::journal::{EventFile, JournalError};
use crate::model::{BuildEvent, BuildRecord, Edit, EventKind, Phase};

/// Tells events.
pub(super) struct Teller<'a> {
    seq: u64,
    last: Timestamp,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    on_event: &'a mut (dyn FnMut(&BuildEvent) + Send),
    journal: Result<EventFile, JournalError>,
    redaction: Box<Redaction>,
    aside: Option<Receiver<EventKind>>,
    pub(super) record: BuildRecord,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        journal: Result<EventFile, JournalError>,
        clock: &'a (dyn Fn() -> Timestamp + Sync),
        on_event: &'a mut (dyn FnMut(&BuildEvent) + Send),
    ) -> Self {
        let last = Timestamp::UNIX_EPOCH;
        Self {
            seq: 0,
            last,
            clock,
            on_event,
            journal,
            redaction: Box::default(),
            aside: None,
            record: BuildRecord::default(),
        }
    }

    /// Tells what a lent engine has to say along with whatever is told next: before the output of the command that it is of.
    pub(super) fn listen(&mut self, heard: Receiver<EventKind>) {
        self.aside = Some(heard);
    }

    /// Returns the time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Tells that something happened now.
    pub(super) fn tell(&mut self, kind: EventKind) {
        let now = self.now();
        self.tell_at(now, kind);
    }

    /// Takes these secrets, name and value, out of everything that is told from now on.
    pub(super) fn hide<'s>(&mut self, secrets: impl IntoIterator<Item = (&'s str, &'s str)>) {
        self.redaction.learn(secrets);
    }

    /// Tells which secrets cannot be hidden.
    pub(super) fn warn_of_short_secrets(&mut self) {
        if let Some((message, help)) = self.redaction.warning() {
            self.warn(message, help);
        }
    }

    /// Tells that something happened at `time`; never earlier than what was told before.
    pub(super) fn tell_at(&mut self, time: Timestamp, mut kind: EventKind) {
        self.tell_aside(time);
        if let EventKind::Output { text } = &kind {
            let text = self.redaction.output(text);
            self.tell_output(time, text);
            return;
        }
        // Nothing of the output stays behind what comes after it.
        let text = self.redaction.rest();
        self.tell_output(time, text);
        self.redaction.clean(&mut kind);
        self.tell_clean(time, kind);
    }

    /// Output that is held back for what may be a secret stays held back.
    fn tell_aside(&mut self, time: Timestamp) {
        while let Some(mut kind) = self.aside.as_mut().and_then(|aside| aside.try_recv().ok()) {
            self.redaction.clean(&mut kind);
            self.tell_clean(time, kind);
        }
    }

    fn tell_output(&mut self, time: Timestamp, text: Option<String>) {
        if let Some(text) = text {
            self.tell_clean(time, EventKind::Output { text });
        }
    }

    fn tell_clean(&mut self, time: Timestamp, kind: EventKind) {
        self.last = time.max(self.last);
        self.seq += 1;
        let event = BuildEvent {
            seq: self.seq,
            time: self.last,
            kind,
        };
        self.record.apply(&event);
        // Output is on disk already, in the log that the container writes.
        if !matches!(event.kind, EventKind::Output { .. })
            && let Ok(journal) = &mut self.journal
            && let Err(error) = journal.append(&event)
        {
            self.journal = Err(error);
        }
        (self.on_event)(&event);
    }

    /// Takes the build's secrets out of texts that are kept and not told.
    pub(super) fn clean_each(&self, edit_texts: impl FnOnce(&mut Edit<'_>)) {
        self.redaction.clean_each(edit_texts);
    }

    /// Tells a warning and its next step.
    pub(super) fn warn(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.tell(EventKind::Warning {
            message: message.into(),
            help: Some(help.into()),
        });
    }

    /// Tells that a phase is over.
    pub(super) fn finish(&mut self, phase: Phase, end: &PhaseEnd) {
        self.tell(EventKind::PhaseFinished {
            phase,
            verdict: end.verdict,
            contexts: end.contexts.clone(),
        });
    }

    /// Returns why the journal is no longer kept.
    pub(super) fn journal_failure(&mut self) -> Option<PhaseEnd> {
        let end = self.journal.as_ref().err().map(|error| {
            PhaseEnd::fault(
                error.to_string(),
                "free space there, or keep builds elsewhere with UNDERSTUDY_HOME",
            )
        })?;
        Some(end)
    }
}
