//! `pointsman healthcheck`: asks the admin port of a running Pointsman whether it is ready. The image has no curl.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::remote::reachable;
use super::{ServeArgs, complain, configuration, say};
use crate::config::Purpose;

const PATIENCE: Duration = Duration::from_secs(3);
/// Readiness reasons are a few lines.
const LONGEST_ANSWER: u64 = 64 << 10;

/// Without `--admin`, the port is that of the configuration, found as `serve` finds it.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The admin port to ask [default: listen.admin of the configuration]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    #[command(flatten)]
    source: ServeArgs,
}

pub(super) fn run(args: &HealthcheckArgs) -> ExitCode {
    let address = match args.admin {
        Some(address) => address,
        None => match configuration(Purpose::Find, &args.source) {
            Ok(loaded) => loaded.config.listen.admin,
            Err(code) => return code,
        },
    };
    match ask(reachable(address)) {
        Ok((200, _)) => say(format_args!("ready")),
        Ok((status, body)) => complain(format_args!("not ready: {address} answered {status}\n{}", body.trim())),
        Err(error) => complain(format_args!("not ready: {address} does not answer: {error}")),
    }
}

/// The status and body of `GET /readyz`.
fn ask(address: SocketAddr) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer ends with the connection, never in chunks.
    write!(stream, "GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(&answer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    match (parsed, response.code) {
        (httparse::Status::Complete(head), Some(status)) => Ok((status, String::from_utf8_lossy(&answer[head..]).into_owned())),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer ended early")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// Answers one connection with `answer`, after the whole request head was read.
    fn answered(answer: &'static str) -> io::Result<(u16, String)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("the client connects");
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("the client sends") > 0 {
                head.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).expect("the client reads");
            String::from_utf8(head).expect("a head is text")
        });
        let outcome = ask(address);
        assert!(server.join().expect("no panic").starts_with("GET /readyz "));
        outcome
    }

    #[test]
    fn the_status_and_the_reasons_are_read() {
        let (status, body) =
            answered("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 18\r\n\r\naliases not listed").expect("an answer");
        assert_eq!((status, body.as_str()), (503, "aliases not listed"));
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(answered("HTTP/1.1 200 OK\r\ncontent-le").is_err());
        assert!(answered("").is_err());
        assert!(answered("SSH-2.0-OpenSSH\r\n").is_err());
    }
}
