use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;
use crate::upstream::testing::{Accepted, LONG, Peer, listen, on_a_worker, reserved, serve, until, upstream};

const WAITS: Persistence = Persistence { reconnect: LONG, ..Persistence::NONE };
const ELSEWHERE: Persistence = Persistence { elsewhere: true, ..WAITS };

/// Limits of attempts that end then.
fn within(connect: Duration) -> OpenLimits {
    OpenLimits { connect, idle: None }
}

fn pool(address: std::net::SocketAddr, connections: usize) -> Rc<Pool> {
    Pool::new(&upstream(address, false, connections), Tally::default())
}

/// A pool for a peer that speaks HTTP/2.
fn speaking(connections: usize) -> (Rc<Pool>, Accepted) {
    let (accepted, address) = listen(Peer::Speaks);
    (pool(address, connections), accepted)
}

fn lines(pool: &Pool) -> usize {
    pool.lines.borrow().len()
}

async fn lease(pool: &Rc<Pool>) -> Lease {
    pool.lease(within(LONG), Persistence::NONE).await.expect("the peer speaks")
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_attempt_and_its_failure() {
    on_a_worker(async {
        for callers in [1, 10, 100] {
            for peer in [None, Some(Peer::Silent), Some(Peer::Closed), Some(Peer::Reset)] {
                let (_socket, refusing) = reserved();
                let (accepted, address) = peer.map_or((Accepted::default(), refusing), listen);
                let limit = if matches!(peer, Some(Peer::Silent)) { Duration::from_millis(300) } else { LONG };
                let pool = pool(address, 1);
                let outcomes = join_all((0..callers).map(|_| pool.lease(within(limit), Persistence::NONE))).await;
                let mut errors = outcomes.into_iter().map(|outcome| outcome.expect_err("no connection can be opened"));
                let first = errors.next().expect("one caller at least");
                assert!(errors.all(|error| error.is_same(&first)), "{callers} callers, {peer:?}: {first}");
                until(|| peer.is_none() || accepted.get() > 0).await;
                assert!(accepted.get() <= 1, "{callers} callers, {peer:?}");
                assert_eq!(first.is_timeout(), matches!(peer, Some(Peer::Silent)), "{peer:?}: {first}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_caller_may_leave_and_the_others_get_the_connection() {
    on_a_worker(async {
        let (pool, accepted) = speaking(1);
        assert!(pool.lease(within(LONG), Persistence::NONE).now_or_never().is_none(), "it waits, and leaves");
        let others = join_all((0..10).map(|_| lease(&pool))).await;
        assert_eq!((others.len(), accepted.get(), lines(&pool)), (10, 1, 1));
        drop(others);
        assert!(pool.lease(within(LONG), Persistence::NONE).now_or_never().expect("it is there").is_ok());
    })
    .await;
}

#[tokio::test]
async fn nobody_with_somewhere_else_to_go_waits_for_an_upstream_that_is_dead() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, 1);
        let failed = pool.lease(within(Duration::from_millis(100)), ELSEWHERE).await.expect_err("the peer is silent");
        let told: Vec<_> = (0..100).filter_map(|_| pool.lease(within(LONG), ELSEWHERE).now_or_never()).collect();
        // One of them may have started the next attempt.
        assert!(told.len() >= 99 && told.iter().all(|told| told.as_ref().is_err_and(|error| error.is_same(&failed))), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn when_it_is_time_to_try_again_one_caller_does_and_only_glimpses() {
    on_a_worker(async {
        let (_accepted, address) = listen(Peer::Silent);
        let pool = pool(address, 1);
        pool.lease(within(Duration::from_millis(100)), ELSEWHERE).await.expect_err("the peer is silent");
        until(|| pool.health.outage().expect("it is dead").rest(Instant::now()).is_zero()).await;
        let mut probing = Box::pin(pool.lease(within(LONG * 10), ELSEWHERE));
        assert!((&mut probing).now_or_never().is_none());
        assert!(pool.lease(within(LONG), ELSEWHERE).now_or_never().expect("at once").is_err());
        probing.await.expect_err("the peer is silent still, and the attempt goes on without the caller");
        assert!(pool.flight.join().is_some());
    })
    .await;
}

#[tokio::test]
async fn those_who_can_go_nowhere_else_wait_until_the_upstream_is_back() {
    on_a_worker(async {
        for callers in [1, 100] {
            let (socket, address) = reserved();
            let pool = pool(address, 1);
            let waiting = tokio::task::spawn_local(join_all((0..callers).map({
                let pool = Rc::clone(&pool);
                move |_| {
                    let pool = Rc::clone(&pool);
                    async move { pool.lease(within(LONG), WAITS).await }
                }
            })));
            until(|| pool.health.is_dead()).await;
            let accepted = serve(socket, Peer::Speaks);
            let leases = waiting.await.expect("no panic");
            assert!(leases.iter().all(Result::is_ok), "{leases:?}");
            assert_eq!(accepted.get(), 1);
            assert!(!pool.health.is_dead());
        }
    })
    .await;
}

#[tokio::test]
async fn one_connection_carries_all_calls_until_it_is_crowded() {
    on_a_worker(async {
        let (pool, accepted) = speaking(1);
        let mut leases = vec![lease(&pool).await];
        while leases.len() < crate::upstream::h2::line::CALLS - 1 {
            leases.push(lease(&pool).await);
        }
        assert!(!pool.growing.get() && lines(&pool) == 1);
        leases.push(lease(&pool).await);
        assert!(pool.growing.get(), "another one is opened in the background");
        until(|| lines(&pool) == 2).await;
        leases.push(lease(&pool).await);
        assert!(!leases.last().expect("taken").is_shared(), "the fresh one");
        assert_eq!(accepted.get(), 2);
        // It is closed when it has not been used for a while; the base stays.
        drop(leases);
        (0..=SPARE_SWEEPS).for_each(|_| pool.sweep());
        assert_eq!(lines(&pool), 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_waits_to_send_makes_its_connection_a_crowded_one() {
    on_a_worker(async {
        let (pool, _) = speaking(1);
        let uploading = lease(&pool).await;
        let mut starved = uploading.starved();
        starved.set(true);
        until(|| uploading.is_crowded()).await;
        drop(lease(&pool).await);
        until(|| lines(&pool) == 2).await;
        assert!(!lease(&pool).await.is_shared(), "other calls go by the other one");
        drop(starved);
        assert!(lease(&pool).await.is_shared(), "it is no hindrance any more");
    })
    .await;
}

#[tokio::test]
async fn the_number_of_connections_has_a_bound() {
    on_a_worker(async {
        let (pool, _) = speaking(1);
        let mut held = Vec::new();
        for _ in 0..3 * MOST {
            let lease = lease(&pool).await;
            let mut starved = lease.starved();
            starved.set(true);
            until(|| lease.is_crowded() && !pool.growing.get()).await;
            held.push((lease, starved));
        }
        assert_eq!(lines(&pool), MOST);
    })
    .await;
}

#[tokio::test]
async fn the_base_is_opened_as_calls_come_and_shared_evenly() {
    on_a_worker(async {
        let (pool, accepted) = speaking(3);
        let mut leases = vec![lease(&pool).await];
        while lines(&pool) < 3 {
            leases.push(lease(&pool).await);
            until(|| !pool.growing.get()).await;
        }
        while leases.len() < 9 {
            leases.push(lease(&pool).await);
        }
        let load: Vec<_> = pool.lines.borrow().iter().map(|line| line.load()).collect();
        assert_eq!((load, accepted.get()), (vec![(false, 3); 3], 3));
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_nothing_is_heard_over_takes_no_further_call() {
    on_a_worker(async {
        let (pool, accepted) = speaking(1);
        let quick = lease(&pool).await;
        pool.sweep();
        drop(quick);
        let answered = lease(&pool).await;
        answered.answered();
        (0..3).for_each(|_| pool.sweep());
        drop(answered);
        drop(lease(&pool).await);
        assert_eq!(accepted.get(), 1, "neither says anything of the connection");
        let silent = lease(&pool).await;
        (0..3).for_each(|_| pool.sweep());
        drop(silent);
        drop(lease(&pool).await);
        assert_eq!(accepted.get(), 2);
    })
    .await;
}

/// Each call waits too briefly to prove that the peer is silent; all of them together do.
#[tokio::test]
async fn a_connection_that_many_short_calls_hear_nothing_over_takes_no_further_call() {
    on_a_worker(async {
        let (pool, accepted) = speaking(1);
        drop(lease(&pool).await);
        for _ in 0..3 {
            drop(lease(&pool).await);
            pool.sweep();
        }
        drop(lease(&pool).await);
        drop(lease(&pool).await);
        assert_eq!(accepted.get(), 2);
    })
    .await;
}
