//! The caller's terminal, lent to a process elsewhere, and given back as it was.

use std::io::{self, IsTerminal as _, Read as _};
use std::thread;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc::{Receiver, channel};

/// A terminal that passes every key on; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Raw {
    before: Termios,
}

impl Raw {
    /// Takes the terminal of standard input.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Returns whether somebody sits in front of both ends.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Returns columns and rows.
pub(super) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Returns what is typed or piped in, piece by piece.
///
/// A thread of its own reads it, because a read cannot be given up; it ends with the program.
pub(super) fn input() -> Receiver<Vec<u8>> {
    let (tell, told) = channel(4);
    thread::spawn(move || {
        let mut piece = vec![0; 16 * 1024];
        loop {
            match io::stdin().read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) | Ok(0) => return,
                Ok(length) => {
                    let read = piece.get(..length).unwrap_or_default().to_vec();
                    if tell.blocking_send(read).is_err() {
                        return;
                    }
                }
            }
        }
    });
    told
}
