//! How often a request that the upstream has not processed is sent again.

/// The state of a request whose connection ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The upstream may have begun to process it.
    Sent,
    /// Nothing of it was processed: it was never sent, or the upstream said so (REFUSED_STREAM, GOAWAY). `first`: its
    /// connection had carried no other request before.
    Unsent { first: bool },
}

/// The resends of one request so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resends {
    first: u8,
    worn: u8,
}

/// An upstream that accepts nothing over fresh connections must not hold a request for ever.
const ON_FRESH: u8 = 2;
/// A connection that has served other requests may end normally, so this bound only limits bad luck.
const ON_WORN: u8 = 64;

impl Resends {
    /// Whether the request is sent again after it was lost unsent.
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
