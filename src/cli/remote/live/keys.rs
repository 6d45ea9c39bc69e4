//! What a key does. What cannot be taken back is asked for by a second key.

/// A key that gives the rollout a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::remote) struct Key {
    pub(super) key: char,
    /// The command, as the API and the command line have it.
    pub(super) word: &'static str,
    pub(super) confirmed: bool,
}

impl Key {
    pub(in crate::cli::remote) const fn at_once(key: char, word: &'static str) -> Self {
        Self { key, word, confirmed: false }
    }

    pub(in crate::cli::remote) const fn confirmed(key: char, word: &'static str) -> Self {
        Self { key, word, confirmed: true }
    }
}

/// What comes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::remote) enum Act {
    Nothing,
    /// Something else is to be seen.
    Redraw,
    /// The rollout is to be given this command.
    Command(&'static str),
    /// The watching ends, the rollout continues.
    Leave,
}

/// The keys so far.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli::remote) struct Keyboard {
    asked: Option<Key>,
}

const CONFIRM: char = 'y';
const LEAVE: char = 'q';

impl Keyboard {
    /// `pressed` is none for Ctrl-C.
    pub(in crate::cli::remote) fn press(&mut self, pressed: Option<char>, keys: &[Key]) -> Act {
        let asked = self.asked.take();
        match (pressed, asked) {
            (None, _) | (Some(LEAVE), None) => Act::Leave,
            (Some(CONFIRM), Some(key)) => Act::Command(key.word),
            (Some(_), Some(_)) => Act::Redraw,
            (Some(pressed), None) => match keys.iter().find(|key| key.key == pressed) {
                Some(key) if key.confirmed => {
                    self.asked = Some(*key);
                    Act::Redraw
                }
                Some(key) => Act::Command(key.word),
                None => Act::Nothing,
            },
        }
    }

    /// The line that says which keys there are, or what is being asked.
    pub(super) fn legend(self, keys: &[Key]) -> String {
        match self.asked {
            Some(key) => format!("{}? press {CONFIRM} to confirm, any other key to go back", key.word),
            None => {
                let commands = keys.iter().map(|key| format!("{} {}", key.key, key.word));
                commands.chain([format!("{LEAVE} leave it running")]).collect::<Vec<_>>().join("   ")
            }
        }
    }
}

#[cfg(test)]
mod keys_tests {
    use super::*;

    const KEYS: [Key; 2] = [Key::at_once('p', "pause"), Key::confirmed('a', "abort")];

    #[test]
    fn what_cannot_be_taken_back_is_asked_for_twice() {
        let mut keyboard = Keyboard::default();
        assert_eq!(keyboard.press(Some('p'), &KEYS), Act::Command("pause"));
        assert_eq!(keyboard.press(Some('a'), &KEYS), Act::Redraw);
        assert_eq!(keyboard.legend(&KEYS), "abort? press y to confirm, any other key to go back");
        assert_eq!(keyboard.press(Some('a'), &KEYS), Act::Redraw, "the same key again is no confirmation");
        assert_eq!(keyboard.press(Some('y'), &KEYS), Act::Nothing, "nothing is being asked any more");
        keyboard.press(Some('a'), &KEYS);
        assert_eq!(keyboard.press(Some('y'), &KEYS), Act::Command("abort"));
    }

    #[test]
    fn leaving_is_always_possible() {
        let mut keyboard = Keyboard::default();
        assert_eq!(keyboard.press(Some('q'), &[]), Act::Leave);
        keyboard.press(Some('a'), &KEYS);
        assert_eq!(keyboard.press(None, &KEYS), Act::Leave);
        assert_eq!(keyboard.legend(&KEYS), "p pause   a abort   q leave it running");
    }
}
