"""How often the answers of each day name each brand, kept by triggers on the mentions (docs/decisions/0027).

A mention is counted twice: under its platform and topic, and under none of them (`whole`), so that a page over all of them reads as few
rows as there are brands and days. `runs.batches.voice` is the only reader.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from evalhub.common.sql import sql_value
from evalhub.common.statistics import Sums
from runs.models import Mention
from runs.sums import NOBODY, Figure, Key, SumTable

TALLY = "runs_brand_tally"

TABLE = SumTable(
    name=TALLY,
    prefix="brand_tally_",
    version=1,
    source=Mention._meta.db_table,
    keys=[
        Key("project_id", "uuid", "{row}project_id"),
        Key("demo", "bool", "{row}demo"),
        Key("whole", "bool", "FALSE"),
        Key("platform", "text", "{row}platform"),
        Key("topic_id", "uuid", "{row}topic_id"),
        Key("day", "day", "{row}day"),
        Key("brand_id", "uuid", "{row}brand_id"),
        Key("brand", "text", "{row}brand", indexed=False),
        Key("is_own", "bool", "{row}is_own", indexed=False),
    ],
    figures=[
        Figure("answers", "1"),
        Figure("mentions", "{row}count"),
        Figure("ranks", "{row}rank"),
        Figure("squares", "{row}rank * {row}rank"),
    ],
    counted="TRUE",
    places=("project_id", "demo", "platform", "topic_id", "day", "brand_id", "brand", "is_own", "count", "rank"),
    scopes=({}, {"whole": "TRUE", "platform": "''", "topic_id": "NULL"}),
)
KEPT = TABLE.kept


@dataclass(frozen=True, slots=True)
class Named:
    """A brand, by a name that answers have it under: how many answers name it, how often, and its ranks there."""

    brand: str
    is_own: bool
    answers: int
    mentions: int
    ranks: Sums


def brands(
    *,
    project_id: uuid.UUID,
    first: date,
    last: date,
    demo: bool,
    most: int,
    places: tuple[Sequence[str], Sequence[uuid.UUID | None]] | None = None,
) -> list[Named]:
    """The `most` brands that are named most often in a window of days. `places` are the platforms and topics; None for all. One query."""
    platforms, topics = places or (("",), (None,))
    if not (platforms and topics):
        return []
    where = f"platform IN ({_marks(platforms)}) AND topic_id IN ({_marks(topics)}) AND day BETWEEN %s AND %s"
    parameters = [project_id, demo, places is None, *platforms, *(topic or NOBODY for topic in topics), first, last]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT max(brand), max(CASE WHEN is_own THEN 1 ELSE 0 END), sum(answers), sum(mentions), sum(ranks), sum(squares)
                FROM {TALLY} WHERE project_id = %s AND demo = %s AND whole = %s AND {where}
                GROUP BY brand_id HAVING sum(answers) > 0
                ORDER BY sum(mentions) DESC, max(brand) LIMIT {int(most)}""",  # noqa: S608  names of this file only
            [sql_value(each) for each in parameters],
        )
        rows = cursor.fetchall()
    return [_named(*row) for row in rows]


def _named(brand: str, is_own: int, answers: int, mentions: int, ranks: int, squares: int) -> Named:
    return Named(brand, bool(is_own), int(answers), int(mentions), Sums(int(answers), int(ranks), int(squares)))


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
