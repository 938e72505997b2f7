#!/usr/bin/env python3
"""Writes objectives.json: the objectives of methods on small minibatches, in float64.

Plain loops over the formulas of the papers, independent of the library's code. Run it where it lies:
    python3 objectives.py > objectives.json
"""
import json
import math
import statistics

REPLICAS, DOMAINS, ROWS, FEATURES, STEPS = 2, 3, 4, 2, 2


def numbers():
    """Numbers in (-1, 1) that need no library: a linear congruential generator."""
    state = 12345
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield round(2 * state / 2**31 - 1, 4)


SOURCE = numbers()


def minibatch():
    """Features, logits and labels of one replica, domain by domain."""
    features = [[[next(SOURCE) * (1 + e) for _ in range(FEATURES)] for _ in range(ROWS)] for e in range(DOMAINS)]
    logits = [[3 * next(SOURCE) for _ in range(ROWS)] for _ in range(DOMAINS)]
    labels = [[1 if next(SOURCE) > 0 else 0 for _ in range(ROWS)] for _ in range(DOMAINS)]
    return {"features": features, "logits": logits, "labels": labels}


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def loss(z, y):
    return max(z, 0) - z * y + math.log1p(math.exp(-abs(z)))


def slope(z, y):
    return 1 / (1 + math.exp(-z)) - y


def losses(batch):
    return [[loss(z, y) for z, y in zip(zs, ys)] for zs, ys in zip(batch["logits"], batch["labels"])]


def risk(batch):
    return mean(mean(rows) for rows in losses(batch))


def column(rows, f):
    return [row[f] for row in rows]


def covariance(rows, f, g):
    a, b = column(rows, f), column(rows, g)
    return sum((x - mean(a)) * (y - mean(b)) for x, y in zip(a, b)) / (len(rows) - 1)


def pairs():
    return [(i, j) for i in range(DOMAINS) for j in range(i + 1, DOMAINS)]


def coral(batch, weight):
    def distance(a, b):
        of_means = mean((mean(column(a, f)) - mean(column(b, f))) ** 2 for f in range(FEATURES))
        of_covariances = mean(
            (covariance(a, f, g) - covariance(b, f, g)) ** 2 for f in range(FEATURES) for g in range(FEATURES))
        return of_means + of_covariances
    x = batch["features"]
    return risk(batch) + weight * mean(distance(x[i], x[j]) for i, j in pairs())


def mmd(batch, weight):
    def kernel(a, b):
        square = sum((p - q) ** 2 for p, q in zip(a, b))
        return sum(math.exp(-10.0**power * square) for power in range(-3, 4))

    def between(a, b):
        return mean(kernel(p, q) for p in a for q in b)
    x = batch["features"]
    return risk(batch) + weight * mean(
        between(x[i], x[i]) + between(x[j], x[j]) - 2 * between(x[i], x[j]) for i, j in pairs())


def spectral_decoupling(batch, weight):
    return risk(batch) + weight * mean(z * z for zs in batch["logits"] for z in zs)


def cvar_dro(batch, share):
    rows = sorted((value for each in losses(batch) for value in each), reverse=True)
    counted = share * len(rows)
    whole = math.floor(counted)
    total = sum(rows[:whole])
    if whole < len(rows):
        total += (counted - whole) * rows[whole]
    return total / counted


def chi_square_dro(batch, size):
    """The largest mean under weights q_i ~ max(l_i - eta, 0) of a divergence of at most `size`, by bisection of eta."""
    rows = [value for each in losses(batch) for value in each]

    def weights(eta):
        raised = [max(value - eta, 0.0) for value in rows]
        return [value / sum(raised) for value in raised]

    def divergence(eta):
        return mean((len(rows) * q - 1) ** 2 for q in weights(eta)) / 2
    low, high = min(rows) - 1e3, max(rows)
    if size >= (len(rows) - 1) / 2:
        return max(rows)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if divergence(middle) <= size else (low, middle)
    return sum(q * value for q, value in zip(weights(low), rows))


def gradient_variances(batch):
    """Of each domain: the variance over its rows of each number of the last layer's gradient."""
    out = []
    for x, zs, ys in zip(batch["features"], batch["logits"], batch["labels"]):
        each = [[slope(z, y) * value for value in row] + [slope(z, y)] for row, z, y in zip(x, zs, ys)]
        count = FEATURES + 1
        out.append([mean((row[q] - mean(column(each, q))) ** 2 for row in each) for q in range(count)])
    return out


def fishr(batches, weight, smoothing):
    """The objective of each step in turn."""
    averages = [[0.0] * (FEATURES + 1) for _ in range(DOMAINS)]
    out = []
    for batch in batches:
        now = gradient_variances(batch)
        averages = [[smoothing * old + (1 - smoothing) * new for old, new in zip(*pair)] for pair in zip(averages, now)]
        scaled = [[value / (1 - smoothing) for value in row] for row in averages]
        middle = [mean(column(scaled, q)) for q in range(FEATURES + 1)]
        penalty = mean(mean((value - m) ** 2 for value, m in zip(row, middle)) for row in scaled)
        out.append(risk(batch) + weight * penalty)
    return out


def information_bottleneck(batch, bottleneck, irm):
    spread = mean(mean(covariance(rows, f, f) for f in range(FEATURES)) for rows in batch["features"])
    scales = [mean(z * slope(z, y) for z, y in zip(zs, ys)) for zs, ys in zip(batch["logits"], batch["labels"])]
    return risk(batch) + bottleneck * spread + irm * mean(value * value for value in scales)


def eqrm(batch, alpha):
    """The alpha-quantile of a Gaussian kernel density of the domains' risks, by bisection."""
    risks = [mean(rows) for rows in losses(batch)]
    width = 1.06 * statistics.stdev(risks) * len(risks) ** -0.2
    low, high = min(risks) - 50 * width, max(risks) + 50 * width
    for _ in range(200):
        middle = (low + high) / 2
        below = mean(statistics.NormalDist(r, width).cdf(middle) for r in risks)
        low, high = (middle, high) if below < alpha else (low, middle)
    return (low + high) / 2


def focal(batch, gamma):
    return mean((1 - math.exp(-value))**gamma * value for rows in losses(batch) for value in rows)


def class_counts(k):
    """Rows of each class in the training set of replica k, which are those of the first step."""
    labels = [y for rows in BATCHES[0][k]["labels"] for y in rows]
    return [max(labels.count(c), 1) for c in (0, 1)]


def logit_adjustment(batch, k, tau):
    n = class_counts(k)
    return mean(loss(z + tau * math.log(n[1] / n[0]), y)
                for zs, ys in zip(batch["logits"], batch["labels"]) for z, y in zip(zs, ys))


def ldam(batch, k, largest, scale):
    shares = [count**-0.25 for count in class_counts(k)]
    margins = [largest * share / max(shares) for share in shares]
    return mean(loss(scale * (z - margins[1] if y else z + margins[0]), y)
                for zs, ys in zip(batch["logits"], batch["labels"]) for z, y in zip(zs, ys))


def class_balanced(batch, k, beta):
    inverse = [(1 - beta) / (1 - beta**count) for count in class_counts(k)]
    weights = [2 * value / sum(inverse) for value in inverse]
    return mean(weights[y] * loss(z, y)
                for zs, ys in zip(batch["logits"], batch["labels"]) for z, y in zip(zs, ys))


def mm_rex(batch, least):
    """The largest of all combinations at whose corners every domain but one has the least weight."""
    risks = [mean(rows) for rows in losses(batch)]
    return max(sum((1 - (DOMAINS - 1) * least if e == other else least) * risk for e, risk in enumerate(risks))
               for other in range(DOMAINS))


def rdm(batch, weight, variance_weight):
    each = losses(batch)
    worst = max(each, key=mean)
    pooled = [value for rows in each for value in rows]

    def kernel(a, b):
        return sum(math.exp(-10.0**power * (a - b) ** 2) for power in range(-4, 4))

    def between(a, b):
        return mean(kernel(p, q) for p in a for q in b)

    def variance(values):
        return sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1)
    matching = between(worst, worst) + between(pooled, pooled) - 2 * between(worst, pooled)
    return risk(batch) + weight * matching + variance_weight * (variance(pooled) + variance(worst))


CEILINGS = {"invariant": [0.9, 0.75, 0.6], "bayes": [0.95, 0.8, 1.0]}


def regret_dro(batches, step_size, ceilings):
    """The objective of each step in turn."""
    q = [1 / DOMAINS] * DOMAINS
    out = []
    for batch in batches:
        right = [mean(1.0 if (z > 0) == (y == 1) else 0.0 for z, y in zip(zs, ys))
                 for zs, ys in zip(batch["logits"], batch["labels"])]
        raised = [old * math.exp(step_size * (best - share)) for old, best, share in zip(q, ceilings, right)]
        q = [value / sum(raised) for value in raised]
        out.append(sum(weight * mean(rows) for weight, rows in zip(q, losses(batch))))
    return out


def by_replica(method, options, objective):
    return {"method": method, "options": options,
            "objectives": [[objective(batch, k) for k, batch in enumerate(step)] for step in BATCHES]}


def case(method, options, objective):
    return {"method": method, "options": options,
            "objectives": [[objective(batch) for batch in step] for step in BATCHES]}


BATCHES = [[minibatch() for _ in range(REPLICAS)] for _ in range(STEPS)]
CASES = [
    case("coral", {"penalty_weight": 2.0}, lambda b: coral(b, 2.0)),
    case("mmd", {"penalty_weight": 3.0}, lambda b: mmd(b, 3.0)),
    case("spectral_decoupling", {"penalty_weight": 0.25}, lambda b: spectral_decoupling(b, 0.25)),
    case("cvar_dro", {"share": 0.3}, lambda b: cvar_dro(b, 0.3)),
    case("cvar_dro", {"share": 0.05}, lambda b: cvar_dro(b, 0.05)),
    case("cvar_dro", {"share": 1.0}, lambda b: cvar_dro(b, 1.0)),
    *[case("chi_square_dro", {"size": size}, lambda b, size=size: chi_square_dro(b, size))
      for size in (0.05, 1.0, 5.0, 9.0)],
    case("information_bottleneck", {"bottleneck_steps": 0, "bottleneck_weight": 2.0, "irm_steps": 0,
                                    "irm_weight": 5.0}, lambda b: information_bottleneck(b, 2.0, 5.0)),
    case("ib_irm", {"bottleneck_steps": 0, "bottleneck_weight": 2.0, "irm_steps": 0,
                    "irm_weight": 5.0}, lambda b: information_bottleneck(b, 2.0, 5.0)),
    case("ib_irm", {"bottleneck_steps": 9, "bottleneck_weight": 2.0, "irm_steps": 9,
                    "irm_weight": 5.0}, lambda b: information_bottleneck(b, 0.0, 1.0)),
    case("eqrm", {"burn_in_share": 0.0, "quantile": 0.75}, lambda b: eqrm(b, 0.75)),
    case("eqrm", {"burn_in_share": 0.0, "quantile": 0.99}, lambda b: eqrm(b, 0.99)),
    case("eqrm", {"burn_in_share": 1.0, "quantile": 0.99}, risk),
    case("focal", {"focus": 2.0}, lambda b: focal(b, 2.0)),
    case("focal", {"focus": 0.5}, lambda b: focal(b, 0.5)),
    by_replica("logit_adjustment", {"temperature": 1.0}, lambda b, k: logit_adjustment(b, k, 1.0)),
    by_replica("logit_adjustment", {"temperature": 0.3}, lambda b, k: logit_adjustment(b, k, 0.3)),
    by_replica("ldam", {"largest_margin": 0.5, "scale": 10.0}, lambda b, k: ldam(b, k, 0.5, 10.0)),
    by_replica("class_balanced", {"overlap": 0.9}, lambda b, k: class_balanced(b, k, 0.9)),
    case("mm_rex", {"least_weight": -2.0}, lambda b: mm_rex(b, -2.0)),
    case("mm_rex", {"least_weight": 0.0}, lambda b: mm_rex(b, 0.0)),
    case("rdm", {"anneal_steps": 0, "penalty_weight": 5.0, "variance_weight": 0.5}, lambda b: rdm(b, 5.0, 0.5)),
    *[{"method": "regret_dro", "options": {"ceiling": name, "step_size": 3.0},
       "objectives": [list(step) for step in zip(*[regret_dro([step[k] for step in BATCHES], 3.0, CEILINGS[name])
                                                   for k in range(REPLICAS)])]} for name in CEILINGS],
    {"method": "fishr", "options": {"anneal_steps": 0, "penalty_weight": 10.0, "smoothing": 0.9},
     "objectives": [list(step) for step in zip(*[fishr([step[k] for step in BATCHES], 10.0, 0.9)
                                                 for k in range(REPLICAS)])]},
]


def rows_of_classes(count, features, classes):
    """Rows whose label depends on their first features, with noise."""
    rows = [[next(SOURCE) * (1 + f) for f in range(features)] for _ in range(count)]
    labels = []
    for row in rows:
        scores = [row[c % features] * (1 if c < features else -1) + next(SOURCE) for c in range(classes)]
        labels.append(scores.index(max(scores)) if classes > 2 else int(row[0] + next(SOURCE) > 0))
    return rows, labels


def sparse_logistic(rows, labels, c, steps=40000):
    """min ||w||_1 + c sum log(1 + exp(-s (w x + b))) by accelerated proximal gradient descent."""
    count = len(rows[0])
    step = 1 / (0.25 * c * sum(1 + sum(x * x for x in row) for row in rows))
    theta = [0.0] * (count + 1)
    ahead, momentum = theta, 1.0
    for _ in range(steps):
        slopes = [slope(sum(a * x for a, x in zip(ahead, row)) + ahead[count], y) for row, y in zip(rows, labels)]
        gradient = [c * sum(s * row[f] for s, row in zip(slopes, rows)) for f in range(count)] + [c * sum(slopes)]
        moved = [a - step * g for a, g in zip(ahead, gradient)]
        new = [math.copysign(max(abs(a) - step, 0.0), a) for a in moved[:count]] + [moved[count]]
        after = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = [n + (momentum - 1) / after * (n - o) for n, o in zip(new, theta)]
        theta, momentum = new, after
    value = sum(abs(w) for w in theta[:count]) + c * sum(
        loss(sum(a * x for a, x in zip(theta, row)) + theta[count], y) for row, y in zip(rows, labels))
    return {"weights": theta[:count], "bias": theta[count], "objective": value}


def head_refit(rows, labels, logits, weights, steps, rate, anchor, clip):
    """Gradient descent on what is added to a last layer, [F][C] and [C]; one logit for two classes."""
    count, outputs = len(rows[0]), len(logits[0])
    theta = [[0.0] * outputs for _ in range(count + 1)]
    for _ in range(steps):
        gradient = [[2 * anchor * t for t in row] for row in theta]
        for row, label, start, weight in zip(rows, labels, logits, weights):
            x = row + [1.0]
            z = [start[c] + sum(x[f] * theta[f][c] for f in range(count + 1)) for c in range(outputs)]
            if outputs == 1:
                slopes = [slope(z[0], label)]
            else:
                total = sum(math.exp(v) for v in z)
                slopes = [math.exp(v) / total - (1 if c == label else 0) for c, v in enumerate(z)]
            for f in range(count + 1):
                for c in range(outputs):
                    gradient[f][c] += weight * slopes[c] * x[f]
        norm = math.sqrt(sum(g * g for row in gradient for g in row))
        scale = clip / norm if clip > 0 and norm > clip else 1.0
        theta = [[t - rate * scale * g for t, g in zip(*pair)] for pair in zip(theta, gradient)]
    return {"weights": theta[:count], "bias": theta[count]}


def sparse_cases():
    out = []
    for c in (1.0, 0.1, 0.02):
        rows, labels = rows_of_classes(24, 3, 2)
        out.append({"rows": rows, "labels": labels, "c": c, "solution": sparse_logistic(rows, labels, c)})
    return out


def refit_cases():
    out = []
    for outputs, anchor, clip in ((1, 0.0, 1.0), (1, 0.2, 0.05), (3, 0.1, 0.0)):
        rows, labels = rows_of_classes(10, 2, max(outputs, 2))
        logits = [[2 * next(SOURCE) for _ in range(outputs)] for _ in rows]
        weights = [0.1 + abs(next(SOURCE)) for _ in rows]
        given = {"steps": 50, "rate": 0.3, "anchor": anchor, "clip": clip}
        out.append({"rows": rows, "labels": labels, "logits": logits, "weights": weights, **given,
                    "addend": head_refit(rows, labels, logits, weights, *given.values())})
    return out


print(json.dumps({"batches": BATCHES, "cases": CASES, "sparse_logistic": sparse_cases(),
                  "head_refit": refit_cases()}, indent=1))
