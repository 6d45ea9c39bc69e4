//! How often a request that the upstream has not looked at is sent again.

/// What became of a request whose connection ended without an answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The upstream may have begun with it.
    Sent,
    /// Nothing of it was processed: it never left, or the upstream said so (REFUSED_STREAM, GOAWAY). `first`: its
    /// connection had carried no other request before.
    Unsent { first: bool },
}

/// Resends of one request so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resends {
    first: u8,
    worn: u8,
}

/// An upstream that takes nothing over fresh connections must not hold a request for ever.
const ON_FRESH: u8 = 2;
/// A connection that has served others ends in the ordinary course of things, so this is only an end to bad luck.
const ON_WORN: u8 = 64;

impl Resends {
    /// Whether it is sent once more after it was lost unsent.
    pub(crate) fn another(&mut self, first: bool) -> bool {
        let (count, most) = if first { (&mut self.first, ON_FRESH) } else { (&mut self.worn, ON_WORN) };
        let more = *count < most;
        *count += u8::from(more);
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worn_connections_cost_none_of_the_resends_that_fresh_ones_have() {
        let mut resends = Resends::default();
        assert!((0..10).all(|_| resends.another(false)));
        assert_eq!([true; 3].map(|first| resends.another(first)), [true, true, false]);
        assert!(resends.another(false), "and the other way round");
    }

    #[test]
    fn there_is_an_end_to_bad_luck() {
        let mut resends = Resends::default();
        let sent = (0..200).filter(|_| resends.another(false)).count();
        assert_eq!(sent, usize::from(ON_WORN));
    }
}
