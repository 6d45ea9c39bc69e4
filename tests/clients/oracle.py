"""What scipy says of drawn samples: reads cases as JSON from standard input, writes its own answers in the same order.

Called by the test that compares Pointsman's statistics with scipy's.
"""

import json
import sys

import numpy as np
from scipy import stats


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
    return {"bh": list(stats.false_discovery_control(case["p"], method="bh"))}


def split(case: dict) -> dict:
    counts = np.array(case["counts"])
    weights = np.array(case["weights"])
    test = stats.chisquare(counts, counts.sum() * weights / weights.sum())
    return {"statistic": test.statistic, "p": test.pvalue}


def main() -> None:
    known = {"welch": welch, "ranks": ranks, "share": share, "adjusted": adjusted, "split": split}
    json.dump([known[case["kind"]](case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
