"""Fills an empty database with answers to prompts and results of custom evals, and asks for the pages that add them up.

Runs in a process of its own, since a process has one database: `python -m tests.benchmarks.voice_filling --answers 1000`, with
EVALHUB_DATA_DIR or DATABASE_URL set, prints a `Measured` for each address as JSON.
"""

import argparse
import json
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from evalhub.cli.installation import django_start, prepare

if TYPE_CHECKING:  # models can be imported once Django is set up
    from evalhub.accounts.models import Project
    from runs.models import Batch, Trial

DAYS = 90
CHUNK = 2_000
PLATFORMS = ("openai", "anthropic", "google")
TOPICS, BRANDS, CUSTOM_EVALS, SITES = 10, 20, 50, 5_000
WARM_UP = 3
TOPIC = uuid.UUID(int=1)
PAGES = (
    "/voice/?days=90",
    "/voice/",
    "/voice/?days=90&platform=openai",
    f"/voice/?days=90&topic={TOPIC}",
    f"/voice/?days=90&topic={TOPIC}&platform=openai",
    "/trends/?kind=custom_evals&days=90",
    "/trends/?kind=custom_evals",
)
HISTORY = "/v1/api-performance/custom-evals/history"
ENDPOINTS = (HISTORY, f"{HISTORY}?resultFilter=failed", f"{HISTORY}?offset=500", f"{HISTORY}?sortBy=score")


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU of this process a request in milliseconds (on SQLite the database's too), wall, and the number of queries."""

    address: str
    cpu_ms: float
    wall_ms: float
    queries: int


def fill(count: int) -> "Project":
    """A project with `count` answers and as many results of custom evals, and another with a tenth of that."""
    prepare()
    from evalhub.accounts.models import Project

    ours, neighbour = (Project.objects.create(name=name) for name in ("bench", "neighbour"))
    for project, many in ((ours, count), (neighbour, count // 10)):
        _Filler(project, random.Random(many)).fill(many)
    _settle()
    return ours


class _Filler:
    """Makes rows as the engine leaves them, in the order of time."""

    def __init__(self, project: "Project", chance: random.Random) -> None:
        from templates_app.models import Brand, PromptTopic, SourceType

        self.project, self.chance = project, chance
        self.topics = [self._topic(PromptTopic, number) for number in range(TOPICS)]
        self.brands = [(uuid.uuid4(), f"Brand {number}", number == 0) for number in range(BRANDS)]
        Brand.objects.create(project=project, name="Brand 0", is_own=True)
        self.categories = [uuid.uuid4() for _ in range(3)]
        self.evals = [uuid.uuid4() for _ in range(CUSTOM_EVALS)]
        self.batches = {kind: self._batch(kind) for kind in (SourceType.PROMPTS, SourceType.CUSTOM_EVALS)}

    def _topic(self, model: Any, number: int) -> Any:
        known = {"pk": uuid.UUID(int=number + 1)} if self.project.name == "bench" else {}
        return model.objects.create(project=self.project, name=f"Topic {number}", **known)

    def _batch(self, kind: str) -> "Batch":
        from tests.batch_factories import batch

        return batch(project=self.project, source_type=kind, subjects=("one",), targets=[f"{name}/model" for name in PLATFORMS])

    def fill(self, count: int) -> None:
        from runs.models import Citation, EvalRun, Mention, Trial

        now = datetime.now(UTC)
        for first in range(0, count, CHUNK):
            here = range(first, min(first + CHUNK, count))
            moments = [now - timedelta(days=DAYS - 0.5) * (1 - number / count) for number in here]
            trials = [trial for number, at in zip(here, moments, strict=True) for trial in self._trials(number, at)]
            EvalRun.objects.bulk_create([trial.run for trial in trials])
            said = [self._said(trial) for trial in trials if trial.source_type == "prompts"]
            Trial.objects.bulk_create(trials)
            Mention.objects.bulk_create([row for mentions, _ in said for row in mentions])
            Citation.objects.bulk_create([row for _, citations in said for row in citations])

    def _trials(self, number: int, at: datetime) -> Iterator["Trial"]:
        from runs.models import EvalRun, Trial
        from runs.states import Status

        for kind, batch in self.batches.items():
            place = self.chance.randrange(len(PLATFORMS))
            target = batch.targets[place]
            run = EvalRun(project=self.project, kind=EvalRun.Kind.TRIAL, batch=batch, status=Status.COMPLETED, agent_name=target["label"])
            topic = self.chance.choice(self.topics)
            category = self.chance.randrange(len(self.categories))
            asked = {"ref": uuid.uuid4(), "group_id": topic.pk, "group": topic.name}
            if kind != "prompts":
                asked = {"ref": self.chance.choice(self.evals), "group_id": self.categories[category], "group": f"Category {category}"}
                asked |= {"passed": self.chance.random() < 0.7, "score": round(100 * self.chance.random(), 1)}
            yield Trial(
                run=run,
                project=self.project,
                batch=batch,
                position=number,
                subject_id=0,
                subject_index=0,
                target_index=place,
                source_type=kind,
                label="Books a flight",
                target_type="text",
                target_key=target["key"],
                platform=target["platform"],
                model="model",
                latency_ms=500,
                created_at=at,
                finished_at=at,
                **asked,
            )

    def _said(self, trial: "Trial") -> tuple[list[Any], list[Any]]:
        """Mentions and citations of an answer, and what its trial says of them."""
        from runs.models import Citation, Mention

        at = trial.finished_at or trial.created_at
        where = {"run": trial.run, "project": self.project, "day": at.date(), "platform": trial.platform, "topic_id": trial.group_id}
        named = self.chance.sample(self.brands, self.chance.randint(0, 8))
        mentions = [
            Mention(**where, brand_id=key, brand=name, is_own=own, count=self.chance.randint(1, 4), rank=rank)
            for rank, (key, name, own) in enumerate(named, 1)
        ]
        trial.all_mentions = sum(one.count for one in mentions)
        for one in mentions:
            if one.is_own:
                trial.own_mentions, trial.own_rank = one.count, one.rank
        sites = [int(SITES ** self.chance.random()) for _ in range(self.chance.randint(0, 10))]
        pages = [
            Citation(**where, place=place, url=f"https://site{site}.example/{place}", domain=f"site{site}.example")
            for place, site in enumerate(sites, 1)
        ]
        return mentions, pages


def _settle() -> None:
    """What autovacuum does on PostgreSQL within minutes of a load."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")


def measured(project: "Project", requests: int) -> list[Measured]:
    """Every address with Django's test client, by a member who is signed in or by a key."""
    from django.test import Client

    from evalhub.accounts.services import api_key_create
    from tests import factories

    member = Client(headers={"Host": "127.0.0.1"})
    member.force_login(factories.user(project=project, role="editor"))
    _, token = api_key_create(project=project, name="bench")
    program = Client(headers={"Host": "127.0.0.1", "Authorization": f"Bearer {token}"})
    return [_asked(member, page, requests) for page in PAGES] + [_asked(program, address, requests) for address in ENDPOINTS]


def _asked(client: Any, address: str, requests: int) -> Measured:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    cpu, wall = [], []
    for number in range(WARM_UP + requests):
        begin, used = time.perf_counter(), time.process_time()
        response = client.get(address)
        if number >= WARM_UP:
            cpu.append(time.process_time() - used)
            wall.append(time.perf_counter() - begin)
        if response.status_code != 200:
            raise SystemExit(f"{address} answered {response.status_code}: {response.content[:300]!r}")
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return Measured(address, _median(cpu), _median(wall), len(captured))


def _median(seconds: Sequence[float]) -> float:
    return 1000 * sorted(seconds)[len(seconds) // 2]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fill the database that the environment names, and ask for its pages.")
    parser.add_argument("--answers", type=int, required=True)
    parser.add_argument("--requests", type=int, default=20)
    given = parser.parse_args()
    django_start()
    print(json.dumps([asdict(one) for one in measured(fill(given.answers), given.requests)]))
