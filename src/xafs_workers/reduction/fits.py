"""Fits of lmfit's models to line scans; lmfit takes more than a second to load, so it is imported late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xafs_workers.scans.estimates import find_half_height

Array = np.ndarray[Any, np.dtype[np.float64]]

MODE_GRID = 401
"""Number of points among which the largest value of a fitted peak is looked for, before it is refined."""


def fit_signal(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fit a model to a signal; return `parameters`, `best_fit` and for a peak its `mode`, or the `problem`.

    Parameters
    ----------
    asked
        `shape`, and the arrays `x` and `y`, shape (n,), finite.
    """
    x, y = np.asarray(asked["x"], dtype=np.float64), np.asarray(asked["y"], dtype=np.float64)
    model, start = _BUILDERS[asked["shape"]](x, y)
    try:
        result = model.fit(y, start, x=x)
    except (TypeError, ValueError, RuntimeError, FloatingPointError) as error:
        return {"problem": f"{type(error).__name__}: {error}"}
    # Without noise lmfit ends at its limit of precision or evaluations, with good parameters: `scans.fits` judges them.
    if not np.isfinite(result.best_fit).all():
        return {"problem": f"lmfit did not converge: {result.message}"}
    names = [name for name, parameter in result.params.items() if parameter.expr is None]
    values = {name: float(result.params[name].value) for name in names}
    found: dict[str, Any] = {"parameters": values, "best_fit": np.asarray(result.best_fit, dtype=np.float64)}
    return {**found, "mode": _find_mode(model, result.params, x)} if asked["shape"] == "peak" else found


def build_peak(x: Array, y: Array) -> tuple[Any, Any]:
    """Return the model of a skewed Gaussian and lmfit's own start values."""
    from lmfit.models import SkewedGaussianModel

    model = SkewedGaussianModel()
    return model, model.guess(y, x=x)


def build_step(x: Array, y: Array) -> tuple[Any, Any]:
    """Return the model of an error function and the start values of lmfit's `StepModel.guess`.

    They are computed here, as Larch replaces that method wherever it is loaded.
    """
    from lmfit.models import StepModel

    model = StepModel(form="erf")
    fifth = len(y) // 5
    sign = -1.0 if y[:fifth].mean() > y[-fifth:].mean() else 1.0
    center, sigma = (x.max() + x.min()) / 2.0, sign * 0.1 * (x.max() - x.min())
    return model, model.make_params(amplitude=y.max() - y.min(), center=center, sigma=sigma)


def build_rectangle(x: Array, y: Array) -> tuple[Any, Any]:
    """Return the model of a rectangle, with start values from the crossings of half height.

    Those of lmfit's own guess are fractions of the scan's ends, and lie outside of a scan that does not begin at 0.
    """
    from lmfit.models import RectangleModel

    model = RectangleModel(form="erf")
    width = {"value": 0.1 * (x.max() - x.min()), "min": 0.0}  # as `RectangleModel.guess`, which Larch replaces
    start = model.make_params(amplitude=1.0, center1=0.0, center2=0.0, sigma1=width, sigma2=width)
    sign = -1.0 if -y.min() > y.max() else 1.0
    left, right = find_half_height(x, sign * y)
    first, last = float(x.min()), float(x.max())
    start["amplitude"].set(value=sign * float((sign * y).max()))
    start["center1"].set(value=left if np.isfinite(left) else first)
    start["center2"].set(value=right if np.isfinite(right) else last)
    return model, start


_BUILDERS: Mapping[str, Callable[[Array, Array], tuple[Any, Any]]] = {
    "peak": build_peak,
    "step": build_step,
    "rectangle": build_rectangle,
}


def warm_up_fits(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Load lmfit and fit simulated data once; return its version."""
    import lmfit

    x = np.linspace(0.0, 10.0, 21)
    fit_signal({"shape": "peak", "x": x, "y": np.exp(-((x - 5.0) ** 2))})
    return {"version": lmfit.__version__}


def _find_mode(model: Any, parameters: Any, x: Array) -> float:
    """Find the position of a fitted peak's largest value, within the scanned range."""
    from scipy.optimize import minimize_scalar

    grid = np.linspace(x.min(), x.max(), MODE_GRID)
    best = int(np.argmax(model.eval(parameters, x=grid)))
    bounds = (grid[max(0, best - 1)], grid[min(MODE_GRID - 1, best + 1)])
    found = minimize_scalar(lambda at: -float(model.eval(parameters, x=np.array([at]))[0]), bounds=bounds)
    return float(found.x)
