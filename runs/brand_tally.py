"""How often the answers of each day name each brand, kept by triggers on the mentions (docs/decisions/0027).

A mention is counted four times: under its platform and topic, under one of the two, and under neither, so that whatever a page is filtered
by it reads as few rows as there are brands and days. `scope` says which. `runs.batches.voice` is the only reader.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from django.db import connection

from evalhub.common.sql import sql_value
from evalhub.common.statistics import Sums
from runs.models import Mention
from runs.sums import NOBODY, Figure, Key, SumTable

TALLY = "runs_brand_tally"

TABLE = SumTable(
    name=TALLY,
    prefix="brand_tally_",
    version=2,
    source=Mention._meta.db_table,
    keys=[
        Key("project_id", "uuid", "{row}project_id"),
        Key("demo", "bool", "{row}demo"),
        Key("scope", "text", "'both'"),
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
    scopes=(
        {},
        {"scope": "'platform'", "topic_id": "NULL"},
        {"scope": "'topic'", "platform": "''"},
        {"scope": "'all'", "platform": "''", "topic_id": "NULL"},
    ),
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
    *, project_id: uuid.UUID, first: date, last: date, demo: bool, most: int, platform: str = "", topic_id: uuid.UUID | None = None
) -> list[Named]:
    """The `most` brands that are named most often in a window of days, of a platform or topic where one is named. One query."""
    scope = ("both" if topic_id else "platform") if platform else ("topic" if topic_id else "all")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT max(brand), max(CASE WHEN is_own THEN 1 ELSE 0 END), sum(answers), sum(mentions), sum(ranks), sum(squares)
                FROM {TALLY} WHERE project_id = %s AND demo = %s AND scope = %s AND platform = %s AND topic_id = %s
                AND day BETWEEN %s AND %s
                GROUP BY brand_id HAVING sum(answers) > 0
                ORDER BY sum(mentions) DESC, max(brand) LIMIT {int(most)}""",  # noqa: S608  names of this file only
            [sql_value(each) for each in (project_id, demo, scope, platform, topic_id or NOBODY, first, last)],
        )
        rows = cursor.fetchall()
    return [_named(*row) for row in rows]


def _named(brand: str, is_own: int, answers: int, mentions: int, ranks: int, squares: int) -> Named:
    return Named(brand, bool(is_own), int(answers), int(mentions), Sums(int(answers), int(ranks), int(squares)))
