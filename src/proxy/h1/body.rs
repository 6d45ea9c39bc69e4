//! An answer's body, read from its connection; returns the connection to the pool with the last byte.

use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::chunked::{Decoder, Step};
use super::head::{AnswerHead, Delimited};
use crate::proxy::body::AnswerError;
use crate::proxy::deadline::{self, within};
use crate::upstream::h1::{Connection, Pool};

pub(in crate::proxy) struct AnswerBody {
    /// None once the body has ended or broken.
    connection: Option<Box<Connection>>,
    rest: Rest,
    pool: Rc<Pool>,
    keep_alive: bool,
    /// A chunk that was inspected and put back.
    ahead: Option<Bytes>,
}

/// An unneeded answer is read to its end if at most this much is missing: cheaper than a new connection.
const DISCARD: u64 = 64 * 1024;

enum Rest {
    Length(u64),
    Chunked(Decoder),
    Close,
    Nothing,
}

impl AnswerBody {
    pub(in crate::proxy) fn new(connection: Box<Connection>, head: &AnswerHead, pool: &Rc<Pool>) -> Self {
        let rest = match head.delimited {
            Delimited::Nothing => Rest::Nothing,
            Delimited::Length(length) => Rest::Length(length),
            Delimited::Chunked => Rest::Chunked(Decoder::default()),
            Delimited::Close => Rest::Close,
        };
        let mut body = Self { connection: Some(connection), rest, pool: Rc::clone(pool), keep_alive: head.keep_alive, ahead: None };
        body.release_at_end();
        body
    }

    pub(in crate::proxy) fn is_end(&self) -> bool {
        matches!(self.rest, Rest::Nothing) && self.ahead.is_none()
    }

    /// Puts back a beginning that was only inspected.
    pub(in crate::proxy) fn unread(&mut self, chunk: Bytes) {
        self.ahead = Some(chunk).filter(|chunk| !chunk.is_empty());
    }

    /// Reads the rest in the background, so that the connection can be reused.
    pub(in crate::proxy) fn discard(mut self) {
        if self.is_end() || self.remaining().is_some_and(|left| left > DISCARD) {
            return;
        }
        tokio::task::spawn_local(within(deadline::DISCARD, async move {
            let mut read = 0;
            while let Some(Ok(chunk)) = std::future::poll_fn(|cx| self.poll_chunk(cx)).await {
                read += chunk.len() as u64;
                if read > DISCARD {
                    return;
                }
            }
        }));
    }

    /// The remaining length, if it is known.
    pub(in crate::proxy) fn remaining(&self) -> Option<u64> {
        match self.rest {
            Rest::Length(left) => Some(left + self.ahead.as_ref().map_or(0, |chunk| chunk.len() as u64)),
            Rest::Nothing => Some(self.ahead.as_ref().map_or(0, |chunk| chunk.len() as u64)),
            Rest::Chunked(_) | Rest::Close => None,
        }
    }

    pub(in crate::proxy) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, AnswerError>>> {
        if let Some(chunk) = self.ahead.take() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        loop {
            match self.take() {
                Ok(Some(chunk)) => {
                    self.release_at_end();
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Ok(None) => {}
                Err(reason) => return self.broken(reason),
            }
            let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
            if matches!(self.rest, Rest::Nothing) {
                self.release_at_end();
                return Poll::Ready(None);
            }
            match ready!(connection.poll_fill(cx)) {
                Ok(0) if matches!(self.rest, Rest::Close) => {
                    self.rest = Rest::Nothing;
                    self.connection = None;
                    return Poll::Ready(None);
                }
                Ok(0) => return self.broken("the connection was closed".to_owned()),
                Ok(_) => {}
                Err(error) => return self.broken(error.to_string()),
            }
        }
    }

    /// Takes what is already in the buffer.
    fn take(&mut self) -> Result<Option<Bytes>, String> {
        let Some(connection) = &mut self.connection else { return Ok(None) };
        let buffer = &mut connection.buffer;
        match &mut self.rest {
            Rest::Nothing => Ok(None),
            Rest::Chunked(decoder) => match decoder.step(buffer).map_err(|error| error.to_string())? {
                Step::Content(chunk) => {
                    if decoder.is_done() {
                        self.rest = Rest::Nothing;
                    }
                    Ok(Some(chunk))
                }
                Step::NeedMore => Ok(None),
                Step::Done => {
                    self.rest = Rest::Nothing;
                    Ok(None)
                }
            },
            Rest::Close if buffer.is_empty() => Ok(None),
            Rest::Close => Ok(Some(buffer.split().freeze())),
            Rest::Length(_) if buffer.is_empty() => Ok(None),
            Rest::Length(left) => {
                let chunk = buffer.split_to(usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len())).freeze();
                *left -= chunk.len() as u64;
                if *left == 0 {
                    self.rest = Rest::Nothing;
                }
                Ok(Some(chunk))
            }
        }
    }

    fn release_at_end(&mut self) {
        if matches!(self.rest, Rest::Nothing)
            && let Some(connection) = self.connection.take()
            && self.keep_alive
        {
            self.pool.put(connection);
        }
    }

    fn broken(&mut self, reason: String) -> Poll<Option<Result<Bytes, AnswerError>>> {
        self.connection = None;
        self.rest = Rest::Nothing;
        Poll::Ready(Some(Err(AnswerError::Upstream(reason))))
    }
}
