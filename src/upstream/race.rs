//! Races several addresses of one name: each is tried a little after the one before, and the first that answers wins.
//!
//! As in RFC 8305 ("happy eyeballs"): an address that drops packets costs a quarter of a second and not the whole limit, and
//! IPv6 without a route does not hide IPv4.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

/// How long an address is tried alone before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// The resolver's order, with the address families alternating.
pub(super) fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let addresses: Vec<SocketAddr> = addresses.collect();
    let Some(first) = addresses.first() else { return addresses };
    let (mut same, mut other): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    same.reverse();
    other.reverse();
    let mut ordered = Vec::with_capacity(same.len() + other.len());
    while !same.is_empty() || !other.is_empty() {
        ordered.extend(same.pop());
        ordered.extend(other.pop());
    }
    ordered
}

/// The first connection; if there is none, the error of the last attempt that failed.
pub(super) async fn first<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        match waiting.next() {
            Some(address) => under_way.push(connect(address)),
            None if under_way.is_empty() => return Err(failed),
            None => {}
        }
        let head_start = tokio::time::sleep(HEAD_START);
        tokio::pin!(head_start);
        tokio::select! {
            biased;
            Some(ended) = under_way.next() => match ended {
                Ok(opened) => return Ok(opened),
                Err(error) => failed = error,
            },
            () = head_start, if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;

    use futures_util::FutureExt;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    const SIX: [&str; 2] = ["[::1]:1", "[::2]:1"];
    const FOUR: [&str; 2] = ["10.0.0.1:1", "10.0.0.2:1"];

    #[test]
    fn the_families_take_turns_in_the_resolvers_order() {
        let all = interleaved(SIX.iter().chain(&FOUR).map(|text| address(text)));
        assert_eq!(all, [SIX[0], FOUR[0], SIX[1], FOUR[1]].map(address));
        assert_eq!(interleaved([address(FOUR[0])].into_iter()), [address(FOUR[0])]);
        assert!(interleaved(std::iter::empty()).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_swallows_packets_does_not_hide_the_next_one() {
        let tried = RefCell::new(Vec::new());
        let reached = first(SIX.iter().chain(&FOUR).map(|text| address(text)).collect(), |address| {
            tried.borrow_mut().push(address);
            async move { if address == self::address(FOUR[0]) { Ok(address) } else { pending().await } }
        });
        assert_eq!(reached.await.expect("one answers"), address(FOUR[0]));
        assert_eq!(tried.into_inner(), [SIX[0], SIX[1], FOUR[0]].map(address), "in turn, and no more than needed");
    }

    #[tokio::test]
    async fn a_refusal_lets_the_next_address_begin_at_once() {
        let reached = first(vec![address(SIX[0]), address(FOUR[0])], |address| async move {
            if address.is_ipv4() { Ok(address) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
        });
        // Neither attempt waits, so the race is over at the first poll without a head start.
        assert_eq!(reached.now_or_never().expect("over at once").expect("one answers"), address(FOUR[0]));
    }

    #[tokio::test]
    async fn the_last_failure_is_told_where_none_answers() {
        let refused = first::<(), _>(vec![address(FOUR[0])], |_| async { Err(io::ErrorKind::ConnectionRefused.into()) });
        assert_eq!(refused.await.expect_err("none answers").kind(), io::ErrorKind::ConnectionRefused);
        let none = first::<(), _>(Vec::new(), |_| pending());
        assert_eq!(none.await.expect_err("there is none").to_string(), "the name has no address");
    }
}
