//! What a decision costs: from a name and a unit to a target, in tables of several sizes, with a route on each name or with
//! experiments that share it.
//!
//! It has to stay flat, since every request waits for it. Run by `make bench ARGS=decision`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pointsman::protocol::Read;
use pointsman::routing::{
    Allocation, Entry, Holdout, Layer, NameKind, Part, Route, SLOTS, STABLE, Salt, Split, SplitPolicy, Table, Target, Targeting, Unit,
};

/// As many requests as are made before they repeat: more than a branch predictor learns by heart.
const REQUESTS: usize = 4096;

fn target(variant: &str, collection: String, rename: Option<Box<str>>) -> Arc<Target<()>> {
    Arc::new(Target { variant: variant.into(), upstream: 0, collection: collection.into(), rename, handle: () })
}

fn route(alias: &str, salt: &str, stable: &Arc<Target<()>>) -> Route<()> {
    let candidate = target("candidate", format!("{alias}_v2"), Some(format!("{alias}_v2").into()));
    Route {
        salt: Salt::new(salt),
        allocation: Allocation::fresh(&[95.0, 5.0], 0),
        variants: vec![Arc::clone(stable), candidate],
        stable: 0,
        policy: SplitPolicy::default(),
        watch: None,
        interleaving: None,
        targeting: Targeting::default(),
        holdout: Holdout::default(),
    }
}

/// What makes the split of an alias.
type Made = fn(&str, &Arc<Target<()>>) -> Split<()>;

fn plain(alias: &str, stable: &Arc<Target<()>>) -> Split<()> {
    Split::Route(route(alias, &format!("route:{alias}"), stable))
}

/// Eight experiments on one alias, a tenth of the units each: most requests go by two salts.
fn layered(alias: &str, stable: &Arc<Target<()>>) -> Split<()> {
    let part = |index: u32| {
        let slots = index * SLOTS / 10..(index + 1) * SLOTS / 10;
        Part { slots, route: route(alias, &format!("experiment:exp_{alias}_{index}"), stable) }
    };
    Split::Layer(Layer::new(Salt::new(&format!("layer:{alias}")), Arc::clone(stable), (0..8).map(part).collect()))
}

fn entry(alias: &str, made: Made) -> Entry<()> {
    let stable = target(STABLE, format!("{alias}_v1"), None);
    let split = Some(made(alias, &stable));
    Entry { kind: NameKind::Alias, stable, split, shadow: None, captures: Box::default() }
}

fn alias(index: usize) -> String {
    format!("documents_{index}")
}

fn table(aliases: usize, made: Made) -> Table<()> {
    let stable = target(STABLE, String::new(), None);
    let unknown = Entry { kind: NameKind::Unknown, stable, split: None, shadow: None, captures: Box::default() };
    let names = (0..aliases).map(alias).map(|alias| (Box::<str>::from(alias.as_str()), entry(&alias, made)));
    Table::new(1, names, unknown)
}

/// An alias and a user for each request, with strides that visit the whole table in no order a prefetcher knows.
fn requests(aliases: usize) -> Vec<(String, String)> {
    (0..REQUESTS).map(|index| (alias(index * 7919 % aliases), format!("user-{}", index * 104_729 % 1_000_003))).collect()
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(1));
    let sizes = [10, 1_000, 100_000];
    let plain = sizes.map(|aliases| (BenchmarkId::from_parameter(aliases), aliases, plain as Made));
    let layered = [10, 1_000].map(|aliases| (BenchmarkId::new("layered", aliases), aliases, layered as Made));
    for (id, aliases, made) in plain.into_iter().chain(layered) {
        let (table, requests) = (table(aliases, made), requests(aliases));
        let mut next = requests.iter().cycle();
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                let (alias, user) = next.next().expect("a cycle has no end");
                let split = table.entry(black_box(alias)).split.as_ref().expect("every alias has one");
                let admits = |targeting: &Targeting| targeting.admits(|_| None);
                split.decide(Read::Search, Unit::Id(black_box(user).as_bytes()), None, admits, || unreachable!("a unit needs no draw"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decision);
criterion_main!(benches);
