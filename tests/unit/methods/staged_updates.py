#!/usr/bin/env python3
"""Writes staged_updates.json: what methods of several stages make of parameters, in float64.

Plain loops over the formulas of the papers. Run it where it lies:
    python3 staged_updates.py > staged_updates.json
"""
import json

from staged_rows import *


# swad: algorithm 1 of Cha et al. 2021, with a validation loss after each segment

def swad(turned, segments, window, patience, tolerance, average):
    """In step i the labels are wrong where `turned` has a 1. `average`: the first and the last segment."""
    training, length = Training(0.5), len(turned) // segments
    path, losses, evaluated, start, end, limit = [], [], [START], None, None, 0.0
    for step, wrong in enumerate(turned):
        rows = in_turn(step)
        labels = [abs(int(wrong) - CLEAN_Y[i]) for i in rows]
        training.step(rows, lambda t: mean(row_loss(t, i, y) for i, y in zip(rows, labels)), labels)
        path.append(training.theta)
        if (step + 1) % length == 0:
            losses.append(mean(loss(logit(training.theta, x), y) for x, y in HELD_OUT))
            i = len(losses) - 1
            if start is None:
                last = losses[max(i - window + 1, 0):]
                if len(last) == window and all(decided(v, last[0]) > last[0] for v in last[1:]):
                    start, limit = i - window + 1, tolerance / window * sum(last)
            elif end is None and i + 1 >= patience:
                if decided(min(losses[i - patience + 1:]), limit) > limit:
                    end = i - patience
        until = len(losses) - 1 if end is None else end
        averaged = [] if start is None else path[start * length:(until + 1) * length]
        evaluated.append([mean(column) for column in zip(*averaged)] if averaged else training.theta)
    assert (start, end) == average, (losses, start, end, limit)
    return training.case("swad", {"segments": segments, "optimum_patience": window, "overfit_patience": patience,
                                  "tolerance": tolerance}, evaluated=evaluated)


# soup

def accuracy(theta):
    return mean(float(guess(theta, x) == y) for x, y in HELD_OUT)


def blend(models):
    return [mean(column) for column in zip(*models)]


def greedy(models):
    """Recipe 1 of Wortsman et al. 2022: the numbers of the members that stay."""
    order = sorted(range(len(models)), key=lambda m: -accuracy(models[m]))
    chosen = order[:1]
    for m in order[1:]:
        if accuracy(blend([models[c] for c in chosen + [m]])) >= accuracy(blend([models[c] for c in chosen])):
            chosen.append(m)
    return chosen


def soup(members, shared, steps, choices=0, rate=1.0, choice=None):
    """No choices: the uniform soup. Members have the rates 1, 0.6 and 0.2 in turn. `choice`: the last."""
    training, first = Training(rate), share_of(shared, steps)
    models, evaluated, chosen = [], [START], []
    for step in range(steps):
        rows = in_turn(step)
        if step < first:
            training.step(rows, erm(rows))
            evaluated.append(training.theta)
            continue
        if step == first:
            models = [training.theta] * members

        def objective(m):
            key = KEY.child("rows").child(m)
            own = [rows[key.bits(step, lane) * BATCH >> 64] for lane in range(BATCH)]
            return erm(own)
        others = [moved(models[m], gradient(objective(m), models[m]), rate * (1.0, 0.6, 0.2)[m % 3])
                  for m in range(1, members)]
        training.step(rows, objective(0))
        models = [training.theta] + others
        if not choices:
            chosen = list(range(members))
        elif (step + 1 - first) % max((steps - first) // choices, 1) == 0 or step + 1 == steps:
            chosen = greedy(models)
        evaluated.append(blend([models[m] for m in chosen]) if chosen else training.theta)
    assert choice is None or sorted(chosen) == choice, (chosen, [accuracy(m) for m in models])
    options = {"members": members, "shared_share": shared}
    if choices:
        options.update({"recipe": "greedy", "choices": choices})
    return training.case("soup", options, evaluated=evaluated,
                         own={f"member_{m}": models[m] for m in range(1, members)})


# jtt

def jtt(share, factor, steps, l2):
    training, first = Training(1.5), share_of(share, steps)

    def objective(rows):
        return lambda t: erm(rows)(t) + l2 * dot(t, t)
    for step in range(first):
        training.step(in_turn(step), objective(in_turn(step)))
    wrong = [guess(training.theta, x) != y for x, y in zip(TRAINING_X, TRAINING_Y)]
    assert 5 < sum(wrong) < 40
    training.draw_by([factor if w else 1.0 for w in wrong])
    training.afresh()
    for _ in range(first, steps):
        rows = training.draws()
        training.step(rows, objective(rows))
    return training.case("jtt", {"identification_share": share, "upsampling": factor, "l2": l2})


# eiil

def soft_domains(theta):
    """The ascent of Creager et al. 2021 on q in [0, 1] for each row, by Adam, cut at a half. Domain 1 has the
    larger slopes.
    """
    slopes = [gradient(lambda s: loss(s[0] * logit(theta, x), y), [1.0])[0] for x, y in zip(TRAINING_X, TRAINING_Y)]
    soft = [KEY.child("soft domains").normal(i) for i in range(COUNT)]
    first, second = [0.0] * COUNT, [0.0] * COUNT
    for step in range(1, 401):
        q = [sigmoid(v) for v in soft]
        difference = mean(w * g for w, g in zip(q, slopes)) - mean((1 - w) * g for w, g in zip(q, slopes))
        up = [difference * g / COUNT * w * (1 - w) for w, g in zip(q, slopes)]
        first = [0.9 * m + 0.1 * u for m, u in zip(first, up)]
        second = [0.999 * v + 0.001 * u * u for v, u in zip(second, up)]
        soft = [s + 0.05 * m / (1 - 0.9**step) / (math.sqrt(v / (1 - 0.999**step)) + 1e-12)
                for s, m, v in zip(soft, first, second)]
    assert all(abs(s) > 2 for s in soft), sorted(soft, key=abs)[:3]
    domain = [int(s > 0) for s in soft]
    larger = max(range(2), key=lambda d: mean(g for g, own in zip(slopes, domain) if own == d))
    return [int(own == larger) for own in domain]


def eiil(share, steps, objective, options):
    training, first = Training(1.5), share_of(share, steps)
    for step in range(first):
        training.step(in_turn(step), erm(in_turn(step)))
    for row in TRAINING_X:
        decided(logit(training.theta, row))
    domain = soft_domains(training.theta)
    assert 5 < sum(domain) < 40, domain
    training.draw_by(balanced(domain))
    training.afresh()
    loss_of = objective(domain, 2)
    for step in range(first, steps):
        rows = training.draws()
        training.step(rows, loss_of(rows, training.theta, step - first))
    return training.case("eiil", {"reference_share": share, **options})


# xrm

def xrm(share, steps, objective, options):
    training, first = Training(1.5), share_of(share, steps)
    twin = [round(0.8 * next(SOURCE), 4) for _ in range(PARAMETERS)]
    start, learnt, flips = twin, list(TRAINING_Y), 0
    for step in range(first):
        rows, theta = in_turn(step), training.theta
        labels = [learnt[i] for i in rows]
        mine = [KEY.child("halves").uniform(i) < 0.5 for i in rows]

        def half(t, keep):
            """The sum over the labels of the mean loss of their rows, of the rows of one twin."""
            return sum(row_loss(t, i, y) / labels.count(y) for i, y, own in zip(rows, labels, mine) if own == keep)
        slopes = gradient(lambda t: half(t, False), twin)
        for i, own in zip(rows, mine):
            p = sigmoid(logit(twin if own else theta, TRAINING_X[i]))
            chance = (max(p, 1 - p) - 1 / 2) * 2
            if decided(chance, KEY.child("flips").uniform(i, step)) > KEY.child("flips").uniform(i, step):
                flips += learnt[i] != int(p > 0.5)
                learnt[i] = int(p > 0.5)
        training.step(rows, lambda t: half(t, True))
        twin = moved(twin, slopes, training.rate)
    assert flips > 3 and learnt != TRAINING_Y, flips
    domain = [int(guess(training.theta, x) != y or guess(twin, x) != y) for x, y in zip(TRAINING_X, TRAINING_Y)]
    grouped = options.get("objective") != "irm_v1"
    part = [2 * y + d for y, d in zip(TRAINING_Y, domain)] if grouped else domain
    assert len(set(part)) == (4 if grouped else 2), part
    training.draw_by(balanced(part))
    training.afresh()
    loss_of = objective(part, 4 if grouped else 2)
    for step in range(first, steps):
        rows = training.draws()
        training.step(rows, loss_of(rows, training.theta, step - first))
    return training.case("xrm", {"twin_share": share, **options}, own_start={"twin": start}, own={"twin": twin})


# cnc

def cosine(a, b):
    """0 where there is no direction."""
    lengths = math.sqrt(dot(a, a) * dot(b, b))
    return dot(a, b) / lengths if lengths > 0 else 0.0


def contrast(theta, rows, guessed, temperature):
    """The mean over the rows that have positives and negatives (Zhang et al. 2022)."""
    f = [features(theta, TRAINING_X[i]) for i in rows]
    y, z = [TRAINING_Y[i] for i in rows], [guessed[i] for i in rows]
    terms = []
    for a in range(len(rows)):
        power = [math.exp(cosine(f[a], other) / temperature) for other in f]
        positive = [power[b] for b in range(len(rows)) if y[b] == y[a] and z[b] != z[a]]
        negative = [power[b] for b in range(len(rows)) if y[b] != y[a] and z[b] == z[a]]
        if positive and negative:
            terms.append(mean(-math.log(p / (sum(positive) + sum(negative))) for p in positive))
    return mean(terms) if terms else 0.0


def cnc(share, steps, weight, temperature):
    training, first = Training(1.5), share_of(share, steps)
    for step in range(first):
        training.step(in_turn(step), erm(in_turn(step)))
    guessed = [guess(training.theta, x) for x in TRAINING_X]
    training.draw_by(balanced(list(zip(guessed, TRAINING_Y))))
    training.afresh()
    for _ in range(first, steps):
        rows = training.draws()
        assert contrast(training.theta, rows, guessed, temperature) > 0
        training.step(rows, lambda t: (1 - weight) * erm(rows)(t)
                      + weight * contrast(t, rows, guessed, temperature))
    return training.case("cnc", {"reference_share": share, "contrastive_weight": weight, "temperature": temperature})


# pde

def pde(share, steps, expansions, added):
    training, first = Training(0.5), share_of(share, steps)
    order = KEY.child("order").permutation(COUNT)
    counts = [GROUPS.count(g) for g in range(4)]
    assert 0 < min(counts) < max(counts), counts
    part = []
    for g in range(4):
        part += [i for i in order if GROUPS[i] == g][:min(counts)]
    training.draw_by([float(i in part) for i in range(COUNT)])
    done = 0
    for step in range(steps):
        while done < expansions and step >= first + done * (steps - first) / expansions:
            done += 1
            part += [i for i in order if i not in part][:added]
            training.draw_by([float(i in part) for i in range(COUNT)])
        rows = training.draws()
        training.step(rows, erm(rows))
    return training.case("pde", {"warm_up_share": share, "expansions": expansions, "added_rows": added})


# afr

def afr(steps, sharpness, anchor, refit_steps, rate, clip):
    training = Training(1.5)
    held_out = set(KEY.child("held out").permutation(COUNT)[:share_of(0.2, COUNT)])
    for step in range(steps):
        training.step(in_turn(step), erm([i for i in in_turn(step) if i not in held_out]))
    theta, rows = training.theta, sorted(held_out)
    f, y = [features(theta, TRAINING_X[i]) for i in rows], [TRAINING_Y[i] for i in rows]
    assert 0 < sum(y) < len(y)
    right = [math.exp(-row_loss(theta, i)) for i in rows]
    raw = [math.exp(-sharpness * p) / y.count(label) for p, label in zip(right, y)]
    weights = [w / sum(raw) for w in raw]
    centre = theta[INPUTS * HIDDEN + HIDDEN:]

    def objective(last):
        away = [v - c for v, c in zip(last, centre)]
        fit = sum(w * loss(affine(last, row), label) for w, row, label in zip(weights, f, y))
        return fit + anchor * dot(away, away)
    last = centre
    for _ in range(refit_steps):
        slopes = gradient(objective, last)
        length = math.sqrt(dot(slopes, slopes))
        last = moved(last, slopes, rate * (clip / length if 0 < clip < length else 1.0))
    return training.case(
        "afr", {"sharpness": sharpness, "anchor": anchor, "refit_steps": refit_steps, "refit_learning_rate": rate,
                "refit_clip_norm": clip}, logits=[affine(last, features(theta, x)) for x, _ in HELD_OUT])


def worst(eta):
    return lambda part, parts: worst_parts(part, parts, eta)


def invariant(weight, anneal, rescale):
    return lambda part, parts: invariant_parts(part, parts, weight, anneal, rescale)


CASES = [
    swad("110000000011111100000000", 12, 2, 3, 1.1, (4, 5)),
    swad("1100000000111111", 8, 2, 2, 1.25, (4, None)),
    swad("1111000000001111", 8, 3, 2, 1.1, (5, None)),
    swad("1111000000001111", 8, 9, 2, 1.1, (None, None)),
    soup(4, 0.25, 8),
    soup(5, 0.25, 12, 2, 1.0, [1, 2, 3]),
    soup(4, 0.5, 8, 1),
    jtt(0.5, 6.0, 8, 0.01),
    eiil(0.5, 8, invariant(3.0, 2, True), {"penalty_weight": 3.0, "anneal_steps": 2}),
    eiil(0.5, 8, worst(0.5), {"objective": "group_dro", "step_size": 0.5}),
    xrm(0.75, 12, worst(0.5), {"step_size": 0.5}),
    xrm(0.75, 12, invariant(3.0, 1, False),
        {"objective": "irm_v1", "penalty_weight": 3.0, "anneal_steps": 1, "rescale": False}),
    cnc(0.5, 8, 0.5, 0.05),
    cnc(0.5, 8, 0.75, 0.5),
    pde(0.5, 12, 3, 5),
    pde(0.25, 8, 4, 11),
    afr(4, 3.0, 0.1, 40, 0.2, 0.0),
    afr(4, 10.0, 0.0, 40, 0.2, 0.05),
]


def rounded(value):
    if isinstance(value, float):
        return round(value, 10)
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


def text(value, indent=""):
    """A line for each list of numbers."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if not any(isinstance(part, (dict, list)) for part in inside):
        return json.dumps(value)
    names = [json.dumps(name) + ": " for name in value] if isinstance(value, dict) else [""] * len(value)
    lines = ",\n".join(f"{indent} {name}{text(part, indent + ' ')}" for name, part in zip(names, inside))
    return ("{\n%s\n%s}" if isinstance(value, dict) else "[\n%s\n%s]") % (lines, indent)


print(text(rounded({"start": START, "x": TRAINING_X, "y": TRAINING_Y, "groups": GROUPS,
                    "validation": {"x": VALIDATION_X, "y": VALIDATION_Y}, "cases": CASES})))
