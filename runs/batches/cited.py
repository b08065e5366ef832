"""Which sites answers cite. Sites are too many to be added up by day: there are nearly as many as citations. So the newest are counted."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from evalhub.common.sql import sql_value
from runs.models import Citation

MOST_CITATIONS, MOST_DOMAINS = 5_000, 30


@dataclass(frozen=True, slots=True)
class Cited:
    """A domain: how many answers cite it, and how many of its pages all together."""

    domain: str
    is_own: bool
    answers: int
    citations: int


@dataclass(frozen=True, slots=True)
class Sites:
    """The domains that most answers cite, of so many citations. `is_cut`: there may be older ones in the window, which are not counted."""

    domains: Sequence[Cited] = field(default=())
    citations: int = 0

    @property
    def is_cut(self) -> bool:
        return self.citations >= MOST_CITATIONS


def sites(*, project_id: uuid.UUID, first: date, last: date, demo: bool, platform: str = "", topic_id: uuid.UUID | None = None) -> Sites:
    """Of the MOST_CITATIONS newest citations in a window of days; of all platforms and topics, where none is named. One query."""
    where, given = "project_id = %s AND demo = %s AND day BETWEEN %s AND %s", [sql_value(project_id), demo, first, last]
    if platform:
        where, given = f"{where} AND platform = %s", [*given, platform]
    if topic_id:
        where, given = f"{where} AND topic_id = %s", [*given, sql_value(topic_id)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH newest AS (SELECT domain, is_own, run_id FROM {Citation._meta.db_table} WHERE {where}
                    ORDER BY day DESC, id DESC LIMIT {MOST_CITATIONS})
                SELECT domain, is_own, count(DISTINCT run_id) AS answers, count(*) AS pages, sum(count(*)) OVER () AS every
                FROM newest GROUP BY domain, is_own ORDER BY answers DESC, pages DESC, domain LIMIT {MOST_DOMAINS}""",  # noqa: S608  ours
            given,
        )
        rows = cursor.fetchall()
    domains = [Cited(domain, bool(is_own), answers, pages) for domain, is_own, answers, pages, _ in rows]
    return Sites(domains, int(rows[0][-1]) if rows else 0)
