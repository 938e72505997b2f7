"""Updates of methods with weights of rows, mixed rows, second models and adversaries; see updates.py."""
import struct

from domain_updates import plain
from toy_updates import *


# Weights of rows. The groups are 2 y + (x_1 > 0), as in the validation rows.

def kinds(batch, by):
    return [y if by == "class" else 2 * y + int(row[1] > 0)
            for part in zip(batch["x"], batch["y"]) for row, y in zip(*part)]


def weighed(weights, batch):
    return lambda t: mean(w * v for w, v in zip(weights, [v for part in domain_losses(t, batch) for v in part]))


def reweighted_erm(by):
    seen = []

    def objective(step, _):
        own = kinds(BATCHES[step], by)
        seen.extend(own)
        return weighed([len(seen) / (len(set(seen)) * seen.count(kind)) for kind in own], BATCHES[step])
    return objective


def name_of(row):
    return Key(mixed(0x9e3779b97f4a7c15)).child(int.from_bytes(struct.pack("<2f", *row), "little")).value


def subsampled_erm(by):
    def objective(step, _):
        own, rows_here = kinds(BATCHES[step], by), all_rows(BATCHES[step])
        least = min(own.count(kind) for kind in set(own))
        weights = [0.0] * len(own)
        for kind in set(own):
            order = sorted((i for i, k in enumerate(own) if k == kind), key=lambda i: name_of(rows_here[i]))
            for i in order[:least]:
                weights[i] = len(own) / (least * len(set(own)))
        return weighed(weights, BATCHES[step])
    return objective


def group_dro_over_groups(eta):
    q = [0.25] * 4

    def objective(step, theta):
        nonlocal q
        own = kinds(BATCHES[step], "group")

        def risks(t):
            each = [v for part in domain_losses(t, BATCHES[step]) for v in part]
            return [sum(v for v, k in zip(each, own) if k == g) / max(own.count(g), 1) for g in range(4)]
        raised = [w * math.exp(eta * v) for w, v in zip(q, risks(theta))]
        q = [v / sum(raised) for v in raised]
        return lambda t, now=q: dot(now, risks(t))
    return objective


def lff(amplification, smoothing, steps):
    """The batches come again after four steps, so that losses are averaged over visits."""
    theta, biased = START, [0.9 * (2 * KEY.child("biased").uniform(i) - 1) for i in range(PARAMETERS)]
    start, losses, tables = biased, [], ({}, {})
    labels = [y for batch in BATCHES for part in batch["y"] for y in part]
    for step in range(steps):
        batch, first = BATCHES[step % 4], step % 4 * DOMAINS * ROWS
        relative = []
        for table, at in zip(tables, (biased, theta)):
            now = [v for part in domain_losses(at, batch) for v in part]
            for i, value in enumerate(now):
                old = table.get(first + i)
                table[first + i] = value if old is None else smoothing * old + (1 - smoothing) * value
            most = [max(v for i, v in table.items() if labels[i] == c) for c in range(2)]
            relative.append([table[first + i] / most[labels[first + i]] for i in range(len(now))])
        weights = [b / (b + d + 1e-8) for b, d in zip(*relative)]
        easy = [amplification * math.exp(-amplification * v) for part in domain_losses(biased, batch) for v in part]
        losses.append(weighed(weights, batch)(theta))
        biased = moved(biased, gradient(weighed(easy, batch), biased), RATE)
        theta = moved(theta, gradient(weighed(weights, batch), theta), RATE)
    return {"own_start": {"biased": start}, "own": {"biased": biased}, "parameters": theta, "losses": losses}


def deep_ensemble(members, steps):
    starts = {f"member_{m}": [0.9 * (2 * KEY.child("member").child(m).uniform(i) - 1) for i in range(PARAMETERS)]
              for m in range(1, members)}
    after = {}
    for name, theta in starts.items():
        for step in range(steps):
            theta = moved(theta, gradient(plain()(step, theta), theta), RATE)
        after[name] = theta
    first = trained(steps, plain())

    def joined(row):
        p = mean(sigmoid(logit(theta, row)) for theta in [first["parameters"], *after.values()])
        return math.log(p / (1 - p))
    return {**first, "own_start": starts, "own": after, "evaluated": [joined(row) for row in all_rows(BATCHES[0])]}


# Mixed rows

def log_gamma(key, shape):
    """Marsaglia and Tsang's draw from a gamma distribution."""
    raised = shape < 1
    d = shape + raised - 1 / 3
    c, attempt = 1 / math.sqrt(9 * d), 0
    while True:
        x, u = key.normal(attempt), 1 - key.uniform(attempt, 8)
        v = (1 + c * x)**3
        if v > 0 and math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
            break
        attempt += 1
    return math.log(d * v) + (math.log(1 - key.child("power").uniform(0)) / shape if raised else 0.0)


def beta(key, a):
    return 1 / (1 + math.exp(log_gamma(key.child("second"), a) - log_gamma(key.child("first"), a)))


def mixed_risk(batch, partner, share):
    x, y = all_rows(batch), [label for part in batch["y"] for label in part]
    rows_mixed = [[s * a + (1 - s) * b for a, b in zip(x[i], x[j])] for i, (j, s) in enumerate(zip(partner, share))]
    return lambda t: mean(s * loss(logit(t, row), y[i]) + (1 - s) * loss(logit(t, row), y[j])
                          for i, (row, j, s) in enumerate(zip(rows_mixed, partner, share)))


def mixup(a):
    def objective(step, _):
        key = KEY.child("mix").child(step)
        circle = key.child("order").permutation(DOMAINS)
        following = {e: circle[(i + 1) % DOMAINS] for i, e in enumerate(circle)}
        partner = [following[e] * ROWS + b for e in range(DOMAINS) for b in range(ROWS)]
        share = [s for e in range(DOMAINS) for s in [beta(key.child("share").child(e), a)] * ROWS]
        return mixed_risk(BATCHES[step], partner, share)
    return objective


def lisa(a, same_label):
    def objective(step, _):
        key, batch = KEY.child("lisa").child(step), BATCHES[step]
        y = [label for part in batch["y"] for label in part]
        domain = [e for e in range(DOMAINS) for _ in range(ROWS)]
        agree, differ = (y, domain) if same_label else (domain, y)
        # Partners that fit are counted in the order of what they differ in.
        order = sorted(range(len(y)), key=lambda i: (agree[i], differ[i]))
        partner = []
        for i in range(len(y)):
            fits = [j for j in order if agree[j] == agree[i] and differ[j] != differ[i]]
            partner.append(fits[key.child("partner").bits(i) * len(fits) >> 64] if fits else i)
        return mixed_risk(batch, partner, [beta(key.child("share"), a)] * len(y))
    return objective


def causirl(weight, distance):
    def coral(a, b):
        def covariance(part, f, g):
            return sum((r[f] - mean(column(part, f))) * (r[g] - mean(column(part, g))) for r in part) / (len(part) - 1)

        def column(part, f):
            return [r[f] for r in part]
        every = range(HIDDEN)
        return mean((mean(column(a, f)) - mean(column(b, f)))**2 for f in every) + mean(
            (covariance(a, f, g) - covariance(b, f, g))**2 for f in every for g in every)

    def mmd(a, b):
        def between(p, q):
            return mean(sum(math.exp(-10.0**k * sum((u - v)**2 for u, v in zip(r, s))) for k in range(-3, 4))
                        for r in p for s in q)
        return between(a, a) + between(b, b) - 2 * between(a, b)

    def objective(step, _):
        order = KEY.child("halves").child(step).permutation(DOMAINS * ROWS)
        half = len(order) // 2

        def function(t):
            f = [features(t, row) for row in all_rows(BATCHES[step])]
            return risk(t, BATCHES[step]) + weight * (coral if distance == "coral" else mmd)(
                [f[i] for i in order[:half]], [f[i] for i in order[half:]])
        return function
    return objective


# Adversaries: one hidden layer, one output for each domain

def adversary_rows(block, f, width, e):
    """Cross-entropy of the domain of a row, and its gradient by the features of the row."""
    count = len(f)
    before = [sum(f[i] * block[i * width + j] for i in range(count)) + block[count * width + j] for j in range(width)]
    last = block[count * width + width:]
    z = [sum(max(before[j], 0.0) * last[j * DOMAINS + c] for j in range(width)) + last[width * DOMAINS + c]
         for c in range(DOMAINS)]
    p = softmax(z)
    back = [sum((p[c] - (c == e)) * last[j * DOMAINS + c] for c in range(DOMAINS)) * (before[j] > 0)
            for j in range(width)]
    return -math.log(p[e]), [sum(back[j] * block[i * width + j] for j in range(width)) for i in range(HIDDEN)]


def adversarial(conditional, weight, penalty, inner, rate, width, steps):
    inputs = HIDDEN + (2 if conditional else 0)
    size = inputs * width + width + width * DOMAINS + DOMAINS
    block = [round(1.6 * KEY.child("adversary").uniform(i) - 0.8, 4) for i in range(size)]
    start, theta, losses, updates = block, START, [], 0
    first, second = [0.0] * size, [0.0] * size

    def adversary(t, own, batch):
        y = [label for part in batch["y"] for label in part]
        total = square = 0.0
        for i, row in enumerate(all_rows(batch)):
            seen = features(t, row) + ([float(y[i] == 0), float(y[i] == 1)] if conditional else [])
            value, slopes = adversary_rows(own, seen, width, i // ROWS)
            total += value * (1 / (len(set(y)) * y.count(y[i])) if conditional else 1 / len(y))
            square += dot(slopes, slopes) / len(y)
        return total + penalty * square

    for step in range(steps):
        batch = BATCHES[step]
        for i in range(inner):
            slopes = gradient(lambda own: adversary(theta, own, batch), block)
            now = block
            updates += 1
            first = [0.5 * m + 0.5 * g for m, g in zip(first, slopes)]
            second = [0.9 * v + 0.1 * g * g for v, g in zip(second, slopes)]
            block = [b - rate * m / (1 - 0.5**updates) / (math.sqrt(v / (1 - 0.9**updates)) + 1e-8)
                     for b, m, v in zip(block, first, second)]
        # The last update of the adversary and that of the model are at the same time.
        losses.append(risk(theta, batch) + adversary(theta, now, batch))
        theta = moved(theta, gradient(lambda t: risk(t, batch) - weight * adversary(t, now, batch), theta), RATE)
    return {"own_start": {"adversary": start}, "own": {"adversary": block}, "parameters": theta, "losses": losses}


def adversary_case(method, weight, penalty, inner):
    options = {"penalty_weight": weight, "gradient_penalty": penalty, "adversary_steps": inner,
               "adversary_learning_rate": 0.01, "adversary_beta1": 0.5, "adversary_width": 2, "adversary_depth": 1}
    return case(method, options, 2, adversarial(method == "cdann", weight, penalty, inner, 0.01, 2, 2))


ROW_CASES = [
    case("group_dro", {"step_size": 2.0, "groups": "group"}, 3, trained(3, group_dro_over_groups(2.0))),
    case("reweighted_erm", {}, 3, trained(3, reweighted_erm("group"))),
    case("reweighted_erm", {"by": "class"}, 3, trained(3, reweighted_erm("class"))),
    case("subsampled_erm", {}, 3, trained(3, subsampled_erm("group"))),
    case("subsampled_erm", {"by": "class"}, 3, trained(3, subsampled_erm("class"))),
    case("lff", {"amplification": 0.7, "smoothing": 0.6}, 6, lff(0.7, 0.6, 6)),
    case("deep_ensemble", {"members": 3}, 3, deep_ensemble(3, 3)),
    case("mixup", {"concentration": 0.2}, 3, trained(3, mixup(0.2))),
    case("mixup", {"concentration": 2.0}, 3, trained(3, mixup(2.0))),
    case("lisa", {"same_label_share": 1.0}, 3, trained(3, lisa(2.0, True))),
    case("lisa", {"same_label_share": 0.0}, 3, trained(3, lisa(2.0, False))),
    case("causirl", {"penalty_weight": 2.0}, 2, trained(2, causirl(2.0, "coral"))),
    case("causirl", {"penalty_weight": 0.5, "distance": "mmd"}, 2, trained(2, causirl(0.5, "mmd"))),
    adversary_case("dann", 0.8, 0.0, 1),
    adversary_case("dann", 0.8, 0.5, 3),
    adversary_case("cdann", 0.8, 0.5, 2),
]
