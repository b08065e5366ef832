"""The geometry of every picture: numbers in, places in a box out, drawn by the templates in `charts/`. Plain Python, imports nothing.

All apps may use it. What a picture of runs shows is decided in runs.web.charts; colours and sizes of text are the stylesheet's.
"""

from evalhub.common.charts.bars import Bar, Bars, Part, bars, histogram, stacked
from evalhub.common.charts.frame import Chart, Sample
from evalhub.common.charts.heat import Heat, heat
from evalhub.common.charts.line import Line, line, sparkline
from evalhub.common.charts.radar import Radar, radar

__all__ = [
    "Bar",
    "Bars",
    "Chart",
    "Heat",
    "Line",
    "Part",
    "Radar",
    "Sample",
    "bars",
    "heat",
    "histogram",
    "line",
    "radar",
    "sparkline",
    "stacked",
]
