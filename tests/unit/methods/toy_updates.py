"""A small perceptron, its rows and plain descent in float64, with derivatives by central differences: independent of
the library's code. Only the random numbers are the library's (Philox), so that both have the same.
"""
import math

INPUTS, HIDDEN, DOMAINS, ROWS = 2, 3, 3, 4
PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN + 1
MASK = 2**64 - 1


def numbers():
    """Numbers in (-1, 1): a linear congruential generator."""
    state = 777
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield round(2 * state / 2**31 - 1, 4)


SOURCE = numbers()


def mixed(z):
    z ^= z >> 33
    z = z * 0xff51afd7ed558ccd & MASK
    z ^= z >> 33
    z = z * 0xc4ceb9fe1a85ec53 & MASK
    return z ^ z >> 33


class Key:
    def __init__(self, value):
        self.value = value

    def child(self, part):
        if isinstance(part, int):
            return Key(mixed((self.value + 0xd1342543de82ef95 & MASK) ^ mixed(part + 0xaf251af3b0f025b5 & MASK)))
        hashed = 0xcbf29ce484222325
        for byte in part.encode():
            hashed = (hashed ^ byte) * 0x100000001b3 & MASK
        return Key(mixed(self.value ^ mixed(hashed + 0x632be59bd9b4e019 & MASK)))

    def words(self, row, lane):
        c = [row & 0xffffffff, row >> 32, lane & 0xffffffff, lane >> 32]
        for step in range(10):
            low = (self.value + step * 0x9E3779B9) & 0xffffffff
            high = ((self.value >> 32) + step * 0xBB67AE85) & 0xffffffff
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ low, b & 0xffffffff, (a >> 32) ^ c[3] ^ high, a & 0xffffffff]
        return c

    def bits(self, row, lane=0):
        words = self.words(row, lane)
        return words[1] << 32 | words[0]

    def uniform(self, row, lane=0):
        return (self.bits(row, lane) >> 11) * 2.0**-53

    def normal(self, row, lane=0):
        words = self.words(row, lane)
        u = ((words[1] << 32 | words[0]) >> 11) * 2.0**-53 + 2.0**-53
        v = ((words[3] << 32 | words[2]) >> 11) * 2.0**-53
        return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)

    def permutation(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.bits(i) * (i + 1) >> 64
            order[i], order[j] = order[j], order[i]
        return order


KEY = Key(mixed(3 + 0x9e3779b97f4a7c15 & MASK))  # RandomKey(3)


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def softplus(z):
    return max(z, 0) + math.log1p(math.exp(-abs(z)))


def loss(z, y):
    return softplus(z) - z * y


def softmax(z):
    power = [math.exp(v - max(z)) for v in z]
    return [p / sum(power) for p in power]


def rows(count):
    return [[2 * next(SOURCE) for _ in range(INPUTS)] for _ in range(count)]


def minibatch():
    x = [rows(ROWS) for _ in range(DOMAINS)]
    return {"x": x, "y": [[int(row[0] + next(SOURCE) > 0) for row in part] for part in x]}


def features(theta, row):
    return [max(0.0, sum(row[d] * theta[d * HIDDEN + h] for d in range(INPUTS)) + theta[INPUTS * HIDDEN + h])
            for h in range(HIDDEN)]


def logit(theta, row):
    last = theta[INPUTS * HIDDEN + HIDDEN:]
    return dot(last, features(theta, row)) + last[HIDDEN]


def affine(block, f):
    """One output: weights, then a bias."""
    return dot(block, f) + block[len(f)]


def domain_losses(theta, batch):
    return [[loss(logit(theta, row), y) for row, y in zip(*part)] for part in zip(batch["x"], batch["y"])]


def risk(theta, batch):
    return mean(mean(part) for part in domain_losses(theta, batch))


def all_rows(batch):
    return [row for part in batch["x"] for row in part]


def gradient(function, at, step=1e-5):
    out = []
    for i in range(len(at)):
        up, down = list(at), list(at)
        up[i] += step
        down[i] -= step
        out.append((function(up) - function(down)) / (2 * step))
    return out


def moved(at, slopes, rate):
    return [value - rate * slope for value, slope in zip(at, slopes)]


RATE = 0.2
START = [round(0.8 * next(SOURCE), 4) for _ in range(PARAMETERS)]
BATCHES = [minibatch() for _ in range(4)]
UNLABELLED = [rows(DOMAINS * ROWS) for _ in range(4)]


def trained(steps, objective):
    """Plain descent: `objective(step, theta)` gives a loss as a function of the parameters."""
    theta, losses = START, []
    for step in range(steps):
        function = objective(step, theta)
        losses.append(function(theta))
        theta = moved(theta, gradient(function, theta), RATE)
    return {"parameters": theta, "losses": losses}


def case(method, options, steps, after, **more):
    return {"method": method, "options": options, "steps": steps, **more, **after}
def live_rows(count):
    """Rows with features: without, no prototype is nearer than another."""
    out = []
    while len(out) < count:
        out += [row for row in rows(1) if sum(v > 0.2 for v in features(START, row)) >= 2]
    return out


VALIDATION = {"x": [live_rows(8) for _ in range(DOMAINS)]}
VALIDATION["y"] = [[int(row[0] + 2 * next(SOURCE) > 0) for row in part] for part in VALIDATION["x"]]
