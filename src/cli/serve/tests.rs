//! The planes put together as `serve` does it, with the control plane held up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::config::{Config, Loaded};
use crate::control::{self, Control};
use crate::live::Mirror;
use crate::metrics::Registry;
use crate::proxy::{Neighbours, Proxy};

/// Longer than anything takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

/// An upstream that answers every request, on a thread of its own.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    head(&mut stream);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").expect("it is read");
}

/// Reads to the end of a head, or of the connection.
fn head(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be limited");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

async fn started(config: Config) -> Proxy {
    let registry = Arc::new(Registry::new(1, 1));
    let loaded = Loaded { config, file: None, fingerprint: "first".to_owned() };
    let control::Parts { shared, refresh, background, control } = Control::start(&loaded, Arc::clone(&registry)).await.expect("it starts");
    tokio::spawn(async move {
        let _control = control;
        Box::pin(background).await;
    });
    let (mirror, inbox) = Mirror::channel(1, 1);
    drop(inbox);
    let listen = super::listen(&loaded.config).expect("no certificates");
    Proxy::start(listen, &shared, &registry, &Neighbours { refresh, mirror }).await.expect("free ports")
}

#[test]
fn a_connection_is_accepted_and_answered_while_every_control_thread_is_busy() {
    let yaml = format!(
        "{{store: {{url: 'memory:'}}, upstreams: {{default: {{rest_url: 'http://{0}', grpc_url: 'http://{0}'}}}}, \
         listen: {{rest: '127.0.0.1:0', grpc: '127.0.0.1:0'}}}}",
        upstream()
    );
    let config: Config = serde_saphyr::from_str(&yaml).expect("it is a configuration");
    let runtime = super::control_runtime().expect("threads");
    let proxy = runtime.block_on(started(config));
    let held_up = Arc::new(Barrier::new(super::CONTROL_THREADS + 1));
    let mut ends = Vec::new();
    for _ in 0..super::CONTROL_THREADS {
        let (end, wait) = mpsc::channel::<()>();
        let held_up = Arc::clone(&held_up);
        runtime.spawn(async move {
            held_up.wait();
            // It ends with the test.
            let _ = wait.recv();
        });
        ends.push(end);
    }
    held_up.wait();
    for port in [proxy.rest_addr(), proxy.grpc_addr()] {
        let mut client = TcpStream::connect(port).expect("the kernel takes it");
        client.write_all(b"GET /collections HTTP/1.1\r\nhost: q\r\n\r\n").expect("sent");
        let answered = head(&mut client);
        assert!(answered.starts_with("HTTP/1.1 200 "), "the answer was {answered:?}");
    }
    drop(ends);
    assert!(runtime.block_on(proxy.shutdown(PATIENCE)));
}
