"""Tests of the verdict: run by `python3 -m unittest discover tests/clients`."""

import io
import unittest

from verdict import Report, compared


def answered(name, answer=1, expect="ok"):
    return {"name": name, "expect": expect, "ok": True, "answer": answer}


def failed(name, status=404, expect="error"):
    return {"name": name, "expect": expect, "ok": False, "error": {"type": "E", "status": status, "text": "no"}}


def verdict(direct, through, minimum=0):
    out = io.StringIO()
    report = Report(out, minimum)
    report.add(compared("a suite", direct, through))
    return report.agreed, out.getvalue()


class Verdict(unittest.TestCase):
    def test_the_same_answers_and_the_same_refusals_agree(self):
        both = [answered("a"), failed("b")]
        self.assertEqual(verdict(both, both), (True, "a suite: 2 alike, 0 different, 0 unexpected, 0 unserved\n"))

    def test_a_different_answer_is_told_with_both_sides(self):
        agreed, text = verdict([answered("a", {"count": 3})], [answered("a", {"count": 4})])
        self.assertFalse(agreed)
        self.assertIn('-  "count": 3', text)
        self.assertIn('+  "count": 4', text)

    def test_a_refusal_with_another_text_differs(self):
        other = failed("a")
        other["error"]["text"] = "nothing here"
        self.assertFalse(verdict([failed("a")], [other])[0])

    def test_a_scenario_missing_on_either_side_differs(self):
        for direct, through in (([answered("a")], []), ([], [answered("a")])):
            agreed, text = verdict(direct, through)
            self.assertFalse(agreed)
            self.assertIn("(this scenario was not run)", text)

    def test_unserved_on_both_sides_is_listed_and_not_counted_as_an_answer(self):
        for status in (501, "UNIMPLEMENTED"):
            both = [answered("a"), failed("b", status, expect="ok")]
            agreed, text = verdict(both, both, minimum=2)
            self.assertFalse(agreed)
            self.assertIn("unserved on both sides: b", text)
            self.assertTrue(verdict(both, both, minimum=1)[0])

    def test_unserved_on_one_side_only_differs(self):
        self.assertFalse(verdict([answered("a")], [failed("a", 501, expect="ok")])[0])

    def test_alike_but_unexpected_is_no_agreement(self):
        for both in ([failed("a", 500, expect="ok")], [answered("a", expect="error")]):
            agreed, text = verdict(both, both)
            self.assertFalse(agreed)
            self.assertIn("unexpected on both sides: a", text)

    def test_two_scenarios_of_one_name_are_a_fault_of_the_suite(self):
        with self.assertRaisesRegex(ValueError, "rename"):
            verdict([answered("a"), answered("a")], [])


if __name__ == "__main__":
    unittest.main()
