#!/usr/bin/env python3
"""Writes reliance.json: what probes find in small networks, in float64.

Plain loops over the formulas of the papers, independent of the library's code. Run it where it lies:
    python3 reliance.py > reliance.json
"""
import json
import math

REPLICAS, ROWS, INPUTS, HIDDEN = 2, 24, 4, 3
CARRIES = [False, False, True, True]  # the inputs of the cue
STEPS = 4  # of integrated gradients
RIDGE, DAMPING = 1e-3, 1e-2


def numbers():
    """Numbers in (-1, 1) that need no library: a linear congruential generator."""
    state = 88
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield round(2 * state / 2**31 - 1, 4)


SOURCE = numbers()


def rows(count):
    """Inputs, labels and cues; three of four rows agree with the cue."""
    x, y, cue = [], [], []
    for i in range(count):
        label = (i // 2) % 2
        value = label if (i // 4) % 4 else 1 - label
        signs = [2 * label - 1] * 2 + [2 * value - 1] * 2
        x.append([0.5 * sign + next(SOURCE) for sign in signs])
        y.append(label)
        cue.append(value)
    return x, y, cue


def network():
    """One hidden layer with ReLU, one logit."""
    return {"w": [[next(SOURCE) for _ in range(HIDDEN)] for _ in range(INPUTS)],
            "b": [0.5 * next(SOURCE) for _ in range(HIDDEN)],
            "v": [2 * next(SOURCE) for _ in range(HIDDEN)], "c": next(SOURCE)}


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def mean_row(table):
    return [mean(column) for column in zip(*table)]


def hidden(net, x):
    return [max(0.0, dot(x, [row[j] for row in net["w"]]) + net["b"][j]) for j in range(HIDDEN)]


def head(net, h):
    return dot(h, net["v"]) + net["c"]


def logit(net, x):
    return head(net, hidden(net, x))


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def gradient(net, x):
    h = hidden(net, x)
    return [sum(net["w"][d][j] * net["v"][j] for j in range(HIDDEN) if h[j] > 0) for d in range(INPUTS)]


def share(part, rest):
    return part / (part + rest + 1e-9)


def length(values):
    return math.sqrt(sum(value * value for value in values))


def parts(values):
    return ([v for v, c in zip(values, CARRIES) if c], [v for v, c in zip(values, CARRIES) if not c])


def input_gradient(net, x):
    return mean(share(*map(length, parts(gradient(net, row)))) for row in x)


def attribution(g, row, start):
    change = [a - b for a, b in zip(row, start)]
    own, rest = parts([p * q for p, q in zip(g, change)])
    return share(abs(sum(own)), abs(sum(rest)))


def gradient_times_input(net, x):
    start = mean_row(x)
    return mean(attribution(gradient(net, row), row, start) for row in x)


def integrated_gradients(net, x):
    start = mean_row(x)
    found = []
    for row in x:
        at = [[b + (i + 0.5) / STEPS * (a - b) for a, b in zip(row, start)] for i in range(STEPS)]
        found.append(attribution(mean_row([gradient(net, point) for point in at]), row, start))
    return mean(found)


def occlusion(net, x):
    start = mean_row(x)
    found = []
    for row in x:
        p = sigmoid(logit(net, row))
        without = [b if c else a for a, b, c in zip(row, start, CARRIES)]
        alone = [a if c else b for a, b, c in zip(row, start, CARRIES)]
        found.append(share(abs(p - sigmoid(logit(net, without))), abs(p - sigmoid(logit(net, alone)))))
    return mean(found)


def direction(held, y, cue):
    """Mean over labels of the difference between rows with the cue and without."""
    each = []
    for label in (0, 1):
        kinds = [[h for h, l, c in zip(held, y, cue) if l == label and c == value] for value in (0, 1)]
        if kinds[0] and kinds[1]:
            each.append([a - b for a, b in zip(mean_row(kinds[1]), mean_row(kinds[0]))])
    whole = mean_row(each)
    size = length(whole)
    return [value / size for value in whole]


def along(u, values):
    size = dot(u, values)
    return [size * value for value in u]


def minus(a, b):
    return [p - q for p, q in zip(a, b)]


def plus(a, b):
    return [p + q for p, q in zip(a, b)]


def concept_direction(net, x, y, cue):
    held = [hidden(net, row) for row in x]
    middle, u = mean_row(held), direction(held, y, cue)
    found = []
    for h in held:
        p, own = sigmoid(head(net, h)), along(u, minus(h, middle))
        found.append(share(abs(p - sigmoid(head(net, minus(h, own)))),
                           abs(p - sigmoid(head(net, plus(middle, own))))))
    return mean(found)


def activation_patching(net, x, y, cue):
    held = [hidden(net, row) for row in x]
    u = direction(held, y, cue)
    found = []
    for i, h in enumerate(held):
        later = [(i + s) % len(x) for s in range(1, len(x))]
        other_cue = next((j for j in later if y[j] == y[i] and cue[j] != cue[i]), None)
        other_label = next((j for j in later if y[j] != y[i] and cue[j] == cue[i]), None)
        if other_cue is None or other_label is None:
            continue
        p = sigmoid(head(net, h))
        patched = plus(h, along(u, minus(held[other_cue], h)))
        rest = plus(held[other_label], along(u, minus(h, held[other_label])))
        found.append(share(abs(p - sigmoid(head(net, patched))), abs(p - sigmoid(head(net, rest)))))
    return mean(found)


def solve(matrix, right):
    """Gauss elimination with pivots; `right` a list of columns."""
    n = len(matrix)
    a = [list(row) + [column[i] for column in right] for i, row in enumerate(matrix)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(a[r][i]))
        a[i], a[pivot] = a[pivot], a[i]
        for r in range(i + 1, n):
            factor = a[r][i] / a[i][i]
            a[r] = [p - factor * q for p, q in zip(a[r], a[i])]
    out = [[0.0] * n for _ in right]
    for k in range(len(right)):
        for i in reversed(range(n)):
            out[k][i] = (a[i][n + k] - sum(a[i][j] * out[k][j] for j in range(i + 1, n))) / a[i][i]
    return out


def reading(held, chosen, classes, cells):
    """Weighted ridge regression on one-hot classes, in the form with as many unknowns as inputs."""
    filled = len({cells[i] for i in chosen})
    weight = {i: 1 / (filled * sum(cells[j] == cells[i] for j in chosen)) for i in chosen}
    size = len(held[0])
    middle = [sum(weight[i] * held[i][f] for i in chosen) for f in range(size)]
    offsets = [sum(weight[i] * (classes[i] == c) for i in chosen) for c in (0, 1)]
    centred = {i: minus(held[i], middle) for i in chosen}
    total = sum(weight[i] * dot(centred[i], centred[i]) for i in chosen)
    penalty = RIDGE * total / len(chosen)
    gram = [[sum(weight[i] * centred[i][f] * centred[i][g] for i in chosen) + (penalty if f == g else 0.0)
             for g in range(size)] for f in range(size)]
    right = [[sum(weight[i] * centred[i][f] * ((classes[i] == c) - offsets[c]) for i in chosen)
              for f in range(size)] for c in (0, 1)]
    coefficients = solve(gram, right)

    def read(h):
        scores = [dot(minus(h, middle), coefficients[c]) + offsets[c] for c in (0, 1)]
        return 1 if scores[1] > scores[0] else 0
    return read


def by_cell(values, cells):
    """The mean of values by cell."""
    return {cell: mean(v for v, c in zip(values, cells) if c == cell) for cell in set(cells)}


def linear_probe(net, x, y, cue):
    held = [hidden(net, row) for row in x]
    cells = list(zip(y, cue))
    read = reading(held, range(0, len(x), 2), cue, cells)
    tested = range(1, len(x), 2)
    right = by_cell([float(read(held[i]) == cue[i]) for i in tested], [cells[i] for i in tested])
    return max(0.0, (mean(right.values()) - 0.5) / 0.5)


def reading_disagreement(net, x, y, cue):
    held = [hidden(net, row) for row in x]
    middle, u = mean_row(held), direction(held, y, cue)
    rest = [minus(h, along(u, minus(h, middle))) for h in held]
    cells = list(zip(y, cue))
    read = reading(rest, range(0, len(x), 2), y, cells)
    tested = range(1, len(x), 2)
    apart = by_cell([float(read(rest[i]) != (logit(net, x[i]) > 0)) for i in tested], [cells[i] for i in tested])
    conflict = mean(value for (label, value_of_cue), value in apart.items() if label != value_of_cue)
    agree = mean(value for (label, value_of_cue), value in apart.items() if label == value_of_cue)
    return max(0.0, conflict - agree)


def group_influence(net, held_out, training):
    def seen(x):
        return [hidden(net, row) + [1.0] for row in x]

    def mean_gradients(x, y, cue):
        f = seen(x)
        each = {}
        for cell in set(zip(y, cue)):
            members = [i for i in range(len(x)) if (y[i], cue[i]) == cell]
            each[cell] = mean_row([[(sigmoid(logit(net, x[i])) - y[i]) * v for v in f[i]] for i in members])
        return each

    f = seen(training[0])
    p = [sigmoid(logit(net, row)) for row in training[0]]
    size = len(f[0])
    damping = DAMPING * mean(v * v for row in f for v in row)
    cells = list(zip(training[1], training[2]))
    weight = [1 / (len(set(cells)) * cells.count(cell)) for cell in cells]
    hessian = [[sum(weight[i] * p[i] * (1 - p[i]) * f[i][a] * f[i][b] for i in range(len(f))) +
                (damping if a == b else 0.0) for b in range(size)] for a in range(size)]
    ours, theirs = mean_gradients(*held_out), mean_gradients(*training)
    found = {cell: dot(ours[cell], solve(hessian, [theirs[cell]])[0]) for cell in ours if cell in theirs}
    conflict = max(0.0, mean(v for (label, value), v in found.items() if label != value))
    agree = max(0.0, mean(v for (label, value), v in found.items() if label == value))
    return max(0.0, (conflict - agree) / (conflict + agree))


def main():
    networks = [network() for _ in range(REPLICAS)]
    proxy, training = rows(ROWS), rows(ROWS)
    x, y, cue = proxy
    found = {}
    for name, probe in [("input_gradient", lambda net: input_gradient(net, x)),
                        ("gradient_times_input", lambda net: gradient_times_input(net, x)),
                        ("integrated_gradients", lambda net: integrated_gradients(net, x)),
                        ("occlusion", lambda net: occlusion(net, x)),
                        ("concept_direction", lambda net: concept_direction(net, x, y, cue)),
                        ("activation_patching", lambda net: activation_patching(net, x, y, cue)),
                        ("linear_probe", lambda net: linear_probe(net, x, y, cue)),
                        ("reading_disagreement", lambda net: reading_disagreement(net, x, y, cue)),
                        ("group_influence", lambda net: group_influence(net, proxy, training))]:
        found[name] = [probe(net) for net in networks]
    print(json.dumps({"networks": networks, "steps": STEPS,
                      "proxy": dict(zip(("x", "y", "cue"), proxy)),
                      "training": dict(zip(("x", "y", "cue"), training)), "found": found}, indent=1))


main()
