//! Heads and bodies from an upstream's socket, in any pieces.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use proptest::prelude::*;

use super::chunked::{Decoder, Step};
use super::head::{Delimited, parse};

fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), String> {
    let mut decoder = Decoder::default();
    let mut buffer = BytesMut::new();
    let mut content = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.step(&mut buffer).map_err(|error| error.to_string())? {
                Step::Content(chunk) => content.extend_from_slice(&chunk),
                Step::NeedMore => break,
                Step::Done => return Ok((content, true)),
            }
        }
    }
    Ok((content, decoder.is_done()))
}

#[test]
fn chunks_extensions_and_trailers() {
    let body = b"5\r\nhello\r\n6;name=x\r\n world\r\n0\r\nexpires: never\r\n\r\n";
    assert_eq!(decode(&[body]), Ok((b"hello world".to_vec(), true)));
    assert_eq!(decode(&[&body[..20]]), Ok((b"hello".to_vec(), false)));
}

#[test]
fn broken_codings_are_refused() {
    let long = [&b"5;"[..], &[b'x'; 5000], b"\r\nhello\r\n"].concat();
    for body in
        [&b"x\r\n"[..], b"\r\n", b"5\nhello", b"2\r\nhello\r\n", b"-1\r\n", b"+5\r\n", b"ffffffffffffffff\r\n", &[b'1'; 5000], &long]
    {
        assert!(decode(&[body]).is_err(), "{:?} was taken", String::from_utf8_lossy(&body[..body.len().min(20)]));
    }
}

proptest! {
    #[test]
    fn any_content_in_any_pieces(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8), cuts in prop::collection::vec(any::<usize>(), 0..10)) {
        let mut wire = Vec::new();
        for chunk in &chunks {
            wire.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % wire.len()).chain([0, wire.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect();
        prop_assert_eq!(decode(&pieces), Ok((chunks.concat(), true)));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let read = decode(&[&bytes]);
        prop_assert!(read.is_err() || read.is_ok_and(|(content, _)| content.len() <= bytes.len()));
        let mut buffer = BytesMut::from(&bytes[..]);
        let parsed = parse(&mut buffer, &Method::GET);
        prop_assert!(buffer.len() == bytes.len() || parsed.is_err() || parsed.is_ok_and(|head| head.is_some() || buffer.len() < bytes.len()));
    }
}

/// Status, framing, whether the connection is kept, and the names of the headers.
type Seen = (StatusCode, Delimited, bool, Vec<String>);

fn head(text: &str, method: &Method) -> Result<Option<Seen>, String> {
    let mut buffer = BytesMut::from(text);
    let parsed = parse(&mut buffer, method).map_err(|error| error.to_string())?;
    Ok(parsed.map(|head| {
        let names = head.headers.keys().map(|name| name.as_str().to_owned()).collect();
        (head.status, head.delimited, head.keep_alive, names)
    }))
}

#[test]
fn heads_say_how_the_body_ends() {
    let get = |text| head(text, &Method::GET).expect("valid").map(|(_, delimited, keep_alive, _)| (delimited, keep_alive));
    assert_eq!(get("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"), Some((Delimited::Length(5), true)));
    assert_eq!(get("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Some((Delimited::Chunked, true)));
    assert_eq!(get("HTTP/1.1 200 OK\r\n\r\n"), Some((Delimited::Close, false)));
    assert_eq!(get("HTTP/1.1 204 No Content\r\n\r\n"), Some((Delimited::Nothing, true)));
    assert_eq!(get("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), Some((Delimited::Nothing, false)));
    assert_eq!(get("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n"), Some((Delimited::Length(1), false)));
    assert_eq!(get("HTTP/1.1 200 OK\r\ncontent-le"), None);
    let answer = head("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", &Method::HEAD).expect("valid").expect("complete");
    assert_eq!(answer.1, Delimited::Nothing);
}

#[test]
fn interim_answers_are_skipped_and_connection_headers_stay_here() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\nvary: accept-encoding\r\n\r\n{}";
    let (status, _, keep_alive, names) = head(text, &Method::GET).expect("valid").expect("complete");
    assert_eq!((status, keep_alive), (StatusCode::OK, true));
    assert_eq!(names, ["content-length", "vary"].map(str::to_owned).to_vec());
}

#[test]
fn ambiguous_answers_are_refused() {
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "SMTP ready\r\n\r\n",
    ] {
        assert!(head(text, &Method::GET).is_err(), "{text:?} was taken");
    }
}

#[test]
fn values_keep_their_bytes() {
    let mut buffer = BytesMut::from("HTTP/1.1 200 OK\r\nx-empty:\r\ncontent-length: 4\r\nx-text: caf\u{e9}\r\n\r\nbody");
    let head = parse(&mut buffer, &Method::GET).expect("valid").expect("complete");
    assert_eq!(head.headers["x-text"].as_bytes(), "café".as_bytes());
    assert_eq!(head.headers["x-empty"], "");
    assert_eq!(Bytes::from(buffer), "body");
}
