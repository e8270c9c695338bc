"""Mesa's own page over the quickstart: ``pip install "spreadgame[viz]"``, then ``solara run docs/mesa_page.py``.

Mesa steps the model in one thread and draws in another, so what is drawn is copied from a list that only grows.
"""

from pathlib import Path

import solara
from matplotlib.figure import Figure
from mesa.visualization import Slider, SolaraViz
from solara.server import settings

import spreadgame as sg

settings.telemetry.mixpanel_enable = False  # Solara reports its use to a third party otherwise, and a first start too:
settings.main.mode = "production"
QUICKSTART = Path(__file__).resolve().parent.parent / "scenarios" / "quickstart.toml"


class Market(sg.Market):
    """The quickstart, which notes mid, value and spread after each step."""

    def __init__(self, share: float = 0.2, seed: int = 1) -> None:
        super().__init__(QUICKSTART, seed, {"informed.arrivals.share": share})
        self.seen: list[tuple[float, ...]] = []

    def step(self) -> None:
        """One step, noted."""
        super().step()
        self.seen.append((self.now, self.mid(), self.value(), self.spread()))


def chart(*columns: tuple[str, int]):
    """A component that draws columns of what the market noted."""

    def draw(model: Market):
        figure, seen = Figure(figsize=(6, 4)), list(zip(*model.seen.copy(), strict=True))
        axes = figure.subplots()
        for name, column in columns if seen else ():
            axes.plot(seen[0], seen[column], label=name)
            axes.legend()
        axes.set(xlabel="step", title=" and ".join(name for name, _ in columns))
        return solara.FigureMatplotlib(figure, format="png")

    return draw


page = SolaraViz(
    Market(),
    components=[chart(("mid", 1), ("value", 2)), chart(("spread", 3))],
    model_params={"share": Slider("informed share", 0.2, 0.0, 1.0, 0.05), "seed": 1},
    render_interval=10,
    name="Quickstart",
)
