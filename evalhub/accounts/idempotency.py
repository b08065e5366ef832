"""The same request twice, done once: an answer is kept under its Idempotency-Key for a day and given again.

Record, work and answer are one transaction. So a crash leaves neither the work nor the record; a simultaneous twin waits (for the
record's unique index on PostgreSQL, for the database's one writer on SQLite) and then finds the answer. What is refused leaves no
record either: the corrected request may carry the same key.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from evalhub.accounts.models import IdempotencyRecord
from evalhub.accounts.services import ANSWERS_KEPT_FOR
from evalhub.common.problems import invalid

HEADER = "Idempotency-Key"
PLACE = f"header.{HEADER}"
_KEY = re.compile(r"[ -~]{1,255}")


def checked_key(sent: str | None) -> str:
    """The header's value, "" when there is no header. Raises a 422 Problem, for an empty one too: its sender counts on being protected."""
    if sent is None:
        return ""
    key = sent.strip()
    if not _KEY.fullmatch(key):
        message = f"The header {HEADER} must be 1 to 255 printable ASCII characters, such as a UUID."
        raise invalid(PLACE, message, value=key)
    return key


def fingerprint(body: Any) -> str:
    """SHA-256 of a JSON body, whatever the order of its keys and the space between them."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def answer_once(asked: IdempotencyRecord, handler: Callable[[], Response]) -> HttpResponseBase:
    """The handler's answer, or the one that an earlier request with this key got. `asked` is the record to be: not yet saved.

    Raises a 409 Problem when the key was used for another request, and what the handler raises.
    """
    with transaction.atomic():
        record = _claimed(asked)
        if record.pk != asked.pk:
            return _replayed(record, asked)
        response = handler()
        if response.status_code < 400:
            _keep(record, response)
        else:
            transaction.set_rollback(True)
    return response


def _claimed(asked: IdempotencyRecord) -> IdempotencyRecord:
    """The record under this key: the one given, now written, or one that was there before. Waits for a simultaneous twin."""
    holder = IdempotencyRecord.objects.filter(project=asked.project, holder=asked.holder, key=asked.key)
    while True:
        # The transaction's first statement: nothing is read before SQLite's write lock or the twin's commit is waited for.
        IdempotencyRecord.objects.bulk_create([asked], ignore_conflicts=True)
        record = holder.first()
        if record is not None and (record.pk == asked.pk or record.created_at > timezone.now() - ANSWERS_KEPT_FOR):
            return record
        if record is not None:  # from another day; None: just swept
            holder.filter(pk=record.pk).delete()


def _keep(record: IdempotencyRecord, response: Response) -> None:
    # Text, not a JSON column: PostgreSQL's would forget the order of the keys.
    record.status, record.answer = response.status_code, JSONRenderer().render(response.data).decode()
    record.location = response.get("Location", "")
    record.save(update_fields=["status", "answer", "location", "updated_at"])


def _replayed(record: IdempotencyRecord, asked: IdempotencyRecord) -> HttpResponse:
    if (record.method, record.path) != (asked.method, asked.path):
        raise _conflict(record, "it cannot be used for another request")
    if record.fingerprint != asked.fingerprint:
        raise _conflict(record, "it cannot be used for another body")
    response = HttpResponse(record.answer, status=record.status, content_type=JSONRenderer.media_type)
    response["Idempotent-Replayed"] = "true"
    if record.location:
        response["Location"] = record.location
    return response


def _conflict(record: IdempotencyRecord, reason: str) -> Exception:
    first = f"{record.method} {record.path} at {record.created_at:%Y-%m-%d %H:%M:%S} UTC"
    message = f"This {HEADER} was first used for {first}; {reason}. Send a new key."
    return invalid(PLACE, message, value=record.key, code="conflict", status=409)


def redirect_once(asked: IdempotencyRecord, view: Callable[[], HttpResponseBase]) -> tuple[HttpResponseBase | None, str]:
    """The same for a view that answers with a redirect once something is made: its answer, or None and where it led the first time.

    What it answers otherwise is kept by nobody: the form may be sent again.
    """
    with transaction.atomic():
        record = _claimed(asked)
        if record.pk != asked.pk:
            return None, record.location
        response = view()
        if response.status_code == 302:
            record.location = response["Location"]
            record.save(update_fields=["location", "updated_at"])
        else:
            record.delete()
    return response, ""


def address_once(asked: IdempotencyRecord, act: Callable[[], str]) -> str:
    """The same for a form of the pages: the address that `act` returned, now or when the same form was sent before.

    A form that is sent twice has the same key, so `asked.key` must hang on all of its content. Raises what `act` raises, and keeps nothing
    then.
    """
    with transaction.atomic():
        record = _claimed(asked)
        if record.pk == asked.pk:
            record.location = act()
            record.save(update_fields=["location", "updated_at"])
    return record.location
