//! What a decision costs: from a name and a unit to a target, in tables of three sizes.
//!
//! It has to stay flat, since every request waits for it. Run by `make bench ARGS=decision`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pointsman::routing::{Allocation, Anonymous, Entry, Holdout, NameKind, Route, STABLE, Salt, Table, Target, Targeting, Unit};

/// As many requests as are made before they repeat: more than a branch predictor learns by heart.
const REQUESTS: usize = 4096;

fn target(variant: &str, collection: String, rename: Option<Box<str>>) -> Arc<Target<()>> {
    Arc::new(Target { variant: variant.into(), upstream: 0, collection: collection.into(), rename, handle: () })
}

fn entry(alias: &str) -> Entry<()> {
    let stable = target(STABLE, format!("{alias}_v1"), None);
    let candidate = target("candidate", format!("{alias}_v2"), Some(format!("{alias}_v2").into()));
    let route = Route {
        salt: Salt::new(&format!("route:{alias}")),
        allocation: Allocation::fresh(&[95.0, 5.0], 0),
        variants: vec![Arc::clone(&stable), candidate],
        stable: 0,
        anonymous: Anonymous::Random,
        watch: None,
        targeting: Targeting::default(),
        holdout: Holdout::default(),
    };
    Entry { kind: NameKind::Alias, stable, route: Some(route), shadow: None, captures: Box::default() }
}

fn alias(index: usize) -> String {
    format!("documents_{index}")
}

fn table(aliases: usize) -> Table<()> {
    let unknown =
        Entry { kind: NameKind::Unknown, stable: target(STABLE, String::new(), None), route: None, shadow: None, captures: Box::default() };
    let names = (0..aliases).map(alias).map(|alias| (Box::<str>::from(alias.as_str()), entry(&alias)));
    Table::new(1, names, unknown)
}

/// An alias and a user for each request, with strides that visit the whole table in no order a prefetcher knows.
fn requests(aliases: usize) -> Vec<(String, String)> {
    (0..REQUESTS).map(|index| (alias(index * 7919 % aliases), format!("user-{}", index * 104_729 % 1_000_003))).collect()
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(1));
    for aliases in [10, 1_000, 100_000] {
        let (table, requests) = (table(aliases), requests(aliases));
        let mut next = requests.iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(aliases), |bencher| {
            bencher.iter(|| {
                let (alias, user) = next.next().expect("a cycle has no end");
                let route = table.entry(black_box(alias)).route.as_ref().expect("every alias has a route");
                route.decide(Unit::Id(black_box(user).as_bytes()), None, || unreachable!("a unit needs no draw"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decision);
criterion_main!(benches);
