//! Keys typed during the demo are not echoed into the picture. Ctrl-C stays a signal. Used by `screen`.

use std::io::{self, IsTerminal, stdin};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr};

/// Puts the terminal back as it was when dropped.
#[derive(Debug)]
pub(crate) struct Quiet {
    before: Termios,
}

impl Quiet {
    /// Nothing where standard input is no terminal, or belongs to another program now.
    pub(crate) fn keep() -> io::Result<Option<Self>> {
        if !stdin().is_terminal() || tcgetpgrp(stdin())? != getpgrp() {
            return Ok(None);
        }
        let before = tcgetattr(stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(stdin(), OptionalActions::Now, &quiet)?;
        Ok(Some(Self { before }))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Of a terminal that was closed nothing can be put back.
        let _ = tcflush(stdin(), QueueSelector::IFlush);
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
