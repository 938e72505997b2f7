"""Updates of ERM, of worst cases, penalties and gradients over domains, and of averages; see updates.py."""
from toy_updates import *


def plain(l2=0.0):
    return lambda step, _: lambda t: risk(t, BATCHES[step]) + l2 * dot(t, t)


def penalised(penalty, weight, anneal):
    """The weight is 1 before step `anneal`; a weight above 1 divides the whole."""
    def objective(step, _):
        now = weight if step >= anneal else 1.0
        return lambda t: (risk(t, BATCHES[step]) + now * penalty(t, BATCHES[step])) / max(now, 1.0)
    return objective


def scale_slopes(theta, batch):
    return mean(mean((sigmoid(logit(theta, row)) - y) * logit(theta, row) for row, y in zip(*part))**2
                for part in zip(batch["x"], batch["y"]))


def risk_variance(theta, batch):
    risks = [mean(part) for part in domain_losses(theta, batch)]
    return mean((r - mean(risks))**2 for r in risks)


def domain_risk(theta, batch, e):
    return mean(domain_losses(theta, batch)[e])


def domain_slopes(theta, batch, step=1e-5):
    return [gradient(lambda t, e=e: domain_risk(t, batch, e), theta, step) for e in range(DOMAINS)]


def group_dro(eta):
    q = [1 / DOMAINS] * DOMAINS

    def objective(step, theta):
        nonlocal q
        raised = [w * math.exp(eta * domain_risk(theta, BATCHES[step], e)) for e, w in enumerate(q)]
        q = [v / sum(raised) for v in raised]
        return lambda t, now=q: dot(now, [domain_risk(t, BATCHES[step], e) for e in range(DOMAINS)])
    return objective


def iga(weight):
    def objective(step, _):
        def function(t):
            each = domain_slopes(t, BATCHES[step], 1e-4)
            middle = [mean(column) for column in zip(*each)]
            return risk(t, BATCHES[step]) + weight * sum((g - m)**2 for row in each for g, m in zip(row, middle))
        return function
    return objective


def by_gradient(steps, update):
    """`update(step, theta)`: the loss, and what is subtracted from the parameters after its product with the rate."""
    theta, losses = START, []
    for step in range(steps):
        value, slopes = update(step, theta)
        losses.append(value)
        theta = moved(theta, slopes, RATE)
    return {"parameters": theta, "losses": losses}


def sign(value):
    return (value > 0) - (value < 0)


def and_mask(agreement):
    def update(step, theta):
        columns = list(zip(*domain_slopes(theta, BATCHES[step])))
        return risk(theta, BATCHES[step]), [
            mean(column) if abs(sum(map(sign, column))) >= agreement * DOMAINS else 0.0 for column in columns]
    return update


BLOCKS = [INPUTS * HIDDEN, HIDDEN, HIDDEN, 1]  # weights and biases, layer by layer


def sand_mask(agreement, steepness):
    def update(step, theta):
        columns, out, first = list(zip(*domain_slopes(theta, BATCHES[step]))), [], 0
        masks = []
        for column in columns:
            variance = sum((g - mean(column))**2 for g in column) / (DOMAINS - 1)
            agreeing = abs(mean(map(sign, column))) - agreement
            # Where no row reaches a unit all gradients are 0.
            masks.append(math.tanh(min(max(steepness * agreeing / variance, 0.0), 30.0)) if variance > 0 else
                         float(agreeing > 0))
        for size in BLOCKS:
            share = mean(masks[first:first + size]) + 1e-10
            out += [m / share * mean(column) for m, column in
                    zip(masks[first:first + size], columns[first:first + size])]
            first += size
        return risk(theta, BATCHES[step]), out
    return update


def fish(share):
    def update(step, theta):
        copy, value = theta, 0.0
        for e in range(DOMAINS):
            value += domain_risk(copy, BATCHES[step], e) / DOMAINS
            copy = moved(copy, gradient(lambda t: domain_risk(t, BATCHES[step], e), copy), RATE)
        return value, [share * (a - b) / RATE for a, b in zip(theta, copy)]
    return update


def mldg(beta, held_out):
    def update(step, theta):
        order = KEY.child("order").child(step).permutation(DOMAINS)
        value, total = 0.0, [0.0] * PARAMETERS
        for i in range(DOMAINS - held_out):
            own, other = order[i], order[DOMAINS - held_out + i % held_out]
            at_own = gradient(lambda t: domain_risk(t, BATCHES[step], own), theta)
            there = moved(theta, at_own, RATE)
            at_other = gradient(lambda t: domain_risk(t, BATCHES[step], other), there)
            total = [s + a + beta * b for s, a, b in zip(total, at_own, at_other)]
            value += domain_risk(theta, BATCHES[step], own) + beta * domain_risk(there, BATCHES[step], other)
        return value / DOMAINS, [s / DOMAINS for s in total]
    return update


def sam(radius):
    def update(step, theta):
        slopes = gradient(lambda t: risk(t, BATCHES[step]), theta)
        there = moved(theta, slopes, -radius / math.sqrt(dot(slopes, slopes)))
        return risk(theta, BATCHES[step]), gradient(lambda t: risk(t, BATCHES[step]), there)
    return update


def evaluated_at(theta):
    return [logit(theta, row) for row in all_rows(BATCHES[0])]


def path(steps):
    return [trained(n, plain())["parameters"] for n in range(steps + 1)]


def ema(decay, steps):
    average = [0.0] * PARAMETERS
    for t, theta in enumerate(path(steps)[1:], 1):
        share = min(decay, 1 - 1 / t)
        average = [share * a + (1 - share) * b for a, b in zip(average, theta)]
    return {**trained(steps, plain()), "evaluated": evaluated_at(average)}


def wise_ft(place, anchor, steps):
    thetas = path(steps)
    between = [(1 - place) * a + place * b for a, b in zip(thetas[anchor], thetas[steps])]
    return {**trained(steps, plain()), "evaluated": evaluated_at(between)}


def quantile(values, q):
    values, place = sorted(values), q * (len(values) - 1)
    low = math.floor(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def rsc(feature_share, row_share):
    def objective(step, theta):
        batch, last = BATCHES[step], theta[INPUTS * HIDDEN + HIDDEN:]
        labels = [y for part in batch["y"] for y in part]
        masks, falls = [], []
        for row, y in zip(all_rows(batch), labels):
            towards = 1 if y else -1
            slopes = [towards * v for v in last[:HIDDEN]]
            mask = [float(s < quantile(slopes, 1 - feature_share)) for s in slopes]
            muted = affine(last, [m * f for m, f in zip(mask, features(theta, row))])
            falls.append(sigmoid(towards * logit(theta, row)) - sigmoid(towards * muted))
            masks.append(mask)
        hard = [fall >= quantile(falls, 1 - row_share) for fall in falls]
        kept = [mask if h else [1.0] * HIDDEN for mask, h in zip(masks, hard)]

        def function(t):
            return mean(loss(affine(t[INPUTS * HIDDEN + HIDDEN:], [m * f for m, f in zip(mask, features(t, row))]), y)
                        for row, y, mask in zip(all_rows(batch), labels, kept))
        return function
    return objective


DOMAIN_CASES = [
    case("erm", {"l2": 0.05}, 2, trained(2, plain(0.05))),
    case("irm_v1", {"penalty_weight": 5.0, "anneal_steps": 1}, 3, trained(3, penalised(scale_slopes, 5.0, 1))),
    case("v_rex", {"penalty_weight": 7.0, "anneal_steps": 1}, 3, trained(3, penalised(risk_variance, 7.0, 1))),
    case("group_dro", {"step_size": 2.0}, 3, trained(3, group_dro(2.0))),
    case("iga", {"penalty_weight": 0.5}, 2, trained(2, iga(0.5))),
    case("and_mask", {"agreement": 0.9}, 2, by_gradient(2, and_mask(0.9))),
    case("and_mask", {"agreement": 0.3}, 2, by_gradient(2, and_mask(0.3))),
    case("sand_mask", {"agreement": 0.2, "steepness": 0.003}, 2, by_gradient(2, sand_mask(0.2, 0.003))),
    case("fish", {"meta_step": 0.5}, 3, by_gradient(3, fish(0.5))),
    case("mldg", {"meta_weight": 0.7, "meta_test": 1}, 3, by_gradient(3, mldg(0.7, 1))),
    case("mldg", {"meta_weight": 0.7, "meta_test": 2}, 3, by_gradient(3, mldg(0.7, 2))),
    case("sam", {"radius": 0.3}, 3, by_gradient(3, sam(0.3))),
    case("ema", {"decay": 0.6}, 4, ema(0.6, 4)),
    case("wise_ft", {"interpolation": 0.3, "anchor_share": 0.5}, 4, wise_ft(0.3, 2, 4)),
    case("rsc", {"feature_share": 0.4, "row_share": 0.5}, 3, trained(3, rsc(0.4, 0.5))),
]
