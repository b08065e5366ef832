"""Pictures as markup: each is named, described and told again in a table, and nothing of it needs a style or is taken for markup."""

from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string

from evalhub.common.charts import Bar, Chart, Part, Sample, bars, heat, histogram, line, radar, sparkline, stacked

HOSTILE = '<script>alert("x")</script>'
SAMPLES = [Sample("1 Nov", 70, 60, 80, note="n 4"), Sample("2 Nov", None), Sample(HOSTILE, 80.5, 75, 86)]
PARTS = [Part("completed", 8, "8", "completed"), Part(HOSTILE, 2, "2", "failed")]
CHARTS: dict[str, Chart] = {
    "line": line(key="a", title=HOSTILE, samples=SAMPLES),
    "sparkline": sparkline(key="b", title=HOSTILE, samples=SAMPLES),
    "radar": radar(key="c", title=HOSTILE, samples=SAMPLES),
    "bars": bars(key="d", title=HOSTILE, rows=[Bar(HOSTILE, "10", PARTS)]),
    "stacked": stacked(key="e", title=HOSTILE, parts=PARTS),
    "histogram": histogram(key="f", title=HOSTILE, values=[10, 20, 100]),
    "heat": heat(key="g", title=HOSTILE, down=[HOSTILE], across=["Quality"], cells={(0, 0): Sample(HOSTILE, 80)}),
}
LINE = """
<svg role="img" viewBox="0 0 360 150" aria-labelledby="k-title" aria-describedby="k-desc">
<title id="k-title">Quality by day</title>
<desc id="k-desc">3 of 4 have a value. First 70, last 90, lowest 70, highest 90.</desc>
<g class="chart-grid">
<path d="M30 128H352"/>
<text x="30" dx="-6" y="128" dy="4" text-anchor="end">60</text>
<path d="M30 98H352"/>
<text x="30" dx="-6" y="98" dy="4" text-anchor="end">70</text>
<path d="M30 68H352"/>
<text x="30" dx="-6" y="68" dy="4" text-anchor="end">80</text>
<path d="M30 38H352"/>
<text x="30" dx="-6" y="38" dy="4" text-anchor="end">90</text>
<path d="M30 8H352"/>
<text x="30" dx="-6" y="8" dy="4" text-anchor="end">100</text>
<text x="36" y="145" text-anchor="start">1 Nov</text>
<text x="139.33" y="145" text-anchor="middle">2 Nov</text>
<text x="242.67" y="145" text-anchor="middle">3 Nov</text>
<text x="346" y="145" text-anchor="end">4 Nov</text>
</g>
<polygon class="chart-band" points="36,68 139.33,53 139.33,83 36,128"/>
<path class="chart-gap" d="M139.33 68L346 38"/>
<path class="chart-path" d="M36 98L139.33 68"/>
<g class="chart-dot">
<circle cx="36" cy="98" r="2.5">
<title>1 Nov: 70 (60 to 80), n 4</title>
</circle>
</g>
<g class="chart-dot">
<circle cx="139.33" cy="68" r="2.5">
<title>2 Nov: 80 (75 to 85), n 9</title>
</circle>
</g>
<g class="chart-dot">
<path class="chart-whisker" d="M346 8V68"/>
<circle cx="346" cy="38" r="2.5">
<title>4 Nov: 90 (80 to 100)</title>
</circle>
</g>
</svg>"""


def drawn(name: str, **also: object) -> str:
    return render_to_string(f"charts/{name}.html", {"chart": CHARTS[name], **also})


@pytest.mark.parametrize("name", CHARTS)
def test_a_picture_is_named_described_and_told_in_a_table(name: str) -> None:
    figure = ElementTree.fromstring(drawn(name))  # so every element is closed, and every attribute quoted
    svg = next(element for element in figure.iter("svg"))
    words = {element.get("id"): element.text for element in svg if element.tag in ("title", "desc")}
    assert words[svg.get("aria-labelledby")] == HOSTILE
    assert words[svg.get("aria-describedby")]
    assert figure.find("details[@class='chart-table']//table") is not None


@pytest.mark.parametrize("name", CHARTS)
def test_words_from_outside_are_never_markup_and_nothing_needs_a_style(name: str) -> None:
    assert "<script" not in drawn(name)
    assert "style=" not in drawn(name)


def test_a_sparkline_in_a_row_of_a_table_is_the_drawing_alone() -> None:
    assert ElementTree.fromstring(drawn("sparkline", bare=True).strip()).tag == "svg"


def test_a_line_is_drawn_like_this() -> None:
    days = [
        Sample("1 Nov", 70, 60, 80, note="n 4"),
        Sample("2 Nov", 80, 75, 85, note="n 9"),
        Sample("3 Nov", None),
        Sample("4 Nov", 90, 80, 100),
    ]
    html = render_to_string("charts/line.html", {"chart": line(key="k", title="Quality by day", samples=days)})
    svg = html[html.index("<svg") : html.index("</svg>") + 6]
    assert svg.replace("\n", "").replace(">", ">\n").replace("<", "\n<").split() == LINE.replace(">", ">\n").replace("<", "\n<").split()
