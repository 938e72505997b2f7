"""Descent on numbered rows, and the objectives of stages that know something of each row; see staged_updates.py."""
from target_updates import fresh_parameters
from toy_updates import *

TRAINING_X = [row for batch in BATCHES for row in all_rows(batch)]
CLEAN_Y = [y for batch in BATCHES for part in batch["y"] for y in part]
TRAINING_Y = [1 - y if i % 6 == 1 else y for i, y in enumerate(CLEAN_Y)]  # so that some rows are hard
COUNT, BATCH = len(TRAINING_Y), DOMAINS * ROWS
VALIDATION_X = [rows(8) for _ in range(DOMAINS)]
VALIDATION_Y = [[int(row[0] + next(SOURCE) > 0) for row in part] for part in VALIDATION_X]
HELD_OUT = [pair for part in zip(VALIDATION_X, VALIDATION_Y) for pair in zip(*part)]
# Two of the four groups are rare.
GROUPS = [2 * y + (1 - y if i % 5 == 2 else y) for i, y in enumerate(TRAINING_Y)]


def in_turn(step):
    """Minibatch after minibatch."""
    first = step % len(BATCHES) * BATCH
    return list(range(first, first + BATCH))


def drawn(weights, step):
    """Rows of a minibatch, with replacement, with probabilities in proportion to the weights."""
    out = []
    for lane in range(BATCH):
        left = KEY.child("drawn rows").uniform(step, lane) * sum(weights)
        for i, weight in enumerate(weights):
            left -= weight
            if left < 0:
                break
        out.append(i)
    return out


def share_of(share, steps):
    return math.floor(share * steps + 0.5)


def balanced(kinds):
    """Weights that give every kind the same probability."""
    return [1 / kinds.count(kind) for kind in kinds]


def decided(value, limit=0.0):
    """A number whose side of a limit float32 finds too."""
    assert abs(value - limit) > 1e-4, (value, limit)
    return value


def guess(theta, row):
    return int(decided(logit(theta, row)) > 0)


def row_loss(theta, i, label=None):
    return loss(logit(theta, TRAINING_X[i]), TRAINING_Y[i] if label is None else label)


def erm(rows):
    return lambda t: mean(row_loss(t, i) for i in rows)


class Training:
    """Plain descent. Parameters and what is evaluated are those before each update, and those at the end."""

    def __init__(self, rate, start=START):
        self.theta, self.rate = start, rate
        self.minibatches, self.losses, self.parameters, self.weights = [], [], [], {}

    def step(self, rows, objective, labels=None):
        self.minibatches.append({"rows": rows, **({} if labels is None else {"labels": labels})})
        self.losses.append(objective(self.theta))
        self.parameters.append(self.theta)
        self.theta = moved(self.theta, gradient(objective, self.theta), self.rate)

    def draw_by(self, weights):
        """From the next minibatch on; in one domain."""
        self.weights[str(len(self.losses))] = weights

    def draws(self):
        return drawn(list(self.weights.values())[-1], len(self.losses))

    def afresh(self):
        self.theta = fresh_parameters(KEY.child("second stage"))

    def case(self, method, options, **more):
        return {"method": method, "options": options, "steps": len(self.losses), "rate": self.rate,
                "minibatches": self.minibatches, "losses": self.losses, "weights": self.weights,
                "parameters": self.parameters + [self.theta], **more}


# Objectives over the parts of a minibatch; `part` of all training rows.

def part_mean(values, rows, part, p):
    """0 for a part without rows."""
    own = [v for v, i in zip(values, rows) if part[i] == p]
    return mean(own) if own else 0.0


def part_risks(theta, rows, part, parts):
    each = [row_loss(theta, i) for i in rows]
    return [part_mean(each, rows, part, p) for p in range(parts)]


def worst_parts(part, parts, eta):
    """Group DRO. A part without rows keeps its weight until all are divided by their sum."""
    q = [1 / parts] * parts

    def objective(rows, theta, _):
        nonlocal q
        raised = [w * math.exp(eta * r) for w, r in zip(q, part_risks(theta, rows, part, parts))]
        q = [v / sum(raised) for v in raised]
        return lambda t, now=q: dot(now, part_risks(t, rows, part, parts))
    return objective


def invariant_parts(part, parts, weight, anneal, rescale):
    """IRMv1. The weight is 1 before step `anneal` of the stage."""
    def objective(rows, _, since):
        now = weight if since >= anneal else 1.0
        present = sorted({part[i] for i in rows})

        def function(t):
            risks = part_risks(t, rows, part, parts)
            z = [logit(t, TRAINING_X[i]) for i in rows]
            slopes = [(sigmoid(v) - TRAINING_Y[i]) * v for v, i in zip(z, rows)]
            total = mean(risks[p] + now * part_mean(slopes, rows, part, p)**2 for p in present)
            return total / max(now, 1.0) if rescale else total
        return function
    return objective
