//! What a build may use of a machine.

/// Limits of a build; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Thousandths of a processor.
    pub millicpus: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}
