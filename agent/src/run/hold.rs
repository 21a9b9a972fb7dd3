//! Where a build is held for somebody to look, as its journal tells it.

use crate::model::{EventKind, HoldAnswer, HoldReason};

/// Whether and where the build is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nobody asked for it: this build is never held.
    Off,
    /// It runs. The command that failed a moment ago, if one did, can be held.
    Free { failed: Option<u32> },
    /// It waits at a command.
    At { number: u32, reason: HoldReason },
}

impl Hold {
    pub(super) fn new(debug: bool) -> Self {
        if debug {
            Self::Free { failed: None }
        } else {
            Self::Off
        }
    }

    /// A command begins.
    pub(super) fn started(&mut self) {
        if let Self::Free { failed } = self {
            *failed = None;
        }
    }

    /// A command is over; a breakpoint in it that was never left, because its process was killed, holds nothing more.
    pub(super) fn ended(&mut self, number: u32, status: i32) -> Option<EventKind> {
        let left = self.breakpoint_left();
        if let Self::Free { failed } = self {
            *failed = (status != 0).then_some(number);
        }
        left
    }

    /// The driver holds a command; `None` when it is not this one that failed: then the driver did not say so.
    pub(super) fn held(&mut self, number: u32) -> Option<EventKind> {
        if *self
            != (Self::Free {
                failed: Some(number),
            })
        {
            return None;
        }
        let reason = HoldReason::Failure;
        *self = Self::At { number, reason };
        Some(EventKind::CommandHeld { number, reason })
    }

    /// The driver was answered; `None` when it did not hold this command.
    pub(super) fn answered(&mut self, number: u32, answer: HoldAnswer) -> Option<EventKind> {
        let reason = HoldReason::Failure;
        if *self != (Self::At { number, reason }) {
            return None;
        }
        *self = Self::Free { failed: None };
        Some(EventKind::CommandResumed { number, answer })
    }

    /// A process of the running command is at a breakpoint. It is one of the build's own, and there may be several: what
    /// does not fit is not heeded.
    pub(super) fn breakpoint(&mut self, current: Option<u32>) -> Option<EventKind> {
        let (Self::Free { .. }, Some(number)) = (*self, current) else {
            return None;
        };
        let reason = HoldReason::Breakpoint;
        *self = Self::At { number, reason };
        Some(EventKind::CommandHeld { number, reason })
    }

    /// It goes on from there.
    pub(super) fn breakpoint_left(&mut self) -> Option<EventKind> {
        let Self::At {
            number,
            reason: HoldReason::Breakpoint,
        } = *self
        else {
            return None;
        };
        *self = Self::Free { failed: None };
        let answer = HoldAnswer::GoOn;
        Some(EventKind::CommandResumed { number, answer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_that_just_failed_is_held_and_only_a_held_one_is_answered() {
        let mut hold = Hold::new(true);
        hold.started();
        assert_eq!(hold.held(1), None, "it runs");
        assert_eq!(hold.ended(1, 0), None);
        assert_eq!(hold.held(1), None, "it succeeded");
        hold.started();
        assert_eq!(hold.ended(2, 3), None);
        assert_eq!(hold.answered(2, HoldAnswer::Skip), None, "not held yet");
        assert_eq!(hold.held(1), None, "another one");
        assert!(hold.held(2).is_some());
        assert_eq!(hold.held(2), None, "twice");
        assert!(hold.answered(2, HoldAnswer::Retry).is_some());
        assert_eq!(hold.answered(2, HoldAnswer::Retry), None, "twice");
    }

    #[test]
    fn a_build_without_debug_is_never_held() {
        let mut hold = Hold::new(false);
        hold.started();
        hold.ended(1, 1);
        assert_eq!(hold.held(1), None);
        assert_eq!(hold.breakpoint(Some(1)), None);
    }

    #[test]
    fn a_breakpoint_ends_with_its_command_at_the_latest() {
        let mut hold = Hold::new(true);
        hold.started();
        assert!(hold.breakpoint(Some(1)).is_some());
        assert_eq!(hold.breakpoint(Some(1)), None, "a second process");
        let answer = HoldAnswer::GoOn;
        let resumed = EventKind::CommandResumed { number: 1, answer };
        assert_eq!(hold.ended(1, 1), Some(resumed));
        assert_eq!(hold.breakpoint_left(), None);
        assert!(hold.held(1).is_some(), "its failure can be held");
    }
}
