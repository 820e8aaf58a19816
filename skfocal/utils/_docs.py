"""Tables in the documentation that are made from the code."""

from inspect import getdoc, signature

from skfocal.losses import list_losses
from skfocal.losses._registry import get_loss_class


def loss_table() -> str:
    """Return the registered losses as a Markdown table.

    Returns
    -------
    str
        Name, defaults, what the first sentence of the docstring says, and the traits of the
        loss at its defaults.
    """
    rows = ["| `loss=` | parameters | | convex | proper | posterior |", "|---|---|---|---|---|---|"]
    for name in list_losses():
        loss_class = get_loss_class(name)
        defaults = ", ".join(
            f"`{parameter.name}={parameter.default!r}`"
            for parameter in signature(loss_class).parameters.values()
        )
        summary = (getdoc(loss_class) or "").splitlines()[0]
        traits = loss_class().traits
        marks = " | ".join(
            "yes" if holds else "no" for holds in (traits.convex, traits.proper, traits.invertible)
        )
        rows.append(f"| `{name}` | {defaults} | {summary} | {marks} |")
    return "\n".join(rows)
