//! Work on many folders at a time. Small files cost system calls, not bandwidth, so a few threads
//! help and more of them only queue up in the kernel.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
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
    let mut results = Vec::with_capacity(items.len());
    for outcome in on_threads(workers().min(items.len()), worker) {
        results.extend(outcome?);
    }
    results.sort_unstable_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// Calls `work` for the first item and for every one that it puts into its second argument, on several threads, and
/// returns the results in no order. After an error no further item is begun, and the first error seen is returned.
pub(crate) fn walk_in_parallel<T: Send, R: Send>(
    first: T,
    work: impl Fn(T, &mut Vec<T>) -> Result<R, CacheError> + Sync,
) -> Result<Vec<R>, CacheError> {
    let queue = Queue {
        state: Mutex::new((vec![first], 0)),
        changed: Condvar::new(),
    };
    let worker = || {
        let mut done = Vec::new();
        let mut more = Vec::new();
        while let Some(item) = queue.take() {
            match work(item, &mut more) {
                Ok(result) => done.push(result),
                Err(error) => {
                    queue.give_up();
                    return Err(error);
                }
            }
            queue.put(&mut more);
        }
        Ok(done)
    };
    let mut results = Vec::new();
    for outcome in on_threads(workers(), worker) {
        results.extend(outcome?);
    }
    Ok(results)
}

/// Items that wait, and how many are worked on: these may bring more.
struct Queue<T> {
    state: Mutex<(Vec<T>, usize)>,
    changed: Condvar,
}

impl<T> Queue<T> {
    /// Takes an item, or waits for one; `None` when there will be no more.
    fn take(&self) -> Option<T> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing_yet = |state: &mut (Vec<T>, usize)| state.0.is_empty() && state.1 > 0;
        let waited = self.changed.wait_while(state, nothing_yet);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let item = state.0.pop()?;
        state.1 += 1;
        Some(item)
    }

    /// Says that an item is done, and what it brought.
    fn put(&self, more: &mut Vec<T>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.append(more);
        state.1 = state.1.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Lets nobody begin another item.
    fn give_up(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (Vec::new(), 0);
        drop(state);
        self.changed.notify_all();
    }
}

fn workers() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.clamp(*WORKERS.start(), *WORKERS.end())
}

/// Runs `worker` on so many threads, this one among them, and returns what each returned.
fn on_threads<R: Send>(threads: usize, worker: impl Fn() -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&worker)).collect();
        let mut outcomes = vec![worker()];
        for other in others {
            outcomes.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        outcomes
    })
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

    #[test]
    fn walk_meets_what_its_items_bring() {
        // A tree of numbers: each has two below it, until 1000.
        let below = |item: u32| [2 * item, 2 * item + 1].into_iter().filter(|n| *n < 1000);
        let walked = walk_in_parallel(1, |item, more: &mut Vec<u32>| {
            more.extend(below(item));
            Ok(item)
        });
        let mut walked = walked.expect("no item fails");
        walked.sort_unstable();
        assert_eq!(walked, (1..1000).collect::<Vec<_>>());
    }

    #[test]
    fn walk_ends_at_an_error() {
        let outcome = walk_in_parallel(1, |item: u32, more: &mut Vec<u32>| {
            more.push(item + 1);
            match item {
                700 => Err(CacheError::RepeatedRoot { id: "seven".into() }),
                _ => Ok(item),
            }
        });
        assert!(matches!(outcome, Err(CacheError::RepeatedRoot { .. })));
    }
}
