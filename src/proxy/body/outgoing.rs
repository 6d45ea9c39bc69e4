//! One attempt's view of a request body: an edited beginning, if there is one, then the client's own bytes.

use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{BodyFault, ClientBody};
use crate::live::Held;

pub(in crate::proxy) struct Outgoing {
    /// Replaces the first `position` chunks of the client's body.
    prelude: VecDeque<Bytes>,
    client: Rc<ClientBody>,
    position: usize,
    /// The memory of the prelude, if it was decompressed, from the budget for all requests.
    held: Option<Rc<Held>>,
}

impl Outgoing {
    /// The client's whole body, unchanged.
    pub(in crate::proxy) fn whole(client: &Rc<ClientBody>) -> Self {
        Self { prelude: VecDeque::new(), client: Rc::clone(client), position: 0, held: None }
    }

    /// The client's body with `prelude` in place of everything kept so far.
    pub(in crate::proxy) fn edited(client: &Rc<ClientBody>, prelude: impl IntoIterator<Item = Bytes>, held: Option<Held>) -> Self {
        let prelude = prelude.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        Self { prelude, client: Rc::clone(client), position: client.chunks_kept(), held: held.map(Rc::new) }
    }

    /// The same bytes from the beginning, for another attempt.
    pub(in crate::proxy) fn again(&self) -> Self {
        Self { prelude: self.prelude.clone(), client: Rc::clone(&self.client), position: self.position, held: self.held.clone() }
    }

    pub(in crate::proxy) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyFault>> {
        match self.prelude.pop_front() {
            Some(chunk) => Poll::Ready(Ok(Some(chunk))),
            None => self.client.poll_chunk(cx, &mut self.position),
        }
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(in crate::proxy) fn is_expectant(&self) -> bool {
        self.client.is_expectant()
    }

    /// Whether everything has been returned, as far as can be told without waiting.
    pub(in crate::proxy) fn is_done(&self) -> bool {
        self.prelude.is_empty() && self.client.has_ended() && self.position >= self.client.chunks_kept()
    }
}
