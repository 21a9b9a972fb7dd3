//! Work that blocks, on a thread of its own, and ends early when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `work`; when this future is dropped, the flag that the work was given becomes true.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Arc<AtomicBool>) -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&abandoned);
    let _guard = Guard(abandoned);
    tokio::task::spawn_blocking(move || work(&seen)).await
}

struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told() {
        let (told, heard) = tokio::sync::oneshot::channel();
        let work = blocking(move |abandoned| {
            while !abandoned.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
        });
        tokio::select! {
            biased;
            _ = work => panic!("the work cannot end by itself"),
            () = tokio::task::yield_now() => {}
        }
        heard.await.unwrap();
    }
}
