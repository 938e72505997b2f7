#!/usr/bin/env python3
"""Writes updates.json: what some updates make of parameters, in float64.

Plain loops over the formulas of the papers. Run it where it lies:
    python3 updates.py > updates.json
"""
import json

from domain_updates import DOMAIN_CASES
from row_updates import ROW_CASES
from target_updates import *
from toy_updates import *


# birm

def birm(weight, deviation, draws):
    key = KEY.child("factors")

    def objective(step, _):
        factors = [[1 + deviation * key.normal(step * draws + s, e) for e in range(DOMAINS)] for s in range(draws)]

        def function(theta):
            batch = BATCHES[step]

            def slope(e, v):
                return mean((sigmoid(v * logit(theta, row)) - y) * logit(theta, row)
                            for row, y in zip(batch["x"][e], batch["y"][e]))
            penalty = mean(mean(slope(e, v)**2 for e, v in enumerate(each)) for each in factors)
            return (risk(theta, batch) + weight * penalty) / (1 + weight if weight > 1 else 1)
        return function
    return objective


# cad

def cad(weight, temperature, conditional):
    def objective(step, _):
        def function(theta):
            batch = BATCHES[step]
            f = [features(theta, row) for row in all_rows(batch)]
            y = [label for part in batch["y"] for label in part]
            domain = [e for e in range(DOMAINS) for _ in range(ROWS)]
            terms = []
            for i in range(len(f)):
                others = [j for j in range(len(f)) if j != i]
                if not any(y[j] == y[i] for j in others):
                    continue
                if conditional:
                    others = [j for j in others if y[j] == y[i]]
                far = [j for j in others if domain[j] != domain[i]]
                if not far:
                    continue
                power = {j: math.exp(dot(f[i], f[j]) / temperature) for j in others}
                terms.append(-temperature / 0.07 * math.log(sum(power[j] for j in far) / sum(power.values())))
            return risk(theta, batch) + weight * mean(terms)
        return function
    return objective


# urm

def discriminator(block, f, width):
    """One hidden layer of ReLUs: weights [F, width], biases, weights, a bias."""
    count = len(f)
    hidden = [max(0.0, sum(f[i] * block[i * width + j] for i in range(count)) + block[count * width + j])
              for j in range(width)]
    return affine(block[count * width + width:], hidden)


def urm(weight, rate, width, span):
    block = [round(next(SOURCE), 4) for _ in range(HIDDEN * width + width + width + 1)]
    start, theta, losses = block, START, []
    first, second = [0.0] * len(block), [0.0] * len(block)
    for step in range(2):
        batch, key = BATCHES[step], KEY.child("noise").child(step)
        noise = [[span[0] + (span[1] - span[0]) * key.uniform(i, h) for h in range(HIDDEN)]
                 for i in range(DOMAINS * ROWS)]
        f = [features(theta, row) for row in all_rows(batch)]

        def own(d):
            return mean(softplus(-discriminator(d, row, width)) for row in noise) + weight * mean(
                softplus(discriminator(d, row, width)) for row in f)

        def function(t, d=block):
            return risk(t, batch) + weight * mean(
                softplus(-discriminator(d, features(t, row), width)) for row in all_rows(batch))
        slopes = gradient(own, block)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, slopes)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, slopes)]
        losses.append(function(theta))
        theta = moved(theta, gradient(function, theta), RATE)
        block = [b - rate * m / (1 - 0.9**(step + 1)) / (math.sqrt(v / (1 - 0.999**(step + 1))) + 1e-8)
                 for b, m, v in zip(block, first, second)]
    return {"own_start": {"discriminator": start}, "own": {"discriminator": block}, "parameters": theta,
            "losses": losses}


# trm: heads are lists of a list for each class, with the bias at the end

def head_logits(head, f):
    return [dot(head[c], f) + head[c][HIDDEN] for c in range(2)]


def head_risk(head, part):
    return mean(-math.log(softmax(head_logits(head, f))[y]) for f, y in part)


def head_slopes(head, part):
    out = [[0.0] * (HIDDEN + 1) for _ in range(2)]
    for f, y in part:
        p = softmax(head_logits(head, f))
        for c in range(2):
            for h, value in enumerate(f + [1.0]):
                out[c][h] += (p[c] - (c == y)) * value / len(part)
    return out


def weights_only(slopes):
    return [row[:HIDDEN] + [0.0] for row in slopes]


def shifted(head, direction, by):
    return [[v + by * d for v, d in zip(*pair)] for pair in zip(head, direction)]


def trm(alignment, eta):
    bound, key = 1 / math.sqrt(HIDDEN), KEY.child("heads")
    heads = [[[bound * (2 * key.uniform((e * (HIDDEN + 1) + h) * 2 + c) - 1) for h in range(HIDDEN + 1)]
              for c in range(2)] for e in range(DOMAINS)]
    a = [[float(q != p) for p in range(DOMAINS)] for q in range(DOMAINS)]

    def parts(theta, batch):
        return [[(features(theta, row), y) for row, y in zip(*part)] for part in zip(batch["x"], batch["y"])]

    def objective(step, theta):
        nonlocal heads, a
        batch = BATCHES[step]
        now = parts(theta, batch)
        a = [[value / sum(row) for value in row] for row in a]
        for _ in range(30):
            heads = [shifted(head, head_slopes(head, part), -0.1) for head, part in zip(heads, now)]
        fixed, weights, directions = heads, a, []
        for q in range(DOMAINS):
            def joint(head, q=q):
                return weights_only([[sum(weights[q][p] * s[p][c][h] for p in range(DOMAINS))
                                      for h in range(HIDDEN + 1)] for c in range(2)
                                     ] if (s := [head_slopes(head, part) for part in now]) else [])
            term = joint(fixed[q])
            total = term
            for _ in range(10):
                up = head_slopes(shifted(fixed[q], term, 1e-5), now[q])
                down = head_slopes(shifted(fixed[q], term, -1e-5), now[q])
                curved = weights_only([[(u - d) / 2e-5 for u, d in zip(*pair)] for pair in zip(up, down)])
                term = shifted(term, curved, -1.0)
                total = shifted(total, term, 1.0)
                if max(abs(v) for row in total for v in row) > 10:
                    break
            directions.append(total)
        a = [[weights[q][p] * math.exp(eta * weights[q][p] * head_risk(fixed[q], now[p])) for p in range(DOMAINS)]
             for q in range(DOMAINS)]

        def function(t):
            then = parts(t, batch)
            transfer = mean(
                sum(weights[q][p] * head_risk(fixed[q], then[p]) for p in range(DOMAINS) if p != q)
                - alignment * sum(dot(*pair) for pair in zip(directions[q], head_slopes(fixed[q], then[q])))
                for q in range(DOMAINS))
            return risk(t, batch) + transfer
        return function
    return objective


# mtl

def mtl(smoothing):
    block = [round(next(SOURCE), 4) for _ in range(HIDDEN + 1)]
    start, theta, losses = block, START, []
    kept = [[0.0] * HIDDEN for _ in range(DOMAINS)]

    def mean_features(t, part):
        return [mean(features(t, row)[h] for row in part) for h in range(HIDDEN)]

    def embeddings(t, batch):
        return [[smoothing * new + (1 - smoothing) * old for new, old in zip(mean_features(t, part), own)]
                for part, own in zip(batch["x"], kept)]
    for step in range(2):
        batch = BATCHES[step]

        def function(both):
            t, own = both[:PARAMETERS], both[PARAMETERS:]
            offsets = [affine(own, m) for m in embeddings(t, batch)]
            return mean(mean(loss(logit(t, row) + offset, y) for row, y in zip(*part))
                        for part, offset in zip(zip(batch["x"], batch["y"]), offsets))
        both = theta + block
        losses.append(function(both))
        slopes = gradient(function, both)
        kept = embeddings(theta, batch)
        both = moved(both, slopes, RATE)
        theta, block = both[:PARAMETERS], both[PARAMETERS:]
    usual = [mean(own[h] for own in kept) for h in range(HIDDEN)]
    adapted = mean_features(theta, UNLABELLED[0])
    return {"own_start": {"embedding": start}, "own": {"embedding": block}, "parameters": theta, "losses": losses,
            "evaluated": [logit(theta, row) + affine(block, usual) for row in all_rows(BATCHES[0])],
            "adapted": [logit(theta, row) + affine(block, adapted) for row in all_rows(BATCHES[0])]}


# transfer: the last layer as one of two classes, whose logits are half of the one logit and minus half of it

def transfer(weight, radius, steps, rate):
    def objective(step, theta):
        batch = BATCHES[step]
        f = [[features(theta, row) for row in part] for part in batch["x"]]

        def gap(both, f=f):
            head = [up - down for up, down in zip(both[:HIDDEN + 1], both[HIDDEN + 1:])]
            risks = [mean(loss(affine(head, row), y) for row, y in zip(*part)) for part in zip(f, batch["y"])]
            return max(risks) - min(risks)
        last = theta[INPUTS * HIDDEN + HIDDEN:]
        centre = [v / 2 for v in last] + [-v / 2 for v in last]
        both = centre
        for _ in range(steps):
            both = moved(both, gradient(gap, both), -rate * weight)
            away = [b - c for b, c in zip(both, centre)]
            length = math.sqrt(dot(away, away))
            if length > radius:
                both = [c + radius / length * a for c, a in zip(centre, away)]

        def function(t):
            return risk(t, batch) + weight * gap(both, [[features(t, row) for row in part] for part in batch["x"]])
        return function
    return objective


# sagnet

def sagnet(weight):
    block = [round(next(SOURCE), 4) for _ in range(HIDDEN + 1)]
    start, theta, losses = block, START, []

    def style(f):
        middle = mean(f)
        return middle, sum((v - middle)**2 for v in f) / (HIDDEN - 1)

    def content(f):
        middle, variance = style(f)
        return [(v - middle) / math.sqrt(variance + 1e-5) for v in f]
    for step in range(2):
        batch, key = BATCHES[step], KEY.child("mix").child(step)
        y = [label for part in batch["y"] for label in part]
        other = key.child("other").permutation(len(y))
        share = [key.child("share").uniform(i) for i in range(len(y))]
        fixed = [content(features(theta, row)) for row in all_rows(batch)]

        def styled(f, i):
            middle, variance = style(f)
            return [v * math.sqrt(variance + 1e-5) + middle for v in fixed[other[i]]]
        now = [styled(features(theta, row), i) for i, row in enumerate(all_rows(batch))]
        slopes = gradient(lambda own: mean(loss(affine(own, f), label) for f, label in zip(now, y)), block)
        block = moved(block, slopes, RATE)

        def function(t, own=block):
            f = [features(t, row) for row in all_rows(batch)]
            last, terms = t[INPUTS * HIDDEN + HIDDEN:], []
            for i, row in enumerate(f):
                (m, v), (n, w) = style(row), style(f[other[i]])
                middle, variance = [share[i] * a + (1 - share[i]) * b for a, b in ((m, n), (v, w))]
                mixed_row = [c * math.sqrt(variance + 1e-5) + middle for c in content(row)]
                z = affine(own, styled(row, i))
                terms.append(loss(affine(last, mixed_row), y[i]) + weight * 0.5 * (softplus(z) + softplus(-z)))
            return mean(terms)
        losses.append(function(theta))
        theta = moved(theta, gradient(function, theta), RATE)
    return {"own_start": {"style": start}, "own": {"style": block}, "parameters": theta, "losses": losses}


# pair

def clipped(polygon, normal, least):
    """The part of a polygon where normal . point >= least."""
    out = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1]):
        a, b = dot(normal, p) - least, dot(normal, q) - least
        if a >= 0:
            out.append(p)
        if (a >= 0) != (b >= 0):
            out.append([u + a / (a - b) * (v - u) for u, v in zip(p, q)])
    return out


def pareto(values, preference, products, balanced):
    """Exact Pareto optimal search over three objectives: the corners of the triangle w >= 0, sum 1, cut off."""
    weighed = [r * v for r, v in zip(preference, values)]
    share = [v / sum(weighed) for v in weighed]
    mu = sum(s * math.log(3 * s) for s in share)
    adjusted = [r * (math.log(3 * s) - mu) for r, s in zip(preference, share)]
    growth = [dot(row, adjusted) for row in products]
    polygon = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    if mu > balanced:
        gain = growth
        for j in range(3):
            if weighed[j] == max(weighed):
                polygon = clipped(polygon, products[j], 0.0)
            elif growth[j] <= 0:
                polygon = clipped(polygon, products[j], growth[j])
    else:
        gain = [sum(row[i] for row in products) for i in range(3)]
        polygon = clipped(polygon, growth, min(max(growth), 0.0))
        for row in products:
            polygon = clipped(polygon, row, 0.0)
    return max(polygon, key=lambda w: dot(gain, w)) if polygon else preference


def pair(erm, irm, balanced):
    def objectives(z, batch):
        each = [[loss(v, y) for v, y in zip(*part)] for part in zip(z, batch["y"])]
        risks = [mean(part) for part in each]
        slopes = [mean((sigmoid(v) - y) * v for v, y in zip(*part)) for part in zip(z, batch["y"])]
        return [mean(risks), mean(s * s for s in slopes),
                sum((r - mean(risks))**2 for r in risks) / (DOMAINS - 1)]

    def objective(step, theta):
        batch = BATCHES[step]

        def at(last):
            """The three with another last layer on the features of theta."""
            whole = theta[:INPUTS * HIDDEN + HIDDEN] + list(last)
            return objectives([[logit(whole, row) for row in part] for part in batch["x"]], batch)
        last = theta[INPUTS * HIDDEN + HIDDEN:]
        slopes = [gradient(lambda head, i=i: at(head)[i], last) for i in range(3)]
        weights = pareto(at(last), [erm, irm, 1 - erm - irm], [[dot(a, b) for b in slopes] for a in slopes], balanced)

        def function(t):
            return dot(weights, objectives([[logit(t, row) for row in part] for part in batch["x"]], batch))
        return function
    return objective


def pareto_cases():
    out = []
    while len(out) < 12:
        gradients = [[next(SOURCE) for _ in range(3)] for _ in range(3)]
        values = [abs(next(SOURCE)) + 0.01 for _ in range(3)]
        raw = [abs(next(SOURCE)) + 0.05 for _ in range(3)]
        preference = [v / sum(raw) for v in raw]
        products = [[dot(a, b) for b in gradients] for a in gradients]
        balanced = 0.0 if len(out) % 2 == 0 else 10.0
        out.append({"values": values, "preference": preference, "products": sum(products, []), "balanced": balanced,
                    "weights": pareto(values, preference, products, balanced)})
    return out


CASES = [
    case("birm", {"penalty_weight": 3.0, "anneal_steps": 0, "deviation": 0.3, "draws": 2}, 2,
         trained(2, birm(3.0, 0.3, 2))),
    case("birm", {"penalty_weight": 0.5, "anneal_steps": 0, "deviation": 0.0, "draws": 1}, 2,
         trained(2, birm(0.5, 0.0, 1))),
    case("cad", {"penalty_weight": 0.3, "temperature": 0.5}, 2, trained(2, cad(0.3, 0.5, False))),
    case("cad", {"penalty_weight": 0.3, "temperature": 0.5, "conditional": True}, 2, trained(2, cad(0.3, 0.5, True))),
    case("urm", {"penalty_weight": 0.7, "discriminator_learning_rate": 0.01, "discriminator_depth": 1,
                 "discriminator_width": 2}, 2, urm(0.7, 0.01, 2, (0, 1))),
    case("urm", {"penalty_weight": 0.7, "discriminator_learning_rate": 0.01, "discriminator_depth": 1,
                 "discriminator_width": 2, "range": "tanh"}, 2, urm(0.7, 0.01, 2, (-1, 1))),
    case("trm", {"alignment_weight": 0.5, "warmup_steps": 0, "step_size": 2.0}, 3, trained(3, trm(0.5, 2.0))),
    case("mtl", {"smoothing": 0.9}, 2, mtl(0.9)),
    case("transferability", {"gap_weight": 1.5, "radius": 0.2, "ascent_steps": 4, "ascent_rate": 0.1}, 2,
         trained(2, transfer(1.5, 0.2, 4, 0.1))),
    case("transferability", {"gap_weight": 1.5, "radius": 9.0, "ascent_steps": 4, "ascent_rate": 0.1}, 2,
         trained(2, transfer(1.5, 9.0, 4, 0.1))),
    case("sagnet", {"adversary_weight": 0.4}, 2, sagnet(0.4)),
    case("pair", {"anneal_steps": 0, "erm_preference": 0.2, "irm_preference": 0.3, "balanced": 0.0}, 3,
         trained(3, pair(0.2, 0.3, 0.0))),
    case("pair", {"anneal_steps": 0, "erm_preference": 0.2, "irm_preference": 0.3, "balanced": 9.0}, 3,
         trained(3, pair(0.2, 0.3, 9.0))),
    case("divdis", {"diversity_weight": 3.0, "balance_weight": 2.0, "choose": "mean"}, 2, divdis(3.0, 2.0)),
    case("d_bat", {"disagreement_weight": 0.5, "predicts": "mean"}, 4, d_bat(0.5)),
    case("lp_ft", {"probing_share": 0.5, "l2": 0.1}, 4, lp_ft(4, 2, 0.1)),
    case("miro", {"strength": 0.3}, 3, miro(0.3), phase_before=1),
    case("dpe", {"members": 3, "epochs": 4, "covariance_weight": 20.0, "head_learning_rate": 0.01}, 1,
         dpe(3, 4, 0.01, 20.0)),
    *DOMAIN_CASES,
    *ROW_CASES,
]

print(json.dumps({"rate": RATE, "start": START, "batches": BATCHES, "unlabelled": UNLABELLED, "validation": VALIDATION,
                  "cases": CASES, "pareto": pareto_cases(), "prototypes": prototype_case()}, indent=1))
