"""Updates of methods that see rows of the test domain, held-out rows or the phase before; see updates.py."""
from toy_updates import *


# divdis

def both_classes(z):
    return [sigmoid(-z), sigmoid(z)]


def divdis(diversity, balance):
    block = [round(next(SOURCE), 4) for _ in range(HIDDEN + 1)]
    start, theta, losses = block, START, []
    for step in range(2):
        batch, target = BATCHES[step], UNLABELLED[step]

        def heads(both, row):
            return [logit(both[:PARAMETERS], row), affine(both[PARAMETERS:], features(both[:PARAMETERS], row))]
        before = theta + block
        usual = [mean(mean(both_classes(z)[c] for z in heads(before, row)) for row in all_rows(batch))
                 for c in range(2)]

        def function(both):
            labelled = [[(heads(both, row), y) for row, y in zip(*part)] for part in zip(batch["x"], batch["y"])]
            fit = mean(mean(loss(z[h], y) for part in labelled for z, y in part) for h in range(2))
            p = [[both_classes(z) for z in heads(both, row)] for row in target]
            means = [[mean(row[h][c] for row in p) for c in range(2)] for h in range(2)]
            information = 0.0
            for c in range(2):
                for d in range(2):
                    joint = mean(row[0][c] * row[1][d] for row in p)
                    information += joint * math.log(joint / (means[0][c] * means[1][d]))
            divergence = mean(sum(m * math.log(m / u) for m, u in zip(own, usual)) for own in means)
            return fit + diversity * information + balance * divergence
        losses.append(function(before))
        both = moved(before, gradient(function, before), RATE)
        theta, block = both[:PARAMETERS], both[PARAMETERS:]

    def joined(row):
        p = mean(sigmoid(z) for z in heads(theta + block, row))
        return math.log(p / (1 - p))
    return {"own_start": {"head_1": start}, "own": {"head_1": block}, "parameters": theta, "losses": losses,
            "evaluated": [joined(row) for row in all_rows(BATCHES[0])]}


# d_bat

def fresh_parameters(key):
    """Xavier uniform weights, zero biases."""
    def weights(name, fan_in, fan_out):
        stream, bound = key.child(name), math.sqrt(6 / (fan_in + fan_out))
        return [bound * (2 * stream.uniform(i) - 1) for i in range(fan_in * fan_out)]
    return (weights("layer0.weight", INPUTS, HIDDEN) + [0.0] * HIDDEN + weights("layer1.weight", HIDDEN, 1) + [0.0])


def d_bat(weight):
    theta, earlier, losses = START, None, []
    for step in range(4):
        if step == 2:
            earlier, theta = theta, fresh_parameters(KEY.child("member 1"))
        batch = BATCHES[step]

        def function(t):
            if earlier is None:
                return risk(t, batch)
            terms = []
            for row in UNLABELLED[step]:
                p, q = both_classes(logit(earlier, row)), both_classes(logit(t, row))
                c = p.index(max(p))
                terms.append(-math.log(p[c] * (1 - q[c]) + q[c] * (1 - p[c]) + 1e-7))
            return risk(t, batch) + weight * mean(terms)
        losses.append(function(theta))
        theta = moved(theta, gradient(function, theta), RATE)

    def joined(row):
        p = mean(sigmoid(logit(t, row)) for t in (earlier, theta))
        return math.log(p / (1 - p))
    return {"parameters": theta, "losses": losses, "evaluated": [joined(row) for row in all_rows(BATCHES[0])]}


# miro

def miro(strength):
    size = HIDDEN
    theta, own, losses, pretrained = START, [0.0] * size, [], None
    first = math.log(math.exp(0.1 - 1e-5) - 1)
    for step in range(3):
        if step == 1:
            pretrained = theta
        batch = BATCHES[step]

        def function(both):
            t, c = both[:PARAMETERS], both[PARAMETERS:]
            if pretrained is None:
                return risk(t, batch)
            v = [softplus(first + 10 * value) + 1e-5 for value in c]
            return risk(t, batch) + strength * 0.5 * mean(
                mean((new - old)**2 / s + math.log(s)
                     for new, old, s in zip(features(t, row), features(pretrained, row), v))
                for row in all_rows(batch))
        both = theta + own
        losses.append(function(both))
        slopes = gradient(function, both)
        both = moved(both, slopes, RATE)
        theta, own = both[:PARAMETERS], both[PARAMETERS:]
    return {"own": {"variances": own}, "parameters": theta, "losses": losses}


# dpe

def unit(values):
    length = max(math.sqrt(dot(values, values)), 1e-12)
    return [v / length for v in values]


def far(a, b):
    return math.sqrt(sum((p - q)**2 for p, q in zip(a, b)))


def prototype_loss(values, classes, x, labels, entropic, shrinkage, covariance, earlier):
    """`values`: the points, class by class, then the scale."""
    size = (len(values) - 1) // classes
    points = [values[c * size:(c + 1) * size] for c in range(classes)]
    terms = []
    for row, label in zip(x, labels):
        terms.append(-math.log(softmax([-entropic * abs(values[-1]) * far(row, unit(p)) for p in points])[label]))
    total = mean(terms) + shrinkage * mean(dot(p, p) for p in points)
    if earlier:
        total += covariance * abs(mean(sum(dot(points[c], other[c * size:(c + 1) * size]) for other in earlier)
                                       for c in range(classes))) / (len(earlier) + 1)
    return total


def prototype_case():
    classes, size = 3, 4
    values = [round(next(SOURCE), 4) for _ in range(classes * size)] + [0.7]
    earlier = [[round(next(SOURCE), 4) for _ in range(classes * size)] + [1.0] for _ in range(2)]
    x = [unit([next(SOURCE) for _ in range(size)]) for _ in range(5)]
    labels = [0, 1, 2, 1, 0]
    given = {"entropic": 3.0, "shrinkage": 2.0, "covariance": 1.5}

    def function(v):
        return prototype_loss(v, classes, x, labels, *given.values(), earlier)
    return {"values": values, "earlier": earlier, "x": x, "labels": labels, **given, "value": function(values),
            "gradient": gradient(function, values)}


def dpe(members, epochs, rate, weight):
    """After one update: an ensemble on the validation rows, whose groups are 2 y + (x_1 > 0)."""
    after = trained(1, lambda step, _: lambda t: risk(t, BATCHES[step]))
    theta = after["parameters"]

    def unit_features(row):
        f = features(theta, row)
        middle = mean(f)
        spread = math.sqrt(mean((v - middle)**2 for v in f)) or 1.0
        return unit([(v - middle) / spread for v in f])
    held_out = [row for part in VALIDATION["x"] for row in part]
    labels = [y for part in VALIDATION["y"] for y in part]
    groups = [2 * y + int(row[1] > 0) for row, y in zip(held_out, labels)]
    x = [unit_features(row) for row in held_out]
    parts = [[i for i, g in enumerate(groups) if g == own] for own in range(4)]
    least = min(len(part) for part in parts)
    assert least >= 1, [len(part) for part in parts]
    earlier = []
    for m in range(members):
        key = KEY.child("members").child(m)
        chosen = [part[i] for p, part in enumerate(parts)
                  for i in key.child("rows").child(p).permutation(len(part))[:least]]
        values = [math.sqrt(0.2048 / HIDDEN) * key.child("points").normal(i) for i in range(2 * HIDDEN)] + [1.0]
        speed, best, best_score = [0.0] * len(values), values, -1.0
        for epoch in range(epochs):
            def function(v):
                return prototype_loss(v, 2, [x[i] for i in chosen], [labels[i] for i in chosen], 30.0, 10.0,
                                      weight / (1 + 0.05 * max(m - 1, 0)), earlier)
            speed = [0.9 * s + g for s, g in zip(speed, gradient(function, values, 1e-6))]
            values = moved(values, speed, rate)
            nearest = [min(range(2), key=lambda c: far(row, unit(values[c * HIDDEN:(c + 1) * HIDDEN]))) for row in x]
            score = min(mean(float(nearest[i] == labels[i]) for i in part) for part in parts)
            if score >= best_score:
                best, best_score = values, score
        earlier.append(best)

    def joined(row):
        f = unit_features(row)
        p = mean(softmax([-abs(own[-1]) * far(f, unit(own[c * HIDDEN:(c + 1) * HIDDEN])) for c in range(2)])[1]
                 for own in earlier)
        return math.log(p / (1 - p))
    return {**after, "evaluated": [joined(row) for row in all_rows(BATCHES[0])]}


# lp_ft

def lp_ft(steps, probing, l2):
    """The last layer alone for the first steps, then everything; l2 times the squared norm of all parameters."""
    theta, losses = START, []
    for step in range(steps):
        def function(t):
            return risk(t, BATCHES[step]) + l2 * dot(t, t)
        losses.append(function(theta))
        slopes = gradient(function, theta)
        if step < probing:
            slopes[:INPUTS * HIDDEN + HIDDEN] = [0.0] * (INPUTS * HIDDEN + HIDDEN)
        theta = moved(theta, slopes, RATE)
    return {"parameters": theta, "losses": losses}
