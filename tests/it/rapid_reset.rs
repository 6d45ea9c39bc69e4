//! Streams opened and reset by the thousand, as in CVE-2023-44487: nobody else notices, and nothing is left of it.

use std::net::SocketAddr;

use bytes::{BufMut, BytesMut};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, in_flight, query, send};
use crate::wire::{call, frame};

const STREAMS: u32 = 10_000;

/// Frame types of RFC 9113.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: &[u8] = &[0, 0, 0, 8];

fn put(out: &mut BytesMut, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.put_uint(payload.len() as u64, 3);
    out.put_u8(kind);
    out.put_u8(flags);
    out.put_u32(stream);
    out.put_slice(payload);
}

/// Literals without indexing, so that every stream's headers are the same bytes; numbers are places in HPACK's static table.
fn headers(path: &str, kind: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [(&[0x04][..], path), (&[0x01], "x"), (&[0x0f, 0x10], kind)] {
        block.extend_from_slice(name);
        block.push(u8::try_from(value.len()).expect("a short value"));
        block.extend_from_slice(value.as_bytes());
    }
    block
}

fn opening() -> BytesMut {
    let mut out = BytesMut::from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put(&mut out, SETTINGS, 0, 0, &[]);
    out
}

fn open(out: &mut BytesMut, turn: u32, attack: &Attack) {
    put(out, HEADERS, END_HEADERS, 2 * turn + 1, &attack.headers);
    put(out, DATA, END_STREAM, 2 * turn + 1, &attack.body);
}

fn reset(out: &mut BytesMut, turn: u32) {
    put(out, RST_STREAM, 0, 2 * turn + 1, CANCEL);
}

/// Reads frames to the end of the connection; whether one of them was GOAWAY.
async fn goes_away(mut reader: impl AsyncReadExt + Unpin) -> bool {
    let mut head = [0_u8; 9];
    let mut seen = false;
    while reader.read_exact(&mut head).await.is_ok() {
        seen |= head[3] == GOAWAY;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        if reader.read_exact(&mut payload).await.is_err() {
            break;
        }
    }
    seen
}

struct Attack {
    at: SocketAddr,
    headers: Vec<u8>,
    body: Vec<u8>,
}

async fn house() -> (Upstream, Pointsman, [Attack; 2]) {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "other"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    // What is attacked never answers, so that every stream that was taken in stays until it is reset.
    let fault = serde_json::from_value(json!({"connection": "stall"})).expect("a fault");
    upstream.engine().faults.set("docs_v1", fault).expect("a valid fault");
    let pointsman = Pointsman::start(&upstream, "").await;
    let rest = Attack {
        at: pointsman.rest,
        headers: headers("/collections/docs/points/query", "application/json"),
        body: query().to_string().into_bytes(),
    };
    let grpc = Attack {
        at: pointsman.grpc,
        headers: headers("/qdrant.Points/Count", "application/grpc"),
        body: frame(0, 6, b"\x0a\x04docs").to_vec(),
    };
    (upstream, pointsman, [rest, grpc])
}

/// Both protocols still answer, and no request of the attack is left.
async fn unharmed(pointsman: &Pointsman) {
    send(&pointsman.http, reqwest::Method::POST, &pointsman.rest("/collections/other/points/query"), &query()).await;
    let ended = call(pointsman.grpc, "qdrant.Points/Count", &[], frame(0, 7, b"\x0a\x05other")).await;
    assert_eq!(ended.status(), "0");
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resets_ends_the_connection_and_nothing_else() {
    let (_upstream, pointsman, attacks) = house().await;
    for attack in attacks {
        let (reader, mut writer) = TcpStream::connect(attack.at).await.expect("accepted").into_split();
        let reading = tokio::spawn(goes_away(reader));
        // In one piece: the resets are here before the streams could be taken in.
        let mut out = opening();
        for turn in 0..STREAMS {
            open(&mut out, turn, &attack);
            reset(&mut out, turn);
        }
        // It may well be closed before all is written.
        let _ = writer.write_all(&out).await;
        let gone = tokio::time::timeout(PATIENCE, reading).await.expect("the connection is ended").expect("no panic");
        assert!(gone, "the connection ended without a GOAWAY");
        unharmed(&pointsman).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patient_resets_leave_nothing_behind() {
    const ROUND: u32 = 100;
    let (_upstream, pointsman, attacks) = house().await;
    for attack in attacks {
        let (reader, mut writer) = TcpStream::connect(attack.at).await.expect("accepted").into_split();
        let reading = tokio::spawn(goes_away(reader));
        writer.write_all(&opening()).await.expect("taken");
        for round in 0..4 {
            let turns = round * ROUND..(round + 1) * ROUND;
            let (mut opened, mut ended) = (BytesMut::new(), BytesMut::new());
            for turn in turns {
                open(&mut opened, turn, &attack);
                reset(&mut ended, turn);
            }
            writer.write_all(&opened).await.expect("taken");
            // Each has gone on by then, so that each reset has an upstream request to cancel.
            pointsman.until("all under way", |status| in_flight(status) == u64::from(ROUND)).await;
            writer.write_all(&ended).await.expect("taken");
            pointsman.until("all cancelled", |status| in_flight(status) == 0).await;
        }
        unharmed(&pointsman).await;
        drop(writer);
        let gone = tokio::time::timeout(PATIENCE, reading).await.expect("the connection is ended").expect("no panic");
        assert!(!gone, "a client may change its mind");
    }
}
