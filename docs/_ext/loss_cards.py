"""Write one page for each registered loss, from the registry, the docstrings and a file of advice.

The pages, ``losses/<name>.md``, are made anew with every build. What a registry cannot know,
when a loss helps and when it loses, stands in ``loss_advice.toml``; a loss without an entry there
fails the build.
"""

import inspect
import tomllib
from pathlib import Path

import numpy as np

from skfocal.losses import MarginLoss, get_loss, list_losses

HERE = Path(__file__).parent
CARD = """# {title}

{summary}

{traits}

::::{{grid}} 1 2 2 2
:::{{grid-item}}
**When it helps.** {helps}
:::
:::{{grid-item}}
**When it loses.** {loses}
:::
::::

```{{eval-rst}}
.. plot::

   import matplotlib.pyplot as plt
   import numpy as np
   from skfocal.inspection import LossDisplay
   from skfocal.losses import get_loss

   counts = np.array([900.0, 100.0])
   losses = [get_loss(name).bind(counts) for name in {drawn}]
   figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
   LossDisplay.from_losses(losses, ax=axes[0])
   LossDisplay.from_losses(losses, quantity="derivative", ax=axes[1])
   axes[0].set(title="Value", ylim=(0, 4))
   axes[1].set(title="Derivative: how hard a row pulls")
```

Drawn for the rarer of two classes, 100 rows of 1,000, at the default parameters.

## Use

```pycon
>>> from skfocal import FocalLogisticRegression
>>> model = FocalLogisticRegression(loss="{name}")

```

{note}

## Reference

```{{eval-rst}}
.. autoclass:: skfocal.losses.{cls}
   :no-members:
```
"""


def write_cards(app, config):
    """Write the pages before Sphinx looks for them."""
    advice = tomllib.loads((HERE / "loss_advice.toml").read_text(encoding="utf-8"))
    folder = Path(app.srcdir) / "losses"
    folder.mkdir(exist_ok=True)
    for name in list_losses():
        write_if_new(folder / f"{name}.md", card(get_loss(name), advice[name]))
    names = "\n".join(list_losses())
    index = (HERE / "losses.md").read_text(encoding="utf-8").replace("$NAMES", names)
    write_if_new(folder / "index.md", index.replace("$TABLE", table(advice)))


def write_if_new(path: Path, text: str):
    """Leave a page alone that would not change: Sphinx would read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def card(loss: MarginLoss, advice: dict) -> str:
    """Return the page of a loss."""
    drawn = ["cross_entropy"] if loss.name == "cross_entropy" else ["cross_entropy", loss.name]
    note = (
        ""
        if not loss.weighs_batch
        else (
            "The curves are those of cross-entropy: what differs is the weight that a row gets in "
            "its batch. The linear model has no fixed sum to minimise then: take a network."
        )
    )
    if note:
        text = CARD.replace("FocalLogisticRegression", "FocalMLPClassifier")
    else:
        text = CARD
    return text.format(
        title=advice["title"],
        summary=summary(loss),
        traits=traits(loss),
        helps=advice["helps"],
        loses=advice["loses"],
        drawn=drawn,
        name=loss.name,
        cls=type(loss).__name__,
        note=note,
    )


def summary(loss: MarginLoss) -> str:
    """Return the first line of the docstring."""
    return inspect.getdoc(type(loss)).split("\n\n")[0].replace("\n", " ")


def traits(loss: MarginLoss) -> str:
    """Return what holds for a loss, as a table."""
    bound = loss.bind(np.array([900.0, 100.0]))
    found = bound.traits
    settings = ", ".join(f"`{key}={value!r}`" for key, value in loss.get_params().items())
    rows = {
        "`loss=`": f'`"{loss.name}"`',
        "parameters": settings or "none",
        "tasks": ", ".join(
            task for task in ("binary", "multilabel", "multiclass") if task in loss.tasks
        ),
        "convex in the score": answer(found.convex),
        "proper: sigmoid(score) is a probability": answer(found.proper),
        "the true probability can be recovered": answer(found.invertible),
        "all classes share one function": answer(found.symmetric),
    }
    return "| at the defaults | |\n|---|---|\n" + "\n".join(
        f"| {key} | {value} |" for key, value in rows.items()
    )


def table(advice: dict) -> str:
    """Return the table of all losses."""
    lines = ["| `loss=` | | convex | proper | posterior |", "|---|---|---|---|---|"]
    for name in list_losses():
        loss = get_loss(name).bind(np.array([900.0, 100.0]))
        found = loss.traits
        cells = (answer(found.convex), answer(found.proper), answer(found.invertible))
        lines.append(f"| [`{name}`]({name}.md) | {summary(loss)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def answer(yes: bool) -> str:
    """Return yes or no."""
    return "yes" if yes else "no"


def setup(app):
    """Connect to the build."""
    app.connect("config-inited", write_cards)
    return {"parallel_read_safe": True}
