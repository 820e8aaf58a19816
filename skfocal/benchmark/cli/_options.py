"""The options of the commands: their types and what the help says of them."""

from pathlib import Path
from typing import Annotated

import typer

Jobs = Annotated[int, typer.Option(help="Cells computed at once; -1 is one per core.")]
Methods = Annotated[
    str | None, typer.Option(help="Comma-separated names; default: the usual ones of the task.")
]
TimeLimit = Annotated[
    float | None, typer.Option(help="Seconds after which nothing new begins.", min=0.001)
]
Seed = Annotated[int, typer.Option(help="Seed of folds and methods.", min=0)]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the outcome and nothing else.")]

Table = Annotated[
    Path, typer.Argument(help="A CSV (also compressed) or Parquet file.", show_default=False)
]
Target = Annotated[
    str | None,
    typer.Option(help="Column of the class, or its position (from 0) where there is no header."),
]
Targets = Annotated[
    str | None,
    typer.Option(help="Comma-separated columns of two classes each: the labels of rows."),
]
Positive = Annotated[str | None, typer.Option(help="The positive label; default: the rarer one.")]
Groups = Annotated[
    str | None,
    typer.Option(help="Column of what rows belong to, such as a customer; none straddles a fold."),
]
TimeColumn = Annotated[
    str | None,
    typer.Option("--time", help="Column of dates or numbers: train on the past, test on the rest."),
]
Drop = Annotated[str | None, typer.Option(help="Comma-separated columns to leave out.")]
Categorical = Annotated[
    str | None, typer.Option(help="Comma-separated columns of names that look like numbers.")
]
Preset = Annotated[
    str,
    typer.Option(
        help="fast (linear models, resampling, ensembles), standard (focal boosting and networks "
        "too) or thorough (all arms, more folds and settings)."
    ),
]
MaxRows = Annotated[int | None, typer.Option(help="Rows at most, by a stratified sample.", min=2)]
CompareOut = Annotated[
    Path | None,
    typer.Option(
        help="Folder; default: benchmark-results/TABLE-TARGET, a letter code added where "
        "options change what is compared."
    ),
]
SaveModel = Annotated[
    Path | None,
    typer.Option(
        help="File (.skops) for the winner, fitted to all rows; skfocal predict takes it."
    ),
]
Method = Annotated[str | None, typer.Option(help="The method to save instead of the winner.")]
ModelFile = Annotated[
    Path, typer.Argument(help="A file of skfocal compare --save-model.", show_default=False)
]
NewTable = Annotated[
    Path, typer.Argument(help="The rows, a CSV or Parquet file of any size.", show_default=False)
]
PredictOut = Annotated[
    Path | None, typer.Option(help="File to write; default: TABLE-predictions.csv.")
]
Keep = Annotated[
    str | None, typer.Option(help="Comma-separated columns to copy, such as an identifier.")
]
Costs = Annotated[
    str | None,
    typer.Option(help="What errors cost, fn=50,fp=1 (also tp, tn): answer by cost per 1,000 rows."),
]
AtLeast = Annotated[
    str | None,
    typer.Option(help="recall=0.9 or precision=0.5: answer by what is left of the other."),
]
