"""What closes the out-of-distribution gap of a model that relies on a spurious cue?

The library of C++ from Python: what there is, rows of environments and their twins, exact ceilings,
suites, results as tables, scores of logits, and methods written in Python.

    import spurion
    env = spurion.Environment("coloured_images", source="glyphs")
    rows = env.sample("test", rows=1000)          # rows.x, rows.y: torch tensors, or numpy arrays
    env.ceilings("test")["invariant"]

Import torch before spurion and tensors are torch tensors that share memory. Without torch they are
numpy arrays. Methods in Python need torch (Debian: python3-torch).
"""

import hashlib
import inspect
import textwrap
from pathlib import Path

try:  # the torch of the distribution uses the same LibTorch as spurion
    import torch
except ImportError:
    torch = None

from . import _core
from ._core import DataError, Error, PluginError, StoreError, UsageError

__version__ = _core.__version__

if torch is not None and _core.torch_problem():
    raise ImportError(_core.torch_problem())

#: What can be named: the built-in things, and those that this process registered.
_catalog = _core.Catalog()


# ---- what there is

def nouns():
    """The kinds of things there are: "environment", "model", "method" and so on."""
    return _catalog.nouns()


def names(noun):
    """The registered names of a noun, sorted: ``names("method")``."""
    return _catalog.names(noun)


def suites():
    """The suites that come with spurion."""
    return _core.suite_names()


def describe(noun, name):
    """Summary, reference and options of a thing: a dictionary.

    Each option has name, type, doc, default, allowed, search and per_replica.
    """
    return _catalog.describe(noun, name)


def doc(noun, name):
    """The same as text, made from the schema of the options."""
    facts = describe(noun, name)
    lines = [f"{facts['name']}: {facts['summary']} ({facts['reference']})", ""]
    for option in facts["options"]:
        allowed = f" {option['allowed']}" if option["allowed"] else ""
        head = f"{option['name']} ({option['type']}{allowed}; default: {option['default']})"
        lines += [head, textwrap.indent(textwrap.fill(option["doc"], 92), "    ")]
    return "\n".join(lines)


def load_plugin(file):
    """Adds what a plug-in made by ``spurion_add_plugin`` offers."""
    _catalog.load_plugin(str(file))


def selftest(noun, name):
    """Runs the conformance checks of one thing: a list of check, outcome, message."""
    return _catalog.selftest(noun, name)


# ---- rows

class Sample:
    """Rows of one domain: x, y, causal, spurious, group. A part that is not known is None."""

    def __init__(self, parts):
        self.x = parts["x"]
        self.y = parts["y"]
        self.causal = parts["causal"]
        self.spurious = parts["spurious"]
        self.group = parts["group"]

    def __len__(self):
        return len(self.y)


class Environment:
    """An environment as the trials of a suite with this seed see it.

    Options are keywords: ``Environment("two_bit", seed=3)``; ``doc("environment", name)`` lists them.
    """

    def __init__(self, name, seed=0, base_seed=0, **options):
        self._core = _core.Environment(_catalog, name, options, seed, base_seed)
        self.info = self._core.info()
        self.name = name

    @property
    def train_domains(self):
        return list(self.info["train_domains"])

    @property
    def test_domain(self):
        return self.info["test_domain"]

    def sample(self, domain, rows, first=0, split="train"):
        """Rows first .. first + rows - 1 of a domain: "train_0", "test" or "shift=0.3"."""
        return Sample(self._core.sample(domain, split, first, rows))

    def twin(self, domain, rows, first=0, split="test", variable=""):
        """The same rows with another value of one variable, the cue unless said; all else stays."""
        return Sample(self._core.twin(domain, split, (first, rows), variable))

    def ceilings(self, domain):
        """Best scores in a domain: bayes, invariant, spurious_only, chance, population_erm."""
        return self._core.ceilings(domain)

    def score(self, logits, domains, rows, twin_logits=None):
        """Scores logits of the first `rows` test rows of each of `domains`, one domain below the
        other: {domain: {metric: value}}, as `spurion score` computes them. With the logits of the
        twins there are flip rates too."""
        return self._core.score(list(domains), rows, logits, twin_logits)

    def dataset(self, domains=None, rows=1000, split="train"):
        """A torch.utils.data.Dataset of (x, y, number of the domain)."""
        return _dataset(self, self.train_domains if domains is None else list(domains), rows, split)


def _dataset(environment, domains, rows, split):
    if torch is None:
        raise ImportError("a dataset needs torch; on Debian: apt-get install python3-torch")
    parts = [environment.sample(domain, rows, split=split) for domain in domains]
    numbers = [torch.full((len(part),), i) for i, part in enumerate(parts)]
    return torch.utils.data.TensorDataset(
        torch.cat([torch.as_tensor(part.x) for part in parts]),
        torch.cat([torch.as_tensor(part.y) for part in parts]), torch.cat(numbers))


# ---- runs and results

def run(suite, out="", jobs=0, progress=None, keep_models="", rerun_changed=False):
    """Runs the trials of a suite that are not finished, and resumes what was stopped.

    suite: a name, a file, or the text of a suite in TOML. out: folder (default: results/NAME).
    jobs: workers (default: one for each core). progress: called with a dictionary now and then.
    keep_models: "all", or conditions such as "method=erm,seed=0". Gives the last progress, with
    "folder". Ctrl-C stops it; the same call resumes.
    """
    is_text = "\n" in str(suite)
    request = {"suite": str(suite), "is_text": is_text, "out": str(out), "jobs": jobs,
               "keep_models": keep_models, "rerun_changed": rerun_changed}
    return _core.run(_catalog, request, progress)


def report(folder, to=""):
    """Writes report.html and the folder csv; gives the path of the page."""
    return _core.report(str(folder), str(to))


def report_text(folder, columns=100):
    """The answers and tables as text."""
    return _core.report_text(str(folder), columns)


class Results:
    """The stored trials of a folder, as tables.

    trials: one dictionary a trial (options as "section.option", final numbers as "domain/metric").
    measurements: columns with one entry a stored number; "trial" is the place in `trials`.
    """

    def __init__(self, folder):
        stored = _core.read(str(folder))
        self.notes = stored["notes"]
        self.measurements = stored["measurements"]
        self.trials = [_wide(one) for one in stored["trials"]]
        last = self.measurements
        for i, number in enumerate(last["trial"]):  # later ones are of later updates
            self.trials[number][f"{last['domain'][i]}/{last['metric'][i]}"] = last["value"][i]

    def wide(self):
        """A pandas table with one row a trial."""
        return _pandas().DataFrame(self.trials)

    def long(self):
        """A pandas table with one row a stored number."""
        table = _pandas().DataFrame(self.measurements)
        return table.astype({"domain": "category", "metric": "category"})


def _pandas():
    try:
        import pandas
    except ImportError as missing:
        raise ImportError("tables need pandas; on Debian: apt-get install python3-pandas. "
                          "`Results.trials` and `Results.measurements` need nothing") from missing
    return pandas


def _wide(trial):
    out = {key: value for key, value in trial.items() if key != "spec"}
    for section, part in trial["spec"].items():
        if "name" in part:
            out[section] = part["name"]
        out.update({f"{section}.{name}": value for name, value in part["options"].items()})
    return out


def open(folder):  # noqa: A001 - as a reader of results expects it
    """The stored trials of a folder."""
    return Results(folder)


# ---- methods in Python

class option:
    """An option of a method in Python, as an attribute of the class.

    A number may differ between the replicas of a pack: the instance has a tensor [K] in its place.
    Other types are the same for all replicas of a pack.
    """

    def __init__(self, default, doc="", low=None, high=None, words=None, search=None):
        self.default, self.doc, self.low, self.high = default, doc, low, high
        self.words, self.search = words, search

    def described(self, name):
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
        if type(self.default) not in kinds:
            raise TypeError(f"option {name}: the default is a bool, int, float or str")
        return {"name": name, "type": kinds[type(self.default)], "doc": self.doc,
                "default": self.default, "low": self.low, "high": self.high,
                "words": self.words, "search": self.search}


class Method:
    """A method that trains inside the engine. Derive from it, write `objective`, and `register`.

    objective(self, logits, batch) gives K losses, a torch tensor [K] with a graph to `logits`
    [K, E * B, C] of K replicas. The sum is differentiated, so replicas must not mix. With
    ``uses = "risks"`` the first argument is the risk of each domain [K, E] instead, which is faster
    for linear models and small perceptrons.

    batch.risks() [K, E], batch.losses() [K, E * B], batch.y [K or 1, E, B], batch.x, batch.group,
    batch.weight, batch.features, batch.parameters [K, P], batch.step, batch.domains,
    batch.rows_per_domain.

    An instance has self.replicas, self.domains, self.steps, self.task, self.groups, self.outputs and
    its options.
    """

    needs = ()            #: what it sees: "domain_labels", "group_labels"
    uses = "logits"       #: or "risks"
    second_order = False  #: whether the loss contains gradients
    state = ()            #: names of attributes (tensors) that change between steps
    reference = "-"       #: paper or formula

    def start(self):
        """Called once the options are set."""

    def objective(self, logits, batch):
        raise NotImplementedError


def _instance(cls, fields):
    def make(each, facts):
        one = cls()
        for name, value in facts.items():
            setattr(one, name, value)
        for name, described in fields.items():
            values = [table[name] for table in each]
            number = described["type"] == "number"
            setattr(one, name, torch.tensor(values, dtype=torch.float32) if number else values[0])
        one.start()
        return one
    return make


def register(cls, name=None):
    """Adds a `Method` class, under its name in lower_snake_case; also a decorator.

    What made a trial is recorded with a hash of the file that holds the class.
    """
    if torch is None or not _core.has_torch():
        raise ImportError("methods in Python need torch, the one with spurion's LibTorch "
                          "(Debian: python3-torch)")
    own = name or "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).strip("_")
    fields = {key: value.described(key) for base in reversed(cls.__mro__)
              for key, value in vars(base).items() if isinstance(value, option)}
    summary = (inspect.getdoc(cls) or own).strip().splitlines()[0]
    _catalog.add_method({"name": own, "summary": summary, "reference": cls.reference,
                         "make": _instance(cls, fields), "needs": list(cls.needs),
                         "uses": cls.uses, "second_order": cls.second_order,
                         "state": list(cls.state), "options": list(fields.values()),
                         "hash": _hash_of(cls)})
    return cls


def _hash_of(cls):
    """Of the whole file, since a class may use what stands beside it."""
    try:
        text = Path(inspect.getfile(cls)).read_bytes()
    except (OSError, TypeError):  # typed in: the class has no file
        parts = [(k, getattr(v, "__code__", None)) for k, v in sorted(vars(cls).items())]
        text = repr([(k, code.co_code, code.co_consts, code.co_names) if code else k
                     for k, code in parts]).encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()
