//! The ranges that must not get out.

use std::ops::Range;

/// Ranges of a buffer, merged where they overlap or touch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cover(Vec<Range<usize>>);

impl Cover {
    /// Ranges may come in any order; those that come in the order of their ends stay few.
    pub(crate) fn add(&mut self, mut range: Range<usize>) {
        while let Some(last) = self.0.last()
            && last.start <= range.end
            && range.start <= last.end
        {
            range = range.start.min(last.start)..range.end.max(last.end);
            self.0.pop();
        }
        if !range.is_empty() {
            self.0.push(range);
        }
    }

    /// Puts ranges that came from different searches in order.
    pub(crate) fn settle(&mut self) {
        if self.0.is_sorted_by_key(|range| range.start) {
            return;
        }
        let mut ranges = std::mem::take(&mut self.0);
        ranges.sort_unstable_by_key(|range| range.start);
        for range in ranges {
            self.add(range);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }

    /// Forgets what lies before `start`, which becomes the beginning.
    pub(crate) fn advance(&mut self, start: usize) {
        self.0.retain_mut(|range| {
            *range = range.start.saturating_sub(start)..range.end.saturating_sub(start);
            range.start < range.end
        });
    }
}
