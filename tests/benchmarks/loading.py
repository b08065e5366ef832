"""Fills an empty database with finished runs, and says how to ask for them.

The engine plays a few runs of each agent on the demo models, so that every column has the shape and the size it has in life; then they are
copied in SQL until there are enough. Runs in a process of its own, since a process has one database:
`python -m tests.benchmarks.loading --runs 1000`, with EVALHUB_DATA_DIR or DATABASE_URL set, prints a `Loaded` as JSON.
"""

import argparse
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from evalhub.cli.installation import django_start, prepare

if TYPE_CHECKING:  # models can be imported once Django is set up
    from django.db.models import Model

    from agents.models import Agent
    from evalhub.accounts.models import Project
    from templates_app.models import EvalTemplate

AGENTS = 4
SHAPES = ((1, 3), (1, 4), (2, 2), (1, 5), (2, 3), (3, 2))  # sessions, turns of each: 6 to 12 messages
SPAN = timedelta(days=180)
NEIGHBOURS = 0.1  # runs of another project among ours
CHUNK = 2_000
FAILED_EVERY, SCORED_EVERY = 97, 19
EVENTS = "AND r.seq < 5"  # no request of the benchmark reads more of a run's log


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a client needs: a key of the project, one of its agents, the quality template, a session; and how much there is."""

    token: str
    agent: str
    template: str
    runs: int
    runs_of_agent: int
    messages: int
    session: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A run to be: which one it is like, and when it was."""

    source: uuid.UUID
    at: datetime


def load(count: int) -> Loaded:
    """A project with `count` runs of four agents over half a year, and another project with a tenth as many in between."""
    from evalhub.accounts.models import Project

    prepare()
    ours, neighbour = (Project.objects.create(name=name) for name in ("bench", "neighbour"))
    _insert(sorted(_runs(ours, count) + _runs(neighbour, int(count * NEIGHBOURS)), key=lambda copy: copy.at))
    _vary(ours)
    _settle()
    return _loaded(ours)


def _vary(project: "Project") -> None:
    """Some failed, and scores of every kind: the copies are all alike."""
    from runs.listed.rows import Listed
    from runs.models import EvalRun

    ids = list(Listed.objects.filter(project_id=project.pk).order_by("id").values_list("run_id", flat=True))
    for number in range(0, len(ids), FAILED_EVERY):
        EvalRun.objects.filter(pk=ids[number]).update(status="failed", score=None, agent_name=f"Mara failing{number}")
    for number in range(1, len(ids), SCORED_EVERY):
        EvalRun.objects.filter(pk=ids[number]).update(score=number % 101)


def _session(project: "Project") -> str:
    """The key of a session in which an owner of the project is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    owner = User.objects.create_user("bench")
    owner.memberships.create(project=project)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(owner.pk), "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _loaded(project: "Project") -> Loaded:
    from evalhub.accounts.services import api_key_create
    from runs.models import EvalRun, Message

    runs = EvalRun.objects.of(project)
    agent = project.agents.order_by("name")[0]
    _, token = api_key_create(project=project, name="benchmark")
    messages = Message.objects.filter(run__project=project).count()
    return Loaded(
        token, str(agent.id), str(_template("quality").id), runs.count(), runs.filter(agent=agent).count(), messages, _session(project)
    )


def _template(kind: str) -> "EvalTemplate":
    from templates_app.models import EvalTemplate

    return EvalTemplate.objects.filter(project=None, template_type=kind).order_by("slug")[0]


def _runs(project: "Project", count: int) -> list[Copy]:
    """Play some of the project's runs; the rest is returned, to be made as copies of them."""
    from django.utils import timezone

    played = _play(project, count)
    chance = random.Random(count)
    newest = timezone.now() - timedelta(hours=1)
    return [Copy(played[number % len(played)], newest - SPAN * chance.random()) for number in range(count - len(played))]


def _play(project: "Project", most: int) -> list[uuid.UUID]:
    """A run of every shape for each agent, driven to its end by the engine."""
    from runs.engine.drain import run_drain
    from runs.models import EvalRun

    agents = [_agent(project, number) for number in range(AGENTS)]
    asked = [(agent, shape) for shape in SHAPES for agent in agents]
    made = [_ask(project, agent, *shape) for agent, shape in asked[:most]]
    run_drain(linger=0)
    unfinished = EvalRun.objects.filter(pk__in=made).exclude(status="completed").count()
    assert not unfinished, f"{unfinished} of {len(made)} runs did not come to their end"
    return made


def _agent(project: "Project", number: int) -> "Agent":
    from agents.models import Agent
    from agents.seed_data import DEMO_CHARACTER
    from agents.shapes import plain

    return Agent.objects.create(project=project, name=f"Mara {number}", character=plain(DEMO_CHARACTER))


def _ask(project: "Project", agent: "Agent", sessions: int, turns: int) -> uuid.UUID:
    from agents.seed_data import DEMO_PERSONA
    from agents.shapes import plain
    from runs.services import Kind, RunRequest, run_create

    script = [{"user_message": f"What can I cook on day {day + 1} with lentils, a tin of tomatoes and no nuts?"} for day in range(turns)]
    request = RunRequest(
        agent=agent,
        template=_template("quality"),
        adaptation_template=_template("adaptation"),
        sessions=[{"name": f"Evening {number + 1}", "time_gap_hours": 24, "turns": script} for number in range(sessions)],
        user_persona=plain(DEMO_PERSONA),
    )
    return run_create(project=project, kind=Kind.RUN_EVAL, request=request).id


def _insert(copies: Sequence[Copy]) -> None:
    """In the order of time, some thousand runs a transaction: what happened together lies together, as in life."""
    from django.db import connection, transaction

    from runs.models import EvalRun, Message, ModelCall, RunEvent, Verdict

    times = dict.fromkeys(("created_at", "updated_at", "started_at", "completed_at"), "c.at")
    remaining = iter(copies)
    while chunk := list(islice(remaining, CHUNK)):
        with transaction.atomic(), connection.cursor() as cursor:
            _note(cursor, chunk)
            # Messages come first, as in life: what is said is read into the search when a run is over (runs.listed).
            _copy(cursor, Message, on="run_id", replaced={"run_id": "c.target"})
            _copy(cursor, EvalRun, on="id", replaced={"id": "c.target", **times})
            for model, where in ((Verdict, ""), (ModelCall, ""), (RunEvent, EVENTS)):
                _copy(cursor, model, on="run_id", replaced={"run_id": "c.target"}, where=where)
            cursor.execute("DROP TABLE bench_copy")


def _note(cursor: Any, chunk: Sequence[Copy]) -> None:
    """The copies to make, as a table that SQL can join with."""
    from django.db import connection

    from runs.models import EvalRun

    key, moment = EvalRun._meta.get_field("id"), EvalRun._meta.get_field("created_at")
    uuids, times = key.db_type(connection), moment.db_type(connection)
    cursor.execute(f"CREATE TEMPORARY TABLE bench_copy (number integer PRIMARY KEY, source {uuids}, target {uuids}, at {times})")
    rows = [
        (
            number,
            *(key.get_db_prep_value(each, connection) for each in (copy.source, uuid.uuid4())),
            moment.get_db_prep_value(copy.at, connection),
        )
        for number, copy in enumerate(chunk)
    ]
    cursor.executemany("INSERT INTO bench_copy VALUES (%s, %s, %s, %s)", rows)


def _copy(cursor: Any, model: type["Model"], *, on: str, replaced: Mapping[str, str], where: str = "") -> None:
    """Insert the rows of `model` that hang on a source again for its target, with some columns replaced."""
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id" or "id" in replaced]
    named = ", ".join(f'"{column}"' for column in columns)
    taken = ", ".join(replaced.get(column, f'r."{column}"') for column in columns)
    source = f'FROM bench_copy c JOIN {model._meta.db_table} r ON r."{on}" = c.source WHERE true {where} ORDER BY c.number'
    cursor.execute(f"INSERT INTO {model._meta.db_table} ({named}) SELECT {taken} {source}")


def _settle() -> None:
    """What autovacuum does on PostgreSQL within minutes of a load. Nothing does it on SQLite, so there only the WAL is folded in."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fill the database that the environment names.")
    parser.add_argument("--runs", type=int, required=True)
    wanted = parser.parse_args().runs
    django_start()
    print(json.dumps(asdict(load(wanted))))
