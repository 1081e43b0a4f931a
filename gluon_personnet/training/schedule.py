"""How the learning rate changes over a run: GluonCV's schedules, the paper's plateau rule, JointRe-id's decay."""

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.network.gluoncv_parts import gluoncv_module


class Plateau:
    """Divide the rate when validation has stopped improving (section V).

    Parameters
    ----------
    base_lr : float
    factor : float in (0, 1)
        0.1 in the paper.
    patience : int
        Validations without improvement before the rate falls; the paper gives none.
    """

    def __init__(self, base_lr, factor, patience):
        self._factor, self._patience = factor, patience
        self.state = {"lr": base_lr, "best": -1.0, "waited": 0}

    def rate(self, step):
        """Learning rate at any step until the next validation."""
        return self.state["lr"]

    def validated(self, score):
        """Take note of a validation's score; more is better."""
        if score > self.state["best"]:
            self.state.update(best=score, waited=0)
            return
        self.state["waited"] += 1
        if self.state["waited"] >= self._patience:
            self.state.update(lr=self.state["lr"] * self._factor, waited=0)


class Planned:
    """A schedule that is a function of the step: GluonCV's ``LRScheduler`` after a linear warm-up.

    Parameters
    ----------
    mode : {'constant', 'linear', 'cosine', 'step'}
    base_lr : float
    steps : int
        Length of the run.
    warmup : float in [0, 1)
        Share of the steps in which the rate rises from 0.
    final : float
        Rate at the end as a share of `base_lr` (linear and cosine).
    at : list of float
        Shares of the run after which the rate is multiplied by `factor` (step).
    factor : float
    """

    state = {}

    def __init__(self, mode, base_lr, steps, warmup=0.0, final=0.0, at=(), factor=0.1):
        gluoncv = gluoncv_module("utils.lr_scheduler")
        rising = int(warmup * steps)
        if rising == 1:  # it would be at the full rate
            rising = 0
        main = gluoncv.LRScheduler(
            mode,
            base_lr=base_lr,
            target_lr=base_lr * final,
            niters=max(2, steps - rising),  # with 1, GluonCV divides by zero
            step_iter=[int(share * steps) - rising for share in at],
            step_factor=factor,
        )
        if rising:
            rise = gluoncv.LRScheduler("linear", base_lr=base_lr / rising, target_lr=base_lr, niters=rising)
            main = gluoncv.LRSequential([rise, main])
        self._rate = main

    def rate(self, step):
        """Learning rate of that step."""
        return float(self._rate(step))

    def validated(self, score):
        """Nothing: the rate is planned."""


class Inverse:
    """``base_lr (1 + gamma step) ** -power``, as in Caffe: the schedule of JointRe-id.

    Parameters
    ----------
    base_lr : float
    gamma, power : float in [0, 1)
    """

    state = {}

    def __init__(self, base_lr, gamma, power):
        self._base_lr, self._gamma, self._power = base_lr, gamma, power

    def rate(self, step):
        """Learning rate of that step."""
        return self._base_lr * (1 + self._gamma * step) ** -self._power

    def validated(self, score):
        """Nothing: the rate is planned."""


_OPTIONS = {
    "constant": {"warmup": 0.0},
    "linear": {"warmup": 0.0, "final": 0.0},
    "cosine": {"warmup": 0.0, "final": 0.0},
    "step": {"warmup": 0.0, "at": [0.5, 0.75], "factor": 0.1},
    "plateau": {"factor": 0.1, "patience": 3},
    "inverse": {"gamma": 1e-4, "power": 0.75},
}


def make_schedule(section, base_lr, steps):
    """The schedule of a recipe's section for a run of that many steps.

    Returns
    -------
    object
        With ``rate(step)``, ``validated(score)`` and a JSON-able ``state``.

    Raises
    ------
    RecipeError
        Unknown schedule or option, or an option out of range.
    """
    if section.name not in _OPTIONS:
        raise RecipeError(f"schedule.name: found {section.name!r}{did_you_mean(section.name, _OPTIONS)}")
    options = dict(_OPTIONS[section.name])
    for key, value in section.options.items():
        if key not in options:
            raise RecipeError(f"schedule.options.{key}: unknown for {section.name!r}{did_you_mean(key, options)}")
        _check_option(key, value)
        options[key] = value
    if section.name == "plateau":
        return Plateau(base_lr, **options)
    if section.name == "inverse":
        return Inverse(base_lr, **options)
    return Planned(section.name, base_lr, steps, **options)


def _check_option(key, value):
    if key == "at":
        right = isinstance(value, list) and all(isinstance(share, float) and 0 < share < 1 for share in value)
        right = right and value == sorted(value)
    elif key == "patience":
        right = type(value) is int and value > 0
    else:
        right = type(value) in (int, float) and 0 <= value < 1
    if not right:
        wanted = {"at": "rising shares of the run such as [0.5, 0.75]", "patience": "a whole number above 0"}
        raise RecipeError(f"schedule.options.{key}: found {value!r}; right: {wanted.get(key, 'a number in [0, 1)')}")
