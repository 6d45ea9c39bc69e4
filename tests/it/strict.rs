//! An HTTP/1.1 origin that reads requests as strictly as RFC 9112 allows, and takes note of everything it reads.
//!
//! What it can't read as exactly one request it records as a fault. So a proxy that splits, merges or forges requests in front
//! of it is found out, even where a lenient server would accept the same bytes.

use std::sync::{Arc, Mutex};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use crate::strict_head::{Framing, framing, head_of};

use crate::house::Upstream;
use crate::peer::listen;

/// One request as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// What the origin has read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    requests: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Vec<String>>>,
}

impl Record {
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds the lock").clone()
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("no test panics while it holds the lock").clone()
    }
}

/// An upstream whose REST door is a strict origin that answers each request with `ok`.
pub(crate) async fn origin() -> (Record, Upstream) {
    let record = Record::default();
    let noted = record.clone();
    let address = listen(move |stream| serve(stream, noted.clone())).await;
    (record, Upstream { rest: format!("http://{address}"), ..Upstream::sandbox().await })
}

async fn serve(mut stream: TcpStream, record: Record) {
    let mut buffer = BytesMut::new();
    loop {
        match next(&mut stream, &mut buffer).await {
            Ok(Some(request)) => record.requests.lock().expect("no test panics while it holds the lock").push(request),
            Ok(None) => return,
            Err(fault) => {
                let text = format!("{fault}, before {:?}", String::from_utf8_lossy(&buffer));
                return record.faults.lock().expect("no test panics while it holds the lock").push(text);
            }
        }
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
            return;
        }
    }
}

/// The next request; none at the end of the connection, which may come inside of a request only if the proxy gave it up.
async fn next(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Option<Request>, String> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if !fill(stream, buffer).await {
            return Ok(None);
        }
    };
    let head = buffer.split_to(end + 4);
    let (target, headers) = head_of(&head[..end])?;
    let body = match framing(&headers)? {
        Framing::Nothing => Vec::new(),
        Framing::Length(length) => {
            while buffer.len() < length {
                if !fill(stream, buffer).await {
                    return Ok(None);
                }
            }
            buffer.split_to(length).to_vec()
        }
        Framing::Chunked => match chunks(stream, buffer).await? {
            Some(body) => body,
            None => return Ok(None),
        },
    };
    Ok(Some(Request { target, headers, body }))
}

async fn fill(stream: &mut TcpStream, buffer: &mut BytesMut) -> bool {
    stream.read_buf(buffer).await.is_ok_and(|read| read > 0)
}

/// A chunked body: sizes in hexadecimal, no extensions, no trailers. None when the connection ends inside of it.
async fn chunks(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
                break end;
            }
            if !fill(stream, buffer).await {
                return Ok(None);
            }
        };
        let line = String::from_utf8_lossy(&buffer.split_to(end + 2)[..end]).into_owned();
        let size = usize::from_str_radix(&line, 16).map_err(|_| format!("the chunk size {line:?}"))?;
        while buffer.len() < size + 2 {
            if !fill(stream, buffer).await {
                return Ok(None);
            }
        }
        body.extend_from_slice(&buffer.split_to(size));
        if &buffer[..2] != b"\r\n" {
            return Err(format!("a chunk that is longer than {size}"));
        }
        buffer.advance(2);
        if size == 0 {
            return Ok(Some(body));
        }
    }
}
