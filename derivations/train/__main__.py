"""``python -m derivations.train``: watch a network learn by hand-derived updates alone."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from derivations import catalogue
from derivations.train.curve import csv, plot, svg
from derivations.train.data import DATA
from derivations.train.descent import on, run

NETWORK = "relu_sigmoid_softmax_mlp"


@click.command()
@click.option("--data", "name", type=click.Choice(list(DATA)), default="moons", show_default=True, help="What to learn.")
@click.option("--steps", type=click.IntRange(1), help="How many updates, one sample each; the data know what suits them.")
@click.option("--lr", "rate", type=click.FloatRange(0, min_open=True), help="The learning rate η; the data know what suits them.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same run.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write the loss of every step.")
@click.option("--svg", "svg_file", type=click.Path(path_type=Path), help="Write the loss curve as a picture.")
def main(name: str, steps: int | None, rate: float | None, seed: int, csv_file: Path | None, svg_file: Path | None) -> None:
    """Gradient descent with the catalogue's gradients, derived by hand and proved; nothing differentiates while it runs."""
    console = Console(highlight=False)
    random = np.random.default_rng(seed)
    data = DATA[name](random)
    train, held_out = data.split(0.75)
    steps, rate = steps or data.steps, rate or data.rate
    descent = on(catalogue()[NETWORK], data)
    parameters, losses = descent.start(random), list[float]()
    widths = " → ".join(f"{descent.sizes[axis]} {axis}" for axis in ("in", "h1", "h2", "out"))
    console.print(f"[bold]{name}[/]: {widths}, η = {rate:g}, {len(train.inputs)} samples", soft_wrap=True)
    states = run(descent, parameters, train, rate, steps, random)
    for state in track(states, "descending", total=steps, console=console, transient=True):
        parameters, loss = state
        losses.append(loss)
    for row in plot(losses):
        console.print(row, style="green", markup=False)
    console.print(f"{'':7}  loss over {steps} steps", style="dim")
    learned, new = (f"{100 * descent.accuracy(parameters, part):.1f} %" for part in (train, held_out))
    console.print(f"accuracy [bold]{new}[/] on the samples held out, {learned} on those learned from")
    if csv_file:
        csv_file.write_text(csv(losses), encoding="utf-8")
    if svg_file:
        svg_file.write_text(svg(losses, f"Cross-entropy on {name}, by hand-derived updates"), encoding="utf-8")


if __name__ == "__main__":
    main()
