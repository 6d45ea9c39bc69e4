//! Our statistics against scipy's, on samples that nobody has chosen.

use std::process::Stdio;

use pointsman::stats::Contrast;
use pointsman::stats::inference::barnard::barnard;
use pointsman::stats::inference::binomial::rates;
use pointsman::stats::inference::brunner_munzel::brunner_munzel;
use pointsman::stats::inference::family::{benjamini_hochberg, benjamini_yekutieli};
use pointsman::stats::inference::fixed::{self, Sample};
use pointsman::stats::inference::power::Design;
use pointsman::stats::inference::proportion::{clopper_pearson, wilson};
use pointsman::stats::inference::ranks::{mann_whitney, shift_interval};
use pointsman::stats::inference::shares::{fisher, pooled_z, score_above};
use pointsman::stats::sample_ratio::chi_square;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::python::python;

const ROUNDS: usize = 40;

fn sample(values: &[f64]) -> Sample {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    Sample { count, mean, variance: values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) }
}

/// Skewed values, sometimes rounded so that there are ties.
fn draw(random: &mut fastrand::Rng, least: usize) -> Vec<f64> {
    let (count, scale, round) = (random.usize(least..120), random.f64() * 5.0, random.bool());
    let value = |random: &mut fastrand::Rng| scale - (1.0 - random.f64()).ln();
    std::iter::repeat_with(|| value(random)).map(|value| if round { (value * 4.0).round() / 4.0 } else { value }).take(count).collect()
}

/// One of each kind: what scipy is asked, and what we say.
fn round(random: &mut fastrand::Rng) -> Vec<(Value, Value)> {
    let (a, b) = (draw(random, 3), draw(random, 3));
    let contrast = Contrast::of_samples(&sample(&b), &sample(&a)).expect("enough values");
    let once = fixed::test(&contrast, 0.05).expect("they vary");
    let ranks = mann_whitney(&b, &a).expect("there are values");
    let count = random.u64(1..500);
    let events = random.u64(0..=count);
    let share = wilson(events as f64, count as f64, 0.05).expect("of something");
    let p: Vec<f64> = (0..random.usize(1..10)).map(|_| random.f64().powi(3)).collect();
    let (counts, weights) =
        ([random.u64(50..5_000), random.u64(50..5_000), random.u64(50..5_000)], [random.f64() + 0.1, random.f64() + 0.1, 1.0]);
    let split = chi_square(&counts, &weights).expect("three arms");
    vec![
        (
            json!({"kind": "welch", "a": a, "b": b}),
            json!({"p": once.p_value, "low": once.interval.low, "high": once.interval.high, "degrees": once.degrees}),
        ),
        (json!({"kind": "ranks", "a": a, "b": b}), json!({"u": ranks.u, "p": ranks.p_value, "shift": ranks.shift})),
        (json!({"kind": "share", "events": events, "count": count}), json!({"low": share.low, "high": share.high})),
        (json!({"kind": "adjusted", "p": p}), json!({"bh": benjamini_hochberg(&p), "by": benjamini_yekutieli(&p)})),
        (json!({"kind": "split", "counts": counts, "weights": weights}), json!({"statistic": split.statistic, "p": split.p_value})),
    ]
}

/// Two shares that both have events and others, and samples that overlap.
fn second_round(random: &mut fastrand::Rng) -> Vec<(Value, Value)> {
    let share = |random: &mut fastrand::Rng, most: u64| {
        let count = random.u64(4..most);
        (random.u64(1..count), count)
    };
    let real = |(events, count): (u64, u64)| (events as f64, count as f64);
    let (a, b) = (share(random, 400), share(random, 400));
    let exact = clopper_pearson(real(b), 0.05).expect("of something");
    let least = random.f64() * 0.2 - 0.1;
    let (few_a, few_b) = (share(random, 40), share(random, 40));
    let (units, effect, alpha) = (random.u64(4..5_000), random.f64() * 0.5, 0.01 + random.f64() * 0.1);
    let design = Design { alpha, power: 0.8, ratio: 1.0 };
    let (x, y) = (draw(random, 10), draw(random, 10));
    let shift = shift_interval(&y, &x, 0.05).expect("there are values");
    let ranks = brunner_munzel(&y, &x).map(|test| test.p_value);
    vec![
        (
            json!({"kind": "shares", "a": a, "b": b}),
            json!({
                "pooled": pooled_z(real(b), real(a)), "fisher": fisher(b, a), "rates": rates((b.0, b.1 as f64), (a.0, a.1 as f64)),
                "low": exact.low, "high": exact.high,
            }),
        ),
        (json!({"kind": "score", "a": a, "b": b, "least": least}), json!({"p": score_above(real(b), real(a), least)})),
        (json!({"kind": "barnard", "a": few_a, "b": few_b}), json!({"p": barnard(few_b, few_a)})),
        (
            json!({"kind": "power", "units": units, "effect": effect, "alpha": alpha}),
            json!({"power": design.power_of_t(effect, units as f64, (1.0, 1.0))}),
        ),
        (json!({"kind": "more_ranks", "a": x, "b": y}), json!({"p": ranks, "low": shift.low, "high": shift.high})),
    ]
}

/// Numbers that agree to eight digits, or to fifteen places where they are next to nothing.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => theirs.iter().all(|(name, theirs)| agree(&ours[name], theirs)),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agree(ours, theirs))
        }
        (Value::Null, Value::Null) => true,
        _ => {
            let (Some(ours), Some(theirs)) = (ours.as_f64(), theirs.as_f64()) else { return false };
            (ours - theirs).abs() <= 1e-15 + 1e-8 * theirs.abs()
        }
    }
}

#[tokio::test]
async fn scipy_says_the_same_of_whatever_is_drawn() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let (questions, ours): (Vec<Value>, Vec<Value>) =
        (0..ROUNDS).flat_map(|_| [round(&mut random), second_round(&mut random)].concat()).unzip();
    let mut scipy = python("oracle.py").await;
    let mut scipy = scipy.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python is installed");
    let mut input = scipy.stdin.take().expect("it is piped");
    input.write_all(&serde_json::to_vec(&questions).expect("it is JSON")).await.expect("it reads");
    drop(input);
    let output = scipy.wait_with_output().await.expect("it ends");
    assert!(output.status.success());
    let theirs: Vec<Value> = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(theirs.len(), ours.len());
    for ((question, ours), theirs) in questions.iter().zip(&ours).zip(&theirs) {
        assert!(agree(ours, theirs), "seed {seed}: of {question} we say {ours} and scipy {theirs}");
    }
}
