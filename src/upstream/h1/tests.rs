use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;
use crate::upstream::error::tests::refused;
use crate::upstream::testing::{LONG, Peer, listen, on_a_worker, reserved, serve, until, upstream};

const WAITS: Persistence = Persistence { reconnect: LONG, ..Persistence::NONE };
const ELSEWHERE: Persistence = Persistence { elsewhere: true, ..WAITS };

/// Limits of attempts that end then.
fn within(connect: Duration) -> OpenLimits {
    OpenLimits { connect, idle: None }
}

fn pool(address: std::net::SocketAddr, tls: bool) -> Rc<Pool> {
    Pool::new(&upstream(address, tls, 1), Tally::default())
}

#[tokio::test]
async fn every_caller_is_told_of_the_failure_whatever_the_peer_does() {
    on_a_worker(async {
        for callers in [1, 10, 100] {
            for peer in [None, Some(Peer::Silent), Some(Peer::Closed), Some(Peer::Reset)] {
                let (_socket, refusing) = reserved();
                let address = peer.map_or(refusing, |peer| listen(peer).1);
                let limit = if matches!(peer, Some(Peer::Silent)) { Duration::from_millis(300) } else { LONG };
                // Over TLS, because a plain HTTP/1.1 connection is open as soon as the peer accepts.
                let pool = pool(address, true);
                let outcomes = join_all((0..callers).map(|_| pool.open(within(limit), Persistence::NONE, LONG))).await;
                assert!(outcomes.iter().all(Result::is_err), "{callers} callers, {peer:?}");
                assert!(pool.health.is_dead());
                until(|| pool.opening.get() == 0).await;
                assert_eq!((pool.waiting.get(), pool.queue.borrow().len()), (0, 0), "{callers} callers, {peer:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_with_somewhere_else_to_go_waits_for_an_upstream_that_is_dead() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, true);
        pool.open(within(Duration::from_millis(100)), ELSEWHERE, LONG).await.expect_err("the peer is silent");
        let told: Vec<_> = (0..100).filter_map(|_| pool.open(within(LONG), ELSEWHERE, LONG).now_or_never()).collect();
        // One of them may have started the next attempt.
        assert!(told.len() >= 99 && told.iter().all(Result::is_err), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn when_it_is_time_to_try_again_one_caller_does_and_only_glimpses() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, true);
        pool.open(within(Duration::from_millis(100)), ELSEWHERE, LONG).await.expect_err("the peer is silent");
        until(|| pool.health.outage().expect("it is dead").rest(Instant::now()).is_zero()).await;
        let mut probing = Box::pin(pool.open(within(LONG * 10), ELSEWHERE, LONG));
        assert!((&mut probing).now_or_never().is_none());
        assert!(pool.open(within(LONG), ELSEWHERE, LONG).now_or_never().expect("at once").is_err());
        probing.await.expect_err("the peer is silent still, and the attempt goes on without the caller");
        assert_eq!(pool.opening.get(), 1);
    })
    .await;
}

#[tokio::test]
async fn those_who_can_go_nowhere_else_wait_until_the_upstream_is_back() {
    on_a_worker(async {
        for callers in [1, 100] {
            let (socket, address) = reserved();
            let pool = pool(address, false);
            let waiting = tokio::task::spawn_local(join_all((0..callers).map({
                let pool = Rc::clone(&pool);
                move |_| {
                    let pool = Rc::clone(&pool);
                    async move { pool.open(within(LONG), WAITS, LONG).await }
                }
            })));
            until(|| pool.health.is_dead()).await;
            let accepted = serve(socket, Peer::Silent);
            let opened = waiting.await.expect("no panic");
            assert!(opened.iter().all(Result::is_ok));
            until(|| accepted.get() >= callers).await;
            assert!(!pool.health.is_dead());
            until(|| pool.opening.get() == 0).await;
            assert_eq!(pool.waiting.get(), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_comes_while_the_last_attempt_is_under_way_shares_its_end() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, true);
        let limit = Duration::from_millis(300);
        let mut first = Box::pin(pool.open(within(limit), Persistence::NONE, LONG));
        assert!((&mut first).now_or_never().is_none());
        // As if another attempt had begun and failed, long enough ago to try again.
        let before = Instant::now() - LONG / 60;
        pool.health.failed(before, before, &refused());
        let (first, second) = tokio::join!(first, pool.open(within(limit), Persistence::NONE, LONG));
        assert!(first.is_err() && second.is_err());
    })
    .await;
}

#[tokio::test]
async fn requests_that_leave_while_a_connection_is_opened_leave_it_to_the_next() {
    on_a_worker(async {
        let (accepted, address) = listen(Peer::Silent);
        let pool = pool(address, false);
        for _ in 0..100 {
            assert!(pool.open(within(LONG), Persistence::NONE, LONG).now_or_never().is_none(), "it waits, and leaves");
        }
        until(|| pool.opening.get() == 0).await;
        assert!(pool.take(LONG).is_some() && pool.take(LONG).is_none(), "one was opened, and kept");
        until(|| accepted.get() > 0).await;
        assert_eq!((accepted.get(), pool.waiting.get()), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn each_request_that_waits_gets_a_connection_of_its_own() {
    on_a_worker(async {
        let (accepted, address) = listen(Peer::Silent);
        let pool = pool(address, false);
        let opened = join_all((0..20).map(|_| pool.open(within(LONG), Persistence::NONE, LONG))).await;
        assert!(opened.iter().all(|opened| opened.as_ref().is_ok_and(|connection| !connection.was_reused())));
        until(|| accepted.get() == 20).await;
        assert_eq!((pool.opening.get(), pool.idle.borrow().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_waits_gets_the_connection_that_another_one_has_done_with() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, false);
        let busy = pool.open(within(LONG), Persistence::NONE, LONG).await.expect("the peer accepts");
        let mut waiting = Box::pin(pool.open(within(LONG), Persistence::NONE, LONG));
        assert!((&mut waiting).now_or_never().is_none(), "its own is being opened");
        pool.put(busy);
        assert!(waiting.await.expect("there is one").was_reused());
        until(|| pool.opening.get() == 0).await;
        assert_eq!((pool.waiting.get(), pool.idle.borrow().len()), (0, 1), "the new one is kept");
    })
    .await;
}
