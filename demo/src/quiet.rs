//! Keys typed during the demo are not echoed into the picture. Ctrl-C stays a signal. Used by `screen`.

use std::io::{IsTerminal, stdin};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr};

/// Puts the terminal back as it was when dropped.
#[derive(Debug)]
pub(crate) struct Quiet {
    before: Termios,
}

impl Quiet {
    /// Nothing where standard input is no terminal, or belongs to another program now.
    pub(crate) fn keep() -> Option<Self> {
        let is_ours = stdin().is_terminal() && tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp());
        // Without it typed keys are seen, and no more than that is lost.
        let before = is_ours.then(|| tcgetattr(stdin()).ok())??;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Of a terminal that was closed nothing can be put back.
        let _ = tcflush(stdin(), QueueSelector::IFlush);
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
