//! Buffers as much of a call's first message as is needed to find its collection name.
//!
//! In a compressed message the name is inside the compressed bytes. To find it, a bounded beginning is decompressed. To
//! change it, the whole message is decompressed, up to a limit, and sent uncompressed: gRPC allows that for each message,
//! and compressing again would cost more than it saves on a LAN.

use std::rc::Rc;

use bytes::{Buf, Bytes};
use smallvec::SmallVec;

use crate::live::Limits;
use crate::protocol::messages::{Inflate, Malformed, PREFIX, inflate, peek};
use crate::protocol::names::{Found, Scanner, rename, renamed};
use crate::proxy::body::{BodyFault, ClientBody, Outgoing, Read};

/// How much of a compressed message is decompressed to find the name: an encoder that writes fields in order has written it
/// by then.
const PEEK: u64 = 16 * 1024;

/// What is known about the first message.
#[derive(Debug, Default)]
pub(super) struct Message {
    length: u32,
    compressed: bool,
    found: Option<Found>,
}

/// Why a message cannot be forwarded.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum Unreadable {
    #[error("the message is shorter than its length prefix says")]
    Truncated,
    #[error("the message has an unknown flag {0}")]
    Flag(u8),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Compressed(#[from] Inflate),
    #[error("the client broke off its call: {0}")]
    Client(#[from] BodyFault),
}

/// Why a message cannot be renamed, although it could be read.
#[derive(Debug)]
pub(super) enum NotRenamed {
    TooLarge,
    Unreadable(Unreadable),
}

/// A complete first message, if it can be read.
#[derive(Debug)]
pub(in crate::proxy) enum WholeMessage {
    Plain(Bytes),
    /// Larger than the limit, before or after decompression.
    TooLarge,
    /// In a coding that Pointsman does not know.
    Unknown,
}

/// Reads the whole first message and keeps it for the upstream. A call without one has an empty message.
pub(in crate::proxy) async fn whole_message(client: &ClientBody, limit: usize, gzip: bool) -> Result<WholeMessage, Unreadable> {
    // Its beginning may have been read for the name.
    let mut reader = Reader::of(client);
    if !reader.until(PREFIX).await? {
        return if reader.held == 0 { Ok(WholeMessage::Plain(Bytes::new())) } else { Err(Unreadable::Truncated) };
    }
    let mut prefix = flat(&client.kept(), PREFIX);
    let (flag, length) = (prefix.get_u8(), prefix.get_u32() as usize);
    if length > limit {
        return Ok(WholeMessage::TooLarge);
    }
    if !reader.until(PREFIX + length).await? {
        return Err(Unreadable::Truncated);
    }
    let pieces: SmallVec<[Bytes; 4]> = reader.from(PREFIX, PREFIX + length).collect();
    match flag {
        0 => Ok(WholeMessage::Plain(pieces.concat().into())),
        1 if gzip => {
            let mut held = client.room();
            match inflate(&pieces, limit, |bytes| held.take(bytes)) {
                Ok(plain) => Ok(WholeMessage::Plain(plain)),
                Err(Inflate::TooLarge) => Ok(WholeMessage::TooLarge),
                Err(broken) => Err(broken.into()),
            }
        }
        1 => Ok(WholeMessage::Unknown),
        flag => Err(Unreadable::Flag(flag)),
    }
}

impl Message {
    /// Reads the first message's beginning. `gzip` is whether compressed messages are gzip; Qdrant refuses other codings. An
    /// empty body has no message and no name.
    pub(super) async fn read(client: &ClientBody, limits: &Limits, gzip: bool) -> Result<Self, Unreadable> {
        let mut reader = Reader::of(client);
        if !reader.until(PREFIX).await? {
            return if reader.held == 0 { Ok(Self::default()) } else { Err(Unreadable::Truncated) };
        }
        let mut prefix = flat(&client.kept(), PREFIX);
        let (flag, length) = (prefix.get_u8(), prefix.get_u32());
        let whole = PREFIX.saturating_add(length as usize);
        match flag {
            0 => Self::plain(&mut reader, length, whole, limits).await,
            1 if gzip => Self::compressed(&mut reader, length, whole, limits).await,
            1 => Ok(Self { length, compressed: true, found: None }),
            flag => Err(Unreadable::Flag(flag)),
        }
    }

    async fn plain(reader: &mut Reader<'_>, length: u32, whole: usize, limits: &Limits) -> Result<Self, Unreadable> {
        let mut scanner = Scanner::default();
        loop {
            for piece in reader.fresh(PREFIX, whole) {
                scanner.feed(&piece)?;
            }
            if reader.held >= whole {
                scanner.finish()?;
                break;
            }
            // For a message too large to keep, its beginning decides: encoders write the name first.
            if reader.held >= limits.grpc_inspect_bytes {
                break;
            }
            if !reader.until(reader.held + 1).await? {
                return Err(Unreadable::Truncated);
            }
        }
        Ok(Self { length, compressed: false, found: scanner.found().cloned() })
    }

    async fn compressed(reader: &mut Reader<'_>, length: u32, whole: usize, limits: &Limits) -> Result<Self, Unreadable> {
        let there = reader.until(whole.min(limits.grpc_inspect_bytes)).await?;
        if !there {
            return Err(Unreadable::Truncated);
        }
        let pieces: SmallVec<[Bytes; 4]> = reader.from(PREFIX, whole).collect();
        let mut scanner = Scanner::default();
        peek::<Unreadable>(&pieces, PEEK, |plain| Ok(scanner.feed(plain)?))?;
        Ok(Self { length, compressed: true, found: scanner.found().cloned() })
    }

    /// The name, if it is a possible collection name.
    pub(super) fn name(&self) -> Option<&str> {
        let name = self.found.as_ref()?.name.as_ref()?;
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// The request with `name` instead, in place of everything kept so far.
    pub(super) async fn renamed(&self, client: &Rc<ClientBody>, limits: &Limits, name: &str) -> Result<Outgoing, NotRenamed> {
        if self.compressed {
            return self.inflated(client, limits, name).await;
        }
        let found = self.found.as_ref().ok_or(NotRenamed::TooLarge)?;
        let chunks = rename(&client.kept(), self.length, found, name).map_err(|_| NotRenamed::TooLarge)?;
        Ok(Outgoing::edited(client, chunks, None))
    }

    async fn inflated(&self, client: &Rc<ClientBody>, limits: &Limits, name: &str) -> Result<Outgoing, NotRenamed> {
        let whole = PREFIX + self.length as usize;
        if self.length as usize > limits.grpc_inflate_bytes {
            return Err(NotRenamed::TooLarge);
        }
        let mut reader = Reader::of(client);
        if !reader.until(whole).await.map_err(|error| NotRenamed::Unreadable(error.into()))? {
            return Err(NotRenamed::Unreadable(Unreadable::Truncated));
        }
        let pieces: SmallVec<[Bytes; 4]> = reader.from(PREFIX, whole).collect();
        let mut held = client.room();
        let plain = inflate(&pieces, limits.grpc_inflate_bytes, |bytes| held.take(bytes)).map_err(|error| match error {
            Inflate::TooLarge => NotRenamed::TooLarge,
            broken @ Inflate::Broken(_) => NotRenamed::Unreadable(broken.into()),
        })?;
        let scanner = Scanner::whole(&plain).map_err(|malformed| NotRenamed::Unreadable(malformed.into()))?;
        let found = scanner.found().ok_or(NotRenamed::TooLarge)?;
        let mut chunks = renamed(plain, found, name).map_err(|_| NotRenamed::TooLarge)?;
        chunks.extend(reader.from(whole, usize::MAX));
        Ok(Outgoing::edited(client, chunks, Some(held)))
    }
}

/// Reads ahead in a client's body.
struct Reader<'c> {
    client: &'c ClientBody,
    held: usize,
    /// How many chunks, and bytes in them, [`Self::fresh`] has returned.
    given: (usize, usize),
}

impl<'c> Reader<'c> {
    /// Part of it may have been read before.
    fn of(client: &'c ClientBody) -> Self {
        Self { client, held: client.kept_bytes(), given: (0, 0) }
    }

    /// Reads until at least `bytes` are kept; false if the body ended before.
    async fn until(&mut self, bytes: usize) -> Result<bool, BodyFault> {
        while self.held < bytes {
            match self.client.hold().await? {
                Read::More => self.held = self.client.kept_bytes(),
                Read::End => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The kept part of the bytes `from..to`.
    fn from(&self, from: usize, to: usize) -> impl Iterator<Item = Bytes> + use<> {
        within(self.client.kept(), 0, from, to)
    }

    /// The same, only of chunks that were read since the last call.
    fn fresh(&mut self, from: usize, to: usize) -> impl Iterator<Item = Bytes> + use<> {
        let (chunks, begin) = self.given;
        let fresh = self.client.kept_from(chunks);
        self.given = (chunks + fresh.len(), self.held);
        within(fresh, begin, from, to)
    }
}

/// The part in `from..to` of chunks that start at offset `begin`.
fn within(chunks: SmallVec<[Bytes; 4]>, begin: usize, from: usize, to: usize) -> impl Iterator<Item = Bytes> {
    let mut at = begin;
    chunks.into_iter().filter_map(move |chunk| {
        let (start, end) = (at, at + chunk.len());
        at = end;
        let (low, high) = (from.max(start), to.min(end));
        (low < high).then(|| chunk.slice(low - start..high - start))
    })
}

/// The first bytes in one piece; no copy if the first chunk has them.
fn flat(chunks: &[Bytes], length: usize) -> Bytes {
    match chunks.first() {
        Some(first) if first.len() >= length => first.slice(..length),
        _ => chunks.iter().flat_map(|chunk| chunk.iter().copied()).take(length).collect(),
    }
}
