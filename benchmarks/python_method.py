"""Ten lines of Python as a method, against ERM and against the same method in C++.

    PYTHONPATH=build/python /usr/bin/python3 benchmarks/python_method.py

Coloured Fashion-MNIST where it is installed, else drawn digits; 16 seeds train side by side.
"""

import tempfile
import time

import torch  # noqa: F401 - before spurion: tensors are then torch tensors

import spurion


@spurion.register
class PythonVRex(spurion.Method):
    """V-REx: the variance of the risks of the train domains as a penalty."""

    needs = ["domain_labels"]
    uses = "risks"
    strength = spurion.option(100.0, "Multiplier of the variance.", low=0, search=(1, 1e4))

    def objective(self, risks, batch):
        return risks.mean(1) + self.strength * risks.var(1, unbiased=False)


SUITE = """
name = "python_example"
seeds = 16
[defaults]
environment = {{ name = "coloured_images", source = "{source}" }}
model = {{ name = "mlp", width = 64, depth = 2 }}
regime = {{ name = "offline" }}
training = {{ steps = 300, rows = 2000, batch = 100 }}
evaluation = {{ rows = 1000, training_rows = 0 }}
[[experiment]]
name = "example"
[experiment.grid]
method = [{method}]
"""

METHODS = {
    "ERM": '{ name = "erm" }',
    "V-REx in C++": '{ name = "v_rex", penalty_weight = 100.0, initial_weight = 100.0, rescale = false }',
    "V-REx in Python": '{ name = "python_v_rex" }',
}


def source():
    """Fashion-MNIST, or the drawn digits where it is not there."""
    try:
        spurion.Environment("coloured_images", source="fashion_mnist")
        return "fashion_mnist"
    except spurion.DataError:
        return "glyphs"


def main():
    images = source()
    for name, method in METHODS.items():
        with tempfile.TemporaryDirectory() as folder:
            start = time.time()
            spurion.run(SUITE.format(source=images, method=method), out=folder, jobs=1)
            seconds = time.time() - start
            trials = spurion.open(folder).trials
        mean = {domain: sum(one[f"{domain}/accuracy"] for one in trials) / len(trials)
                for domain in ("in_distribution", "test") if f"{domain}/accuracy" in trials[0]}
        trained = sum(one["seconds"] for one in trials)
        print(f"{name:16} {seconds:6.1f} s, of them {trained:5.1f} s for 16 replicas; accuracy "
              + ", ".join(f"{domain} {value:.3f}" for domain, value in mean.items()))


if __name__ == "__main__":
    main()
