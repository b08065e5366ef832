"""The run of the fan-out benchmark, written in a process of its own: `begin` makes it and who may watch, `write` emits its events.

Each prints JSON, `write` also the CPU it took. A message and its event are one transaction through the log, as a worker commits them.
"""

import argparse
import json
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

from evalhub.cli.installation import django_start, prepare

AHEAD = timedelta(hours=1)  # the lease: nobody else is to take the run
SAID = "Rinse the lentils, cover them with twice as much water, and let them simmer for twenty minutes without salt."


def begin() -> dict[str, str]:
    """A run that some worker drives; a key and a person's session to watch it with."""
    prepare()
    from django.utils import timezone

    from evalhub.accounts.models import Project
    from evalhub.accounts.services import api_key_create, owner_ensure
    from runs.services import Kind, RunRequest, run_create

    project = Project.objects.get()
    request = RunRequest(agent=project.agents.get(), sessions=[{"name": "One", "turns": [{"user_message": "Hi"}]}])
    run = run_create(project=project, kind=Kind.SIMULATE, request=request)
    now = timezone.now()
    run.status, run.started_at, run.lease_token, run.lease_expires_at = "running", now, uuid.uuid4(), now + AHEAD
    run.save()
    return {
        "run": str(run.id),
        "key": api_key_create(project=project, name="benchmark")[1],
        "session": _session(owner_ensure(project=project)),
    }


def _session(person: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return str(session.session_key)


def write(run_id: str, rate: float, seconds: float) -> dict[int, float]:
    """The number of each event, and the moment at which its commit began; the last one is the end of the run."""
    written: dict[int, float] = {}
    count, started = int(rate * seconds), time.monotonic()
    for index in range(count):
        time.sleep(max(started + index / rate - time.monotonic(), 0))
        written |= _turn(run_id, index)
    time.sleep(1 / rate)
    return written | _end(run_id)


def _turn(run_id: str, index: int) -> dict[int, float]:
    from django.db import transaction

    from runs.events import log
    from runs.events.types import TurnCompleted
    from runs.models import EvalRun, Message

    role = "user" if index % 2 == 0 else "assistant"
    with transaction.atomic():
        run = EvalRun.objects.select_for_update().get(pk=run_id)
        Message.objects.create(run=run, index=index, turn_index=index // 2, role=role, content=SAID)
        run.total_turns, run.total_sessions = index // 2 + 1, 1
        run.save(update_fields=["total_turns", "total_sessions"])
        log.append(run, [TurnCompleted(index=index, turn_index=index // 2, role=role, content=SAID)])
        return {run.next_seq - 1: time.time()}


def _end(run_id: str) -> dict[int, float]:
    from django.db import transaction

    from runs.events import log
    from runs.events.types import FinalStatus
    from runs.models import EvalRun

    with transaction.atomic():
        run = EvalRun.objects.select_for_update().get(pk=run_id)
        run.status = "completed"
        run.save(update_fields=["status"])
        log.append(run, [FinalStatus(status=run.status)])
        return {run.next_seq - 1: time.time()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="")
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    django_start()
    cpu = time.process_time()
    written = write(given.run, given.rate, given.seconds) if given.run else {}
    json.dump({"written": written, "cpu_s": time.process_time() - cpu} if given.run else begin(), sys.stdout)
