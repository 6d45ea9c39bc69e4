//! An upstream, or a proxy before it, that ends each HTTP/2 connection after a few calls: no call fails of it, and none is
//! carried out twice.
//!
//! The upstream is written frame by frame, so that it does what libraries do not: it names the last call that it looked
//! at, looks at none that came behind it, and closes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use qdrant_client::qdrant::{CountPoints, UpsertPoints};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream};
use crate::peer;
use crate::wire::{call, framed};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Calls a connection serves.
const SERVED: usize = 3;
/// What every collection's name begins with here.
const MARK: &str = "call-";

/// The bodies of the calls that were carried out.
type Done = Arc<Mutex<Vec<Vec<u8>>>>;

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

async fn read(stream: &mut TcpStream) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    let id = u32::from_be_bytes(head[5..9].try_into().expect("four bytes")) & (u32::MAX >> 1);
    Some(Frame { kind: head[3], flags: head[4], stream: id, payload })
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    out.extend_from_slice(&length[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A header that no table holds, as HPACK writes it.
fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        block.push(u8::try_from(text.len()).expect("a short text"));
        block.extend_from_slice(text.as_bytes());
    }
}

/// An empty message and status 0.
fn answer(out: &mut Vec<u8>, stream: u32) {
    // `:status: 200` is the static table's eighth entry.
    let mut head = vec![0x88];
    literal(&mut head, "content-type", "application/grpc");
    frame(out, HEADERS, END_HEADERS, stream, &head);
    frame(out, DATA, 0, stream, &[0; 5]);
    let mut trailers = Vec::new();
    literal(&mut trailers, "grpc-status", "0");
    frame(out, HEADERS, END_HEADERS | END_STREAM, stream, &trailers);
}

/// One connection: a few calls in the order of their ends, and GOAWAY right behind the last answer.
async fn serve(mut stream: TcpStream, done: Done) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    let mut out = Vec::new();
    frame(&mut out, SETTINGS, 0, 0, &[]);
    let (mut bodies, mut served, mut last): (HashMap<u32, Vec<u8>>, usize, u32) = (HashMap::new(), 0, 0);
    while served < SERVED {
        stream.write_all(&out).await.ok()?;
        out.clear();
        let Frame { kind, flags, stream: id, payload } = read(&mut stream).await?;
        match kind {
            SETTINGS if flags & ACK == 0 => frame(&mut out, SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => frame(&mut out, PING, ACK, 0, &payload),
            HEADERS => drop(bodies.insert(id, Vec::new())),
            DATA => bodies.entry(id).or_default().extend_from_slice(&payload),
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            done.lock().expect("no panic").push(bodies.remove(&id).unwrap_or_default());
            answer(&mut out, id);
            (served, last) = (served + 1, last.max(id));
        }
    }
    // Streams that were begun before the last one and are not at their end yet count as not looked at, too: nothing of them
    // was carried out. The number in the frame cannot say so, so they are refused one by one.
    for id in bodies.into_keys().filter(|id| *id < last) {
        frame(&mut out, 3, 0, id, &7_u32.to_be_bytes());
    }
    let mut farewell = last.to_be_bytes().to_vec();
    farewell.extend_from_slice(&0_u32.to_be_bytes());
    frame(&mut out, GOAWAY, 0, 0, &farewell);
    stream.write_all(&out).await.ok()?;
    stream.shutdown().await.ok()?;
    // Frames that still come are not looked at; closing earlier could take the farewell from the peer.
    while read(&mut stream).await.is_some() {}
    Some(())
}

async fn recycling() -> (Upstream, Done) {
    let done = Done::default();
    let script = Arc::clone(&done);
    let address = peer::listen(move |stream| {
        let done = Arc::clone(&script);
        async move {
            let _ = serve(stream, done).await;
        }
    })
    .await;
    (Upstream { grpc: format!("http://{address}"), ..Upstream::sandbox().await }, done)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_after_a_few_calls_fails_none_and_repeats_none() {
    const CLIENTS: usize = 8;
    const CALLS: usize = 40;
    let (upstream, done) = recycling().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let address = pointsman.grpc;
    let clients = (0..CLIENTS).map(|client| {
        tokio::spawn(async move {
            for number in 0..CALLS {
                let collection_name = format!("{MARK}{client}-{number}.");
                let ended = if number % 2 == 0 {
                    let write = UpsertPoints { collection_name, ..Default::default() };
                    call(address, "qdrant.Points/Upsert", &[], framed(&write)).await
                } else {
                    let read = CountPoints { collection_name, ..Default::default() };
                    call(address, "qdrant.Points/Count", &[], framed(&read)).await
                };
                assert_eq!(ended.status(), "0", "call {number} of client {client}: {:?}", ended.text("grpc-message"));
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        tokio::time::timeout(PATIENCE, client).await.expect("in time").expect("every call is answered");
    }
    let mut names: Vec<String> = done.lock().expect("no panic").iter().filter_map(|body| name(body)).collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!((names.len(), all), (CLIENTS * CALLS, CLIENTS * CALLS), "each is carried out, and once");
    pointsman.idle().await;
}

/// The collection a call named; none of Pointsman's own.
fn name(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let rest = &text[text.find(MARK)?..];
    Some(rest[..=rest.find('.')?].to_owned())
}
