"""What scipy says of drawn samples: reads cases as JSON from standard input, writes its own answers in the same order.

Called by the test that compares Pointsman's statistics with scipy's.
"""

import bisect
import json
import sys

import numpy as np
from scipy import optimize, stats


def welch(case: dict) -> dict:
    test = stats.ttest_ind(case["b"], case["a"], equal_var=False)
    low, high = test.confidence_interval(0.95)
    return {"p": test.pvalue, "low": low, "high": high, "degrees": test.df}


def ranks(case: dict) -> dict:
    b, a = np.array(case["b"]), np.array(case["a"])
    test = stats.mannwhitneyu(b, a, alternative="two-sided")
    return {"u": test.statistic, "p": test.pvalue, "shift": float(np.median(np.subtract.outer(b, a)))}


def share(case: dict) -> dict:
    low, high = stats.binomtest(case["events"], case["count"]).proportion_ci(0.95, method="wilson")
    return {"low": low, "high": high}


def adjusted(case: dict) -> dict:
    return {method: list(stats.false_discovery_control(case["p"], method=method)) for method in ("bh", "by")}


def split(case: dict) -> dict:
    counts = np.array(case["counts"])
    weights = np.array(case["weights"])
    test = stats.chisquare(counts, counts.sum() * weights / weights.sum())
    return {"statistic": test.statistic, "p": test.pvalue}


def more_ranks(case: dict) -> dict:
    b, a = np.array(case["b"]), np.array(case["a"])
    test = stats.brunnermunzel(a, b)
    # A shift belongs to the interval if the test of the shifted sample does not reject; between two differences nothing changes.
    differences = np.subtract.outer(b, a).ravel()
    # Those that differ in their last digits only are one; what stands for them keeps its digits.
    ends = differences[np.unique(differences.round(9), return_index=True)[1]]
    middles = [(ends[0] * 2 - 1), *((ends[1:] + ends[:-1]) / 2), ends[-1] * 2 + 1]

    def tail(place: int, side: str) -> float:
        return stats.mannwhitneyu(b - middles[place], a, method="asymptotic", alternative=side).pvalue

    # The further a sample is shifted down, the less it lies above: where that stops being surprising, and where lying below starts.
    places = range(len(middles))
    first = bisect.bisect_left(places, True, key=lambda place: tail(place, "greater") > 0.025)
    last = bisect.bisect_left(places, True, key=lambda place: tail(place, "less") <= 0.025) - 1
    p = None if np.isnan(test.pvalue) else test.pvalue
    return {"p": p, "low": ends[max(first - 1, 0)], "high": ends[min(last, len(ends) - 1)]}


def shares(case: dict) -> dict:
    (x_b, n_b), (x_a, n_a) = case["b"], case["a"]
    low, high = stats.binomtest(x_b, n_b).proportion_ci(0.95, method="exact")
    pooled = (x_b + x_a) / (n_b + n_a)
    z = (x_b / n_b - x_a / n_a) / np.sqrt(pooled * (1 - pooled) * (1 / n_b + 1 / n_a))
    return {
        "pooled": 2 * stats.norm.sf(abs(z)),
        "fisher": stats.fisher_exact([[x_b, n_b - x_b], [x_a, n_a - x_a]]).pvalue,
        "rates": stats.binomtest(x_b, x_b + x_a, n_b / (n_b + n_a)).pvalue,
        "low": low,
        "high": high,
    }


def score(case: dict) -> dict:
    (x_b, n_b), (x_a, n_a), least = case["b"], case["a"], case["least"]

    def slope(share: float) -> float:
        of_b = share + least
        return x_b / of_b - (n_b - x_b) / (1 - of_b) + x_a / share - (n_a - x_a) / (1 - share)

    edge = 1e-12
    share = optimize.brentq(slope, max(0, -least) + edge, min(1, 1 - least) - edge, xtol=1e-15)
    of_b, all_ = share + least, n_b + n_a
    variance = (of_b * (1 - of_b) / n_b + share * (1 - share) / n_a) * all_ / (all_ - 1)
    return {"p": stats.norm.sf((x_b / n_b - x_a / n_a - least) / np.sqrt(variance))}


def barnard(case: dict) -> dict:
    (x_b, n_b), (x_a, n_a) = case["b"], case["a"]
    tables = np.meshgrid(np.arange(n_b + 1), np.arange(n_a + 1), indexing="ij")

    def distance(of_b: np.ndarray, of_a: np.ndarray) -> np.ndarray:
        pooled = (of_b + of_a) / (n_b + n_a)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n_b + 1 / n_a))
        return np.abs(np.divide(of_b / n_b - of_a / n_a, error, out=np.zeros(np.shape(error)), where=error > 0))

    extreme = distance(*tables) >= distance(np.array(x_b), np.array(x_a)) - 1e-12

    def chance(share: float) -> float:
        return float((stats.binom.pmf(tables[0], n_b, share) * stats.binom.pmf(tables[1], n_a, share))[extreme].sum())

    # scipy's own search for the worst share ends anywhere near it; this one tries three hundred and then looks closely.
    worst = max(np.linspace(0, 1, 301), key=chance)
    near = optimize.minimize_scalar(
        lambda share: -chance(share), bounds=(max(0, worst - 1 / 300), min(1, worst + 1 / 300)), method="bounded", options={"xatol": 1e-10}
    )
    return {"p": max(-near.fun, chance(worst))}


def power(case: dict) -> dict:
    units, effect, alpha = case["units"], case["effect"], case["alpha"]
    degrees, away = 2 * units - 2, effect * np.sqrt(units / 2)
    critical = stats.t.isf(alpha / 2, degrees)
    # Of a far tail with nothing in it scipy says that it is no number.
    far = stats.nct.cdf(-critical, degrees, away)
    return {"power": stats.nct.sf(critical, degrees, away) + np.nan_to_num(far)}


def main() -> None:
    known = {
        "welch": welch,
        "ranks": ranks,
        "more_ranks": more_ranks,
        "share": share,
        "shares": shares,
        "score": score,
        "barnard": barnard,
        "power": power,
        "adjusted": adjusted,
        "split": split,
    }
    json.dump([known[case["kind"]](case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
