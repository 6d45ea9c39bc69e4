//! All differences between the values of two samples, in order, without writing them down: what a shift is estimated by.

/// `b - a`, for each pair.
pub(super) struct Differences {
    b: Vec<f64>,
    a: Vec<f64>,
}

impl Differences {
    /// None without values on both sides, or where one is not a number.
    pub(super) fn of(b: &[f64], a: &[f64]) -> Option<Self> {
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        let proper = !b.is_empty() && !a.is_empty() && b.iter().chain(a).all(|value| value.is_finite());
        proper.then(|| Self { b: sorted(b), a: sorted(a) })
    }

    pub(super) fn count(&self) -> usize {
        self.b.len() * self.a.len()
    }

    pub(super) fn median(&self) -> f64 {
        let (lower, upper) = ((self.count() - 1) / 2, self.count() / 2);
        f64::midpoint(self.nth(lower), self.nth(upper))
    }

    /// The difference that has so many before it: the smallest number that at least one more are not above. Found by halving the
    /// numbers there are between the smallest and the largest.
    pub(super) fn nth(&self, place: usize) -> f64 {
        let (last_b, last_a) = (self.b.len() - 1, self.a.len() - 1);
        let (mut low, mut high) = (key(self.b[0] - self.a[last_a]), key(self.b[last_b] - self.a[0]));
        while low < high {
            let middle = low + (high.abs_diff(low) / 2).cast_signed();
            if self.up_to(number(middle)) > place { high = middle } else { low = middle + 1 }
        }
        number(high)
    }

    /// How many are no larger: for each value of `b`, those of `a` from the first on that it is not too far above.
    fn up_to(&self, limit: f64) -> usize {
        let (mut first, mut count) = (0, 0);
        for b in &self.b {
            while self.a.get(first).is_some_and(|a| b - a > limit) {
                first += 1;
            }
            count += self.a.len() - first;
        }
        count
    }
}

/// Whole numbers in the order of the floating-point numbers they stand for.
fn key(number: f64) -> i64 {
    // A difference of equal values may be zero with either sign.
    let bits = (number + 0.0).to_bits().cast_signed();
    if bits < 0 { i64::MIN - bits } else { bits }
}

fn number(key: i64) -> f64 {
    let bits = if key < 0 { i64::MIN - key } else { key };
    f64::from_bits(bits.cast_unsigned())
}
