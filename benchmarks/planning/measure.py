"""Measures what spurion does beside training: plans, starts of shards, stores, merges, reports.

measure.py SPURION FILE writes a list of measurements as JSON. Times are processor time.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SHAPES = ("seeds", "grid", "search")


def suite(shape, trials):
    """A suite of so many tiny trials: many seeds, a grid of settings, or a search."""
    grid, search, seeds = "", "", trials // 2
    if shape == "seeds":
        grid = '"training.steps" = [1, 2]'
    elif shape == "grid":
        rates = ", ".join(f"{0.0001 * (i + 1):.8f}" for i in range(trials // 2))
        grid, seeds = f'"optimizer.learning_rate" = [{rates}]', 2
    else:
        fields = '["optimizer.learning_rate", "method.l2"]'
        search, seeds = f"[experiment.search]\nconfigurations = {trials}\nfields = {fields}", 1
    return f"""name = "planning"
seeds = {seeds}
[[experiment]]
name = "trials"
environment = {{ name = "two_bit" }}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = 1, rows = 8, batch = 4 }}
evaluation = {{ rows = 8, training_rows = 0 }}
[experiment.grid]
{grid}
{search}
"""


class Bench:
    """Runs commands in a folder and keeps what they took."""

    def __init__(self, spurion, folder):
        self.spurion = os.path.abspath(spurion)
        self.folder = folder
        self.rows = []

    def run(self, *words):
        """Processor seconds and most megabytes of a command, which must succeed."""
        process = subprocess.Popen(
            [self.spurion, *words], cwd=self.folder, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"measure.py: this failed: spurion {' '.join(words)}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000

    def note(self, what, taken, **sizes):
        seconds, megabytes = taken
        row = {"what": what, **sizes, "seconds": round(seconds, 3), "megabytes": round(megabytes, 1)}
        print(json.dumps(row), file=sys.stderr)
        self.rows.append(row)

    def size(self, name):
        return (self.folder / name).stat().st_size


def measure_plans(bench):
    for shape in SHAPES:
        for trials in (10000, 100000, 1000000) if shape == "seeds" else (10000, 100000):
            name = f"{shape}_{trials}"
            (bench.folder / f"{name}.toml").write_text(suite(shape, trials))
            taken = bench.run("plan", f"{name}.toml", "--out", name, "--quiet")
            bench.note(f"plan {shape}", taken, trials=trials, bytes=bench.size(f"{name}/suite.plan"))


def measure_shards(bench):
    """Shards of a small and of a large plan, with few trials and with many."""
    for plan, of in ((10000, 100), (100000, 1000), (1000000, 10000), (100000, 20)):
        folder = f"shard_{plan}_{of}"
        options = ("--shard", f"1/{of}", "--jobs", "1", "--quiet", "--out", folder)
        taken = bench.run("run", f"seeds_{plan}/suite.plan", *options)
        store = f"{folder}/shard_1_of_{of}/store.sqlite"
        bench.note("shard", taken, trials=plan // of, planned=plan, bytes=bench.size(store))


def measure_joining(bench):
    """What reads many stores: few stores of many trials, and many stores of few."""
    plan = 100000
    for stores, of in ((2, 10), (30, 1000)):
        folder = f"join_{stores}"
        for number in range(1, stores + 1):
            options = ("--shard", f"{number}/{of}", "--jobs", "1", "--quiet", "--out", folder)
            bench.run("run", f"seeds_{plan}/suite.plan", *options)
        sizes = {"trials": stores * plan // of, "stores": stores}
        bench.note("check", bench.run("check", folder), **sizes)
        bench.note("merge", bench.run("merge", folder), **sizes, bytes=bench.size(f"{folder}/store.sqlite"))
        bench.note("report", bench.run("report", folder, "--text"), **sizes)


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "an unknown processor"


def main():
    spurion, out = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(spurion, pathlib.Path(folder))
        bench.note("start", bench.run("list", "methods"), trials=0)
        measure_plans(bench)
        measure_shards(bench)
        measure_joining(bench)
    lines = ",\n".join("    " + json.dumps(row) for row in bench.rows)
    text = f'{{\n  "machine": {json.dumps(machine())},\n  "rows": [\n{lines}\n  ]\n}}\n'
    pathlib.Path(out).write_text(text)


main()
