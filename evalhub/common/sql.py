"""Values in SQL that is written by hand, as the ORM would hand them to the database in use."""

import uuid
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, UUIDField

_IDS, _MOMENTS = UUIDField(), DateTimeField()


def sql_value(value: Any) -> Any:
    """A parameter: SQLite has no type for ids, and moments in a form of Django's. Everything else is handed over as it is."""
    if isinstance(value, uuid.UUID):
        return _IDS.get_db_prep_value(value, connection)
    return _MOMENTS.get_db_prep_value(value, connection) if isinstance(value, datetime) else value
