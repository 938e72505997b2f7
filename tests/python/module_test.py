"""The Python module as its users meet it. Cases with torch skip where python3-torch is missing."""

import tempfile
import unittest
from pathlib import Path

import numpy

try:
    import torch
except ImportError:
    torch = None

import spurion

SUITE = """
name = "tiny"
seeds = 2
[defaults]
environment = { name = "two_bit" }
model = { name = "mlp", width = 5, depth = 1 }
regime = { name = "offline" }
training = { steps = 20, rows = 40, batch = 10 }
evaluation = { rows = 100, training_rows = 40 }
[[experiment]]
name = "grid"
[experiment.grid]
method = [METHODS]
"""


def suite(*methods):
    return SUITE.replace("METHODS", ", ".join(f'{{ name = "{one}" }}' for one in methods))


if torch is not None:
    @spurion.register
    class PythonVRex(spurion.Method):
        """The variance of the risks as a penalty."""

        needs = ["domain_labels"]
        strength = spurion.option(10.0, "Multiplier of the variance.", low=0, search=(1, 100))

        def objective(self, logits, batch):
            risks = batch.risks()
            return risks.mean(1) + self.strength * risks.var(1, unbiased=False)

    @spurion.register
    class Broken(spurion.Method):
        """Fails."""

        def objective(self, logits, batch):
            return logits.nonsense()

    @spurion.register
    class Remembers(spurion.Method):
        """A loss that falls with each step, and a count of the steps."""

        uses = "risks"
        state = ["steps_made"]

        def start(self):
            self.steps_made = torch.zeros(self.replicas)

        def objective(self, risks, batch):
            self.steps_made = self.steps_made + 1
            return risks.mean(1) / self.steps_made


class Module(unittest.TestCase):
    def test_what_there_is(self):
        self.assertIn("v_rex", spurion.names("method"))
        self.assertIn("first_look", spurion.suites())
        options = {one["name"]: one for one in spurion.describe("method", "v_rex")["options"]}
        self.assertEqual(options["penalty_weight"]["default"], 10000.0)
        self.assertIn("penalty_weight (number", spurion.doc("method", "v_rex"))
        with self.assertRaisesRegex(spurion.UsageError, "did you mean 'v_rex'"):
            spurion.describe("method", "v_rexx")

    def test_rows_twins_and_ceilings(self):
        env = spurion.Environment("two_bit")
        rows = env.sample("test", 200, split="test")
        again = env.sample("test", 100, first=100, split="test")
        self.assertTrue((numpy.asarray(rows.x)[100:] == numpy.asarray(again.x)).all())
        twins = env.twin("test", 200)
        self.assertTrue((numpy.asarray(twins.causal) == numpy.asarray(rows.causal)).all())
        self.assertFalse((numpy.asarray(twins.spurious) == numpy.asarray(rows.spurious)).all())
        ceilings = env.ceilings("test")
        self.assertGreater(ceilings["bayes"], ceilings["invariant"] - 1e-9)
        with self.assertRaises(spurion.UsageError):
            spurion.Environment("two_bit", no_such_option=1)

    def test_scores_of_logits(self):
        env = spurion.Environment("two_bit")
        rows = env.sample("test", 500, split="test")
        logits = numpy.asarray(rows.y).astype(float) * 20 - 10
        scores = env.score(logits, ["test"], 500)
        self.assertEqual(scores["test"]["accuracy"], 1.0)

    def test_a_suite_runs_and_its_results_are_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            told = []
            end = spurion.run(suite("erm", "irm_v1"), out=folder, jobs=1, progress=told.append)
            self.assertEqual(end["trials_done"], 4)
            self.assertTrue(told)
            results = spurion.open(folder)
            self.assertEqual(len(results.trials), 4)
            self.assertEqual({one["method"] for one in results.trials}, {"erm", "irm_v1"})
            self.assertIn("test/accuracy", results.trials[0])
            columns = {len(column) for column in results.measurements.values()}
            self.assertEqual(len(columns), 1)
            with self.assertRaisesRegex(spurion.UsageError, "callback failed: ZeroDivisionError"):
                spurion.run(suite("v_rex"), out=folder + "/other", jobs=1,
                            progress=lambda progress: 1 / 0)


@unittest.skipIf(torch is None, "python3-torch is not installed")
class WithTorch(unittest.TestCase):
    def test_rows_share_memory(self):
        rows = spurion.Environment("two_bit").sample("train_0", 10)
        self.assertIsInstance(rows.x, torch.Tensor)
        data = spurion.Environment("two_bit").dataset(rows=10)
        self.assertEqual(len(data), 20)

    def test_a_method_in_python_gives_the_numbers_of_the_same_method_in_cpp(self):
        text = suite("python_v_rex") + suite("v_rex").split("[[experiment]]")[1].replace(
            "\nname = \"grid\"", "[[experiment]]\nname = \"cpp\"").replace(
            '{ name = "v_rex" }',
            '{ name = "v_rex", penalty_weight = 10.0, initial_weight = 10.0, rescale = false }')
        with tempfile.TemporaryDirectory() as folder:
            spurion.run(text, out=folder, jobs=1)
            trials = spurion.open(folder).trials
        self.assertEqual({one["status"] for one in trials}, {"done"})
        for one in trials:
            for other in trials:
                if one["seed"] == other["seed"]:
                    self.assertAlmostEqual(one["test/loss"], other["test/loss"], places=4)

    def test_a_method_in_python_is_held_to_conformance(self):
        for name in ("python_v_rex", "remembers"):
            failed = [one for one in spurion.selftest("method", name) if one["outcome"] == "failed"]
            self.assertEqual(failed, [])

    def test_a_failure_names_the_place_and_costs_its_own_trials(self):
        with tempfile.TemporaryDirectory() as folder:
            end = spurion.run(suite("broken", "erm"), out=folder, jobs=1)
            self.assertEqual((end["failed"], end["trials_done"]), (2, 4))
            self.assertRegex("\n".join(end["notes"]), r"2 times: method 'broken': AttributeError")
            messages = {one["message"] for one in spurion.open(folder).trials} - {""}
        self.assertEqual(len(messages), 1)
        self.assertRegex(messages.pop(), r"method 'broken': AttributeError.*module_test\.py\(\d+\)")

    def test_a_failed_trial_of_two_experiments_counts_once(self):
        text = suite("broken") + "[[experiment]]" + suite("broken").split("[[experiment]]")[1].replace("grid\"", "again\"")
        with tempfile.TemporaryDirectory() as folder:
            end = spurion.run(text, out=folder, jobs=1)
        self.assertEqual(end["failed"], 2)
        self.assertRegex("\n".join(end["notes"]), r"2 times: method 'broken': AttributeError")

    def test_a_method_uses_logits_or_risks(self):
        with self.assertRaisesRegex(spurion.UsageError, "can use 'logits' or 'risks', not 'risk'"):
            @spurion.register
            class Misspelt(spurion.Method):
                """Names no input."""

                uses = "risk"

                def objective(self, risks, batch):
                    return risks.mean(1)

    def test_models_are_kept_for_torch(self):
        with tempfile.TemporaryDirectory() as folder:
            spurion.run(suite("erm"), out=folder, jobs=1, keep_models="seed=0")
            file, = Path(folder, "models").glob("*.pt")
            kept = torch.load(file)
        self.assertEqual(sum(one.numel() for one in kept["state_dict"].values()) > 10, True)


if __name__ == "__main__":
    unittest.main()
