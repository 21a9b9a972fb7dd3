//! One event to many sinks. One that fails is set aside, and never stops the build or the others.

use std::io;

use super::Sink;
use crate::model::{BuildEvent, BuildRecord};

/// The sinks of a build.
#[derive(Default)]
pub struct Fanout {
    sinks: Vec<Box<dyn Sink>>,
    failed: Vec<(&'static str, io::Error)>,
}

impl std::fmt::Debug for Fanout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.sinks.iter().map(|sink| sink.name()))
            .finish()
    }
}

impl Fanout {
    /// Adds a sink.
    pub fn add(&mut self, sink: impl Sink + 'static) {
        self.sinks.push(Box::new(sink));
    }

    /// Gives an event to every sink that still works.
    pub fn event(&mut self, event: &BuildEvent) {
        self.each(|sink| sink.event(event));
    }

    /// Ends all sinks; returns those that failed, and why. A reader that went away is no failure.
    pub fn finish(mut self, record: &BuildRecord) -> Vec<(&'static str, io::Error)> {
        self.each(|sink| sink.finish(record));
        self.failed
            .retain(|(_, error)| error.kind() != io::ErrorKind::BrokenPipe);
        self.failed
    }

    fn each(&mut self, mut give: impl FnMut(&mut Box<dyn Sink>) -> io::Result<()>) {
        let failed = &mut self.failed;
        self.sinks.retain_mut(|sink| match give(sink) {
            Ok(()) => true,
            Err(error) => {
                failed.push((sink.name(), error));
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::model::EventKind;

    static HEARD: AtomicU32 = AtomicU32::new(0);

    struct Works;
    struct Fails;

    impl Sink for Works {
        fn name(&self) -> &'static str {
            "works"
        }
        fn event(&mut self, _event: &BuildEvent) -> io::Result<()> {
            HEARD.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        fn finish(&mut self, _record: &BuildRecord) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Fails {
        fn name(&self) -> &'static str {
            "fails"
        }
        fn event(&mut self, _event: &BuildEvent) -> io::Result<()> {
            Err(io::Error::other("no room"))
        }
        fn finish(&mut self, _record: &BuildRecord) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_fails_is_set_aside_once_and_the_others_go_on() {
        let mut fanout = Fanout::default();
        fanout.add(Fails);
        fanout.add(Works);
        let event = BuildEvent {
            seq: 1,
            time: Timestamp::UNIX_EPOCH,
            kind: EventKind::EnvironmentReady,
        };
        fanout.event(&event);
        fanout.event(&event);
        assert_eq!(HEARD.load(Ordering::Relaxed), 2);
        let failed = fanout.finish(&BuildRecord::default());
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].0, "fails");
    }
}
