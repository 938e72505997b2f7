"""The cost of a run on many machines: fitted to measurements, and simulated task by task."""

import heapq
import math
import random

TRIAL_COUNTS = (10**4, 10**5, 10**6, 10**7)
CORE_COUNTS = (10**2, 10**3, 10**4, 10**5)
SEED = 22


class Cluster:
    """What the simulation assumes of machines. No number here is measured."""

    cores_a_node = 64
    memory_a_core = 4e9  # bytes
    disk_bytes_a_second = 2e9  # of the shared file system, for all nodes together
    disk_operations_a_second = 2000.0  # files made, renamed or kept (fsync)
    library_bytes = 400e6  # spurion and LibTorch, read once by each node
    starts_a_second = 100.0  # tasks that the scheduler starts
    requeue_seconds = 60.0  # until a task that was killed runs again
    node_hours_between_failures = 1000.0
    copy_seconds = 60.0  # between two copies of a store to the shared file system
    speed_spread = 0.1  # standard deviation of the logarithm of a task's speed
    slow_share = 0.01  # of tasks, on machines that are half as fast
    slow_factor = 2.0
    task_seconds = 2700.0  # tasks of 45 minutes, where there is that much to do
    shortest_task_seconds = 600.0
    tasks_a_core = 4  # where tasks are not too short: those that end late wait less for a slow one
    operations_a_copy = 3.0  # a copy is made, kept and renamed


def line_through(points):
    """Intercept and slope of the line through (x, y): through both where there are two, else least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return mean_y - slope * mean_x, slope


def plane_through(points):
    """a, b, c of y = a + b u + c v, least squares: points are (u, v, y)."""
    columns = [(1.0, u, v) for u, v, _ in points]
    matrix = [[sum(c[i] * c[j] for c in columns) for j in range(3)] for i in range(3)]
    right = [sum(c[i] * p[2] for c, p in zip(columns, points)) for i in range(3)]
    for i in range(3):
        pivot = max(range(i, 3), key=lambda k: abs(matrix[k][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        right[i], right[pivot] = right[pivot], right[i]
        for k in range(i + 1, 3):
            factor = matrix[k][i] / matrix[i][i]
            matrix[k] = [a - factor * b for a, b in zip(matrix[k], matrix[i])]
            right[k] -= factor * right[i]
    out = [0.0, 0.0, 0.0]
    for i in (2, 1, 0):
        out[i] = (right[i] - sum(matrix[i][k] * out[k] for k in range(i + 1, 3))) / matrix[i][i]
    return out


class Costs:
    """Constants of the cost model, from the rows of measurements.json."""

    def __init__(self, rows):
        def of(what, *names):
            return [tuple(row[name] for name in names) for row in rows if row["what"] == what]

        self.plan = {}
        for shape in ("seeds", "grid", "search"):
            seconds = line_through(of(f"plan {shape}", "trials", "seconds"))
            memory = line_through(of(f"plan {shape}", "trials", "megabytes"))
            self.plan[shape] = (*seconds, memory[0] * 1e6, memory[1] * 1e6)
        self.plan_bytes = max(size / trials for trials, size in of("plan grid", "trials", "bytes"))
        shards = of("shard", "trials", "planned", "seconds", "megabytes", "bytes")
        self.start, self.tiny_trial, self.planned = plane_through([(n, p, s) for n, p, s, _, _ in shards])
        self.planned = max(self.planned, 0.0)
        few = min(n for n, _, _, _, _ in shards)
        memory = line_through([(p, m) for n, p, _, m, _ in shards if n == few])
        self.shard_memory, self.shard_memory_planned = memory[0] * 1e6, max(memory[1] * 1e6, 0.0)
        self.store_start, self.trial_bytes = line_through([(n, b) for n, _, _, _, b in shards])
        self.join = {}
        for what in ("check", "merge", "report"):
            self.join[what] = self.joining(of(what, "stores", "trials", "seconds", "megabytes"))

    @staticmethod
    def joining(rows):
        """Seconds for a store and for a trial, and bytes of memory for a trial, beyond those of a start."""
        (stores, trials, seconds, _), (more, fewer, longer, _) = rows
        floor = 0.05  # of a start without LibTorch
        determinant = stores * fewer - more * trials
        each_store = ((seconds - floor) * fewer - (longer - floor) * trials) / determinant
        each_trial = (stores * (longer - floor) - more * (seconds - floor)) / determinant
        memory = line_through([(t, m) for _, t, _, m in rows])
        return max(each_store, 0.0), max(each_trial, 0.0), max(memory[1] * 1e6, 0.0)


class Outcome:
    """What one simulated run took."""

    def __init__(self, **numbers):
        self.__dict__.update(numbers)


def task_count(trials, cores, trial_seconds):
    """Tasks of 45 minutes; shorter ones for four tasks a core, but none below 10 minutes."""
    work = trials * trial_seconds
    long_tasks = math.ceil(work / Cluster.task_seconds)
    short_tasks = math.ceil(work / Cluster.shortest_task_seconds)
    return max(1, min(trials, max(long_tasks, min(Cluster.tasks_a_core * cores, short_tasks))))


def task_seconds(work, start, numbers):
    """How long a task takes with its stragglers and failures, and how often it was killed."""
    factor = math.exp(Cluster.speed_spread * numbers.gauss(0.0, 1.0))
    if numbers.random() < Cluster.slow_share:
        factor *= Cluster.slow_factor
    left, total, failures = work * factor, 0.0, 0
    while True:
        alive = -math.log(1.0 - numbers.random()) * Cluster.node_hours_between_failures * 3600.0
        if start + left <= alive:
            return total + start + left, failures
        failures += 1
        done = max(alive - start, 0.0)
        kept = math.floor(done / Cluster.copy_seconds) * Cluster.copy_seconds
        left -= kept
        total += alive + Cluster.requeue_seconds


def start_seconds(trials, tasks, cores, costs):
    """Seconds until a task trains, and bytes that all nodes read at the same time."""
    nodes = math.ceil(min(tasks, cores) / Cluster.cores_a_node)
    read = nodes * (Cluster.library_bytes + costs.plan_bytes * trials)
    return costs.start + costs.planned * trials + read / Cluster.disk_bytes_a_second, read


def simulate(trials, cores, trial_seconds, costs):
    """Deals the tasks to cores, each to the first that is free."""
    numbers = random.Random(f"{SEED} {trials} {cores} {trial_seconds}")
    tasks = task_count(trials, cores, trial_seconds)
    each = trials / tasks
    first_start, read = start_seconds(trials, tasks, cores, costs)
    later_start = costs.start + costs.planned * trials
    free = []
    wall, busy, failures = 0.0, 0.0, 0
    for task in range(tasks):
        begin = task / Cluster.starts_a_second
        start = first_start if len(free) < cores else later_start
        if len(free) == cores:
            begin = max(begin, heapq.heappop(free))
        seconds, killed = task_seconds(each * trial_seconds, start, numbers)
        heapq.heappush(free, begin + seconds)
        wall = max(wall, begin + seconds)
        busy += seconds
        failures += killed
    running = min(tasks, cores)
    store = costs.store_start + costs.trial_bytes * each
    copies = running / Cluster.copy_seconds
    return Outcome(
        trials=trials,
        cores=cores,
        trial_seconds=trial_seconds,
        tasks=tasks,
        wall=wall,
        failures=failures,
        ideal=trials * trial_seconds / cores,
        used=trials * trial_seconds / (wall * cores),
        disk_share=copies * store / 2.0 / Cluster.disk_bytes_a_second,
        operation_share=copies * Cluster.operations_a_copy / Cluster.disk_operations_a_second,
        start=first_start,
        read_bytes=read,
        task_memory=costs.shard_memory + costs.shard_memory_planned * trials,
        submit=tasks / Cluster.starts_a_second,
    )


def afterwards(trials, tasks, costs):
    """Seconds of the merge and of the report, memory of both, and bytes of the merged store."""
    merge, report = costs.join["merge"], costs.join["report"]
    return Outcome(
        merge=merge[0] * tasks + merge[1] * trials,
        merge_memory=merge[2] * trials,
        report=report[0] + report[1] * trials,
        report_memory=report[2] * trials,
        bytes=costs.trial_bytes * trials,
    )
