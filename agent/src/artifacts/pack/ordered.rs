//! Work in parallel whose results are taken in order, with a bound on what waits to be taken.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Calls `make` for each number below `count`, on all processors, and `take` with the results, in the order of the numbers.
///
/// `weigh` says what a piece takes of `budget` while it waits to be taken; none is begun while all of it is taken, unless it
/// is the one that is waited for, so that nothing can block. The first error of `take` ends all.
pub(super) fn ordered<T: Send, E>(
    count: usize,
    budget: u64,
    weigh: impl Fn(&T) -> u64 + Sync,
    make: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let counter = AtomicUsize::new(0);
    let queue = Queue::default();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // Also when `take` fails or panics, nobody may go on waiting.
        let end = End(&queue);
        for _ in 0..processors.min(count) {
            scope.spawn(|| {
                // Also when `make` panics: the one who waits for the piece must hear of it.
                let alone = End(&queue);
                loop {
                    let number = counter.fetch_add(1, Ordering::Relaxed);
                    if number >= count || !queue.begin(number, budget) {
                        break;
                    }
                    let piece = make(number);
                    let weight = weigh(&piece);
                    queue.put(number, piece, weight);
                }
                if !thread::panicking() {
                    std::mem::forget(alone);
                }
            });
        }
        let mut taken = Ok(());
        while let Some(piece) = queue.take(count) {
            taken = take(piece);
            if taken.is_err() {
                break;
            }
        }
        drop(end);
        taken
    })
}

struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// The number that is taken next.
    next: usize,
    /// What is made and not taken, with its weight.
    made: BTreeMap<usize, (T, u64)>,
    /// The weight of all that is made and not taken.
    weight: u64,
    over: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = State {
            next: 0,
            made: BTreeMap::new(),
            weight: 0,
            over: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a piece may be made; false when none is wanted any more.
    fn begin(&self, number: usize, budget: u64) -> bool {
        let is_early =
            |state: &mut State<T>| !state.over && number != state.next && state.weight >= budget;
        let waited = self.changed.wait_while(self.lock(), is_early);
        !waited.unwrap_or_else(PoisonError::into_inner).over
    }

    fn put(&self, number: usize, piece: T, weight: u64) {
        let mut state = self.lock();
        state.made.insert(number, (piece, weight));
        state.weight = state.weight.saturating_add(weight);
        if number == state.next {
            self.changed.notify_all();
        }
    }

    /// Waits for the next piece; `None` when there is none left.
    fn take(&self, count: usize) -> Option<T> {
        let is_missing = |state: &mut State<T>| {
            !state.over && state.next < count && !state.made.contains_key(&state.next)
        };
        let waited = self.changed.wait_while(self.lock(), is_missing);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let next = state.next;
        let (piece, weight) = state.made.remove(&next)?;
        state.next += 1;
        state.weight = state.weight.saturating_sub(weight);
        self.changed.notify_all();
        Some(piece)
    }
}

/// Wakes everybody when it is dropped.
struct End<'a, T>(&'a Queue<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_taken_in_order_whoever_makes_them_first() {
        let mut taken = Vec::new();
        let done: Result<(), ()> = ordered(
            1_000,
            7,
            |number: &usize| (number % 11) as u64,
            |number| number,
            |piece| {
                taken.push(piece);
                Ok(())
            },
        );
        assert_eq!(done, Ok(()));
        assert!(taken.iter().copied().eq(0..1_000));
    }

    #[test]
    fn an_error_of_the_taker_ends_all() {
        let made = AtomicUsize::new(0);
        let done = ordered(
            100_000,
            4,
            |_| 1,
            |_| made.fetch_add(1, Ordering::Relaxed),
            |piece| if piece < 10 { Ok(()) } else { Err(piece) },
        );
        assert!(done.is_err());
        assert!(made.into_inner() < 1_000);
    }
}
