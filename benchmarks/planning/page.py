"""Writes README.md of this folder from measurements.json: page.py MEASUREMENTS PAGE."""

import json
import pathlib
import sys

from model import CORE_COUNTS, TRIAL_COUNTS, Cluster, Costs, afterwards, simulate, task_count

# Seconds that a trial takes of one core: tiny models, small models, networks for images.
TRIAL_SECONDS = (0.1, 1.0, 10.0)
# Runs with more cores than so many times their tasks are left out.
IDLE = 10

HEAD = """# Many machines: what a run takes, and what breaks first

`benchmarks/planning/planning.sh` writes this page. The numbers of section 1 are measured. Sections 2 and 3 are a
simulation with the costs of section 1 and with a cluster that is assumed. So they show orders of magnitude, and
which part limits a run. No run of this size was made.

"""

ASSUMED = """
## 2. How long a run takes

The simulation deals tasks to cores, each task to the first core that is free. It assumes:

- A node has {cores} cores, and {memory:.0f} GB of memory for each. A node fails once in {hours:.0f} hours. What its
  tasks did since their last copy is lost ({copy:.0f} s at most). They run again after {requeue:.0f} s.
- The speed of a task varies by {spread:.0f} % (standard deviation). 1 % of the tasks take twice as long.
- The scheduler starts {starts:.0f} tasks a second.
- All nodes share a file system: {disk:.0f} GB a second, {operations:.0f} operations on files a second.
- Each node reads spurion, LibTorch ({library:.0f} MB) and the plan once. Tasks copy their stores there each
  {copy:.0f} s, as spurion does on network file systems.
- Tasks take 45 minutes. Where that is less than four tasks a core, they are shorter, but not below 10 minutes.

The random numbers of the simulation have the seed {seed}, so that the page is the same each time.

How long a trial takes of one core is assumed, too. In `mulligan_first_look` it is 0.1 s, in `scaling_laws` about 1 s.
Left out are runs with more than ten times as many cores as tasks: the other cores have nothing to do.

*used*: the share of the time of all cores that trains. *failures*: tasks that were killed by a node.
*start*: until the first tasks train. *disk*, *files*: what copies of stores take of the file system in the mean,
in bytes and in operations; above 100 % copies come later than they should.
"""

LIMITS = """
## 3. What breaks first

"""


def quantity(value, units):
    """A number with two significant digits and the largest unit that it reaches."""
    for size, unit in reversed(units):
        if value >= size:
            break
    else:
        size, unit = units[0]
    shown = value / size
    return f"{shown:,.0f} {unit}" if shown >= 10 else f"{shown:.2g} {unit}"


def duration(seconds):
    return quantity(seconds, ((1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "days")))


def size(amount):
    return quantity(amount, ((1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB")))


def shown_memory(each):
    """Memory for a trial; below some bytes it is lost in what a start takes."""
    return size(each) if each >= 16.0 else "none seen"


def power(number):
    return f"10^{len(str(number)) - 1}"


def percent(share):
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def measured_section(costs, machine):
    rows = []
    for shape, (start, each, _, memory) in costs.plan.items():
        text = f"plan, {shape}"
        rows.append((text, f"{start:.2f} s", f"{each * 1e6:.1f} us", "", size(memory)))
    planned = f"{costs.planned * 1e6:.2f} us" if costs.planned >= 5e-9 else "none seen"
    rows.append(("start of a shard, for a trial of the plan", f"{costs.start:.2f} s", planned, "",
                 shown_memory(costs.shard_memory_planned)))
    for what, (store, trial, memory) in costs.join.items():
        each = f"{trial * 1e6:.0f} us"
        rows.append((what, "", each, f"{store * 1e3:.1f} ms", shown_memory(memory)))
    return (
        "## 1. What is measured\n\n"
        f"Processor time of one core of {machine}.\n"
        "A trial here trains one step, and is evaluated on few rows. The trial of a study with more domains stores\n"
        "more numbers, and costs more to store, check, merge and report.\n\n"
        + table(("command", "to start", "for a trial", "for a store", "memory for a trial"), rows)
        + f"\nA plan has {costs.plan_bytes:.0f} bytes for a trial at most. A store has {size(costs.store_start)} and "
        f"{size(costs.trial_bytes)} for a trial.\n"
    )


def run_rows(trial_seconds, costs):
    rows = []
    for trials in TRIAL_COUNTS:
        for cores in CORE_COUNTS:
            if cores > IDLE * task_count(trials, cores, trial_seconds):
                continue
            run = simulate(trials, cores, trial_seconds, costs)
            rows.append((
                power(trials), power(cores), f"{run.tasks:,}", duration(run.wall), percent(run.used),
                str(run.failures), duration(run.start), percent(run.disk_share), percent(run.operation_share),
            ))
    return rows


def run_section(costs):
    out = ASSUMED.format(
        cores=Cluster.cores_a_node, memory=Cluster.memory_a_core * 1e-9,
        hours=Cluster.node_hours_between_failures, copy=Cluster.copy_seconds, requeue=Cluster.requeue_seconds,
        spread=100 * Cluster.speed_spread, starts=Cluster.starts_a_second, disk=Cluster.disk_bytes_a_second * 1e-9,
        operations=Cluster.disk_operations_a_second, library=Cluster.library_bytes * 1e-6, seed=22,
    )
    heads = ("trials", "cores", "tasks", "wall time", "used", "failures", "start", "disk", "files")
    for trial_seconds in TRIAL_SECONDS:
        out += f"\nTrials of {trial_seconds:g} s:\n\n" + table(heads, run_rows(trial_seconds, costs))
    return out


def after_section(costs):
    rows = []
    for trials in TRIAL_COUNTS:
        for tasks in (10**2, 10**3, 10**4, 10**5):
            if tasks > trials:
                continue
            after = afterwards(trials, tasks, costs)
            rows.append((
                power(trials), power(tasks), f"{2 * tasks:,}", duration(after.merge), duration(after.report),
                size(after.report_memory), size(after.bytes),
            ))
    heads = ("trials", "tasks", "files", "merge", "report", "its memory", "merged store")
    text = (
        "\nAfterwards one core merges the stores and answers the questions (`report --text`). Each task has a folder\n"
        "with a store and a file for its lock.\n\n"
    )
    return text + table(heads, rows)


def shape_limits(costs):
    """The plan itself: seconds and memory."""
    lines = []
    for trials in TRIAL_COUNTS:
        start, each, base, memory = costs.plan["search"]
        lines.append((power(trials), duration(start + each * trials), size(base + memory * trials),
                      size(costs.plan_bytes * trials), size(costs.shard_memory + costs.shard_memory_planned * trials)))
    heads = ("trials", "plan of a search", "its memory", "file of the plan", "memory of a task before it trains")
    return table(heads, lines)


def problems(run, costs):
    """What goes wrong in a run, the worst first: (how much beyond the limit, a sentence)."""
    found = [
        (run.disk_share, f"the copies of the stores fill the file system ({percent(run.disk_share)})"),
        (run.operation_share, f"copies are more files than the file system makes ({percent(run.operation_share)})"),
        (run.task_memory / Cluster.memory_a_core, f"a task needs {size(run.task_memory)} to read the plan"),
        (run.start / 300.0, f"tasks wait {duration(run.start)} for the plan and LibTorch"),
        (run.submit / 600.0, f"the scheduler needs {duration(run.submit)} to start the tasks"),
        (0.5 / max(run.used, 1e-9), f"{percent(1.0 - run.used)} of the core time is not used"),
    ]
    after = afterwards(run.trials, run.tasks, costs)
    found.append((after.merge / 3600.0, f"the merge takes {duration(after.merge)}"))
    found.append((after.report_memory / 16e9, f"the report needs {size(after.report_memory)} of memory"))
    return sorted((one for one in found if one[0] >= 1.0), reverse=True)


def limit_section(costs):
    rows = []
    for trials in TRIAL_COUNTS:
        for cores in CORE_COUNTS:
            if cores > IDLE * task_count(trials, cores, 1.0):
                continue
            run = simulate(trials, cores, 1.0, costs)
            found = problems(run, costs)
            rows.append((power(trials), power(cores), "; ".join(text for _, text in found[:2]) or "nothing"))
    return (
        LIMITS
        + "Trials of 1 s, as above. A thing breaks here when it needs more than the cluster has, or when it takes more than 5\n"
        "minutes (start), 10 minutes (scheduler), an hour (merge), 16 GB (report) or half of the core time. The worst comes first.\n\n"
        + table(("trials", "cores", "what breaks first"), rows)
        + "\nThe plan before the run, and what each task holds of it:\n\n"
        + shape_limits(costs)
    )


ADVICE = """
What helps:

- The core time is not used: there is too little work. Use fewer cores.
- Copies fill the file system: save more rarely, as `spurion run PLAN --checkpoint 600`. A task that is killed
  then loses up to 10 minutes.
- Tasks wait for the plan and for LibTorch: install spurion on the nodes, and split the suite into several suites, each
  with a plan of its own. Their stores are merged one suite at a time.
- The report needs too much memory: give the experiments suites of their own.
- A slow or broken node holds up the end: `spurion submit DIR/suite.plan --missing` deals what is left to other tasks.
- Many tasks: `spurion submit --max-parallel N` limits how many run at once.
"""


def main():
    source, target = sys.argv[1:]
    data = json.loads(pathlib.Path(source).read_text())
    costs = Costs(data["rows"])
    text = HEAD + measured_section(costs, data["machine"]) + run_section(costs) + after_section(costs)
    pathlib.Path(target).write_text(text + limit_section(costs) + ADVICE)


main()
