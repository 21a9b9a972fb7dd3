//! Work on many folders at a time. Small files cost system calls, not bandwidth, so a few threads
//! help and more of them only queue up in the kernel.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::error::CacheError;

/// How many threads one operation has: two even on one core, as one of them may wait for the disk.
const WORKERS: RangeInclusive<usize> = 2..=4;

/// Calls `work` for every item, on several threads, and returns the results in the items' order.
/// After an error no further item is begun, and the first error seen is returned.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, CacheError> + Sync,
) -> Result<Vec<R>, CacheError> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return Ok(done);
            };
            match work(item) {
                Ok(result) => done.push((index, result)),
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = cores
        .clamp(*WORKERS.start(), *WORKERS.end())
        .min(items.len());
    let outcomes: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(worker)).collect();
        let mut outcomes = vec![worker()];
        for other in others {
            outcomes.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        outcomes
    });
    let mut results = Vec::with_capacity(items.len());
    for outcome in outcomes {
        results.extend(outcome?);
    }
    results.sort_unstable_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = in_parallel(&items, |item| Ok(item * 2)).expect("no item fails");
        assert_eq!(
            doubled,
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(
            in_parallel(&[], |item: &u32| Ok(*item))
                .expect("nothing to do")
                .is_empty()
        );
    }

    #[test]
    fn error_is_returned_in_place_of_the_results() {
        let items: Vec<u32> = (0..1000).collect();
        let outcome = in_parallel(&items, |item| match item {
            700 => Err(CacheError::RepeatedRoot { id: "seven".into() }),
            _ => Ok(*item),
        });
        assert!(matches!(outcome, Err(CacheError::RepeatedRoot { .. })));
    }
}
