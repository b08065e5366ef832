"""What people type becomes words to look for, and the newest runs with those words. Any text searches and none is an error."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from evalhub.common.sql import sql_value
from runs.listed.names import TABLE, TEXTS
from runs.listed.postgres import PUNCTUATION

MOST_PHRASES = 12
_CHUNK = re.compile(r'"([^"]*)"|(\S+)')
_SIGNS_TO_SPACES = dict.fromkeys(map(ord, PUNCTUATION), " ")


def phrases(text: str) -> list[str]:
    """What must be found, all of it: each word, and words in double quotes in a row. Signs between words only part them."""
    chunks = [quoted or plain for quoted, plain in _CHUNK.findall(text.replace("\x00", " "))]
    spaced = [" ".join(chunk.translate(_SIGNS_TO_SPACES).split()) for chunk in chunks]
    return [phrase for phrase in spaced if any(map(str.isalnum, phrase))][:MOST_PHRASES]


def matches(*, project_id: uuid.UUID, wanted: Sequence[str], below: int | None, size: int) -> list[int]:
    """Ids of the list's rows in which all phrases are found, newest first, at most `size` from those below `below` on. One query.

    Costs what it returns, however many rows have the words: both indexes are walked from their new end.
    """
    if not wanted:
        return []
    sql, parameters, key = (_postgres if connection.vendor == "postgresql" else _sqlite)(project_id, wanted)
    if below is not None:
        sql, parameters = f"{sql} AND {key} < %s", [*parameters, below]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY {key} DESC LIMIT %s", [*parameters, size])
        return [found for (found,) in cursor.fetchall()]


def _sqlite(project_id: uuid.UUID, wanted: Sequence[str]) -> tuple[str, list[Any], str]:
    """Every phrase in double quotes, in which FTS5 knows no operators; the marks themselves are gone with the other signs."""
    words = " AND ".join(f'"{phrase}"' for phrase in wanted)
    match = f'project : "{project_id.hex}" AND {{agent persona said}} : ({words})'
    return f"SELECT rowid FROM {TEXTS} WHERE {TEXTS} MATCH %s", [match], "rowid"


def _postgres(project_id: uuid.UUID, wanted: Sequence[str]) -> tuple[str, list[Any], str]:
    query = " && ".join(["phraseto_tsquery('simple', %s)"] * len(wanted))
    project = sql_value(project_id)
    return f"SELECT id FROM {TABLE} WHERE project_id = %s AND words @@ ({query})", [project, *wanted], "id"
