"""What a Prometheus reads: who may, valid text, true figures, and a number of queries that does not grow."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from agents.limits.keys import endpoint_key, environment_key, provider_key
from agents.models import ModelProvider, ProviderLoad, ProviderShare
from evalhub import metrics, probes
from runs import workload
from runs.live.lag import Lag
from runs.live.tail import tail
from runs.models import CallTally, Worker
from runs.states import Status
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "scrape-" + "x" * 20
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def scraper(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(metrics, "_totals", workload.Totals())  # its memory of past days would outlive the test's rows
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def scraped(client: Client) -> Samples:
    """Every sample by its name and the values of its labels, which stand in the order of their names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(item.name, tuple(item.labels.values())): item.value for family in families for item in family.samples}


def tallied(**columns: object) -> None:
    today = datetime.now(UTC).date()
    CallTally.objects.create(**{"project": factories.project(), "day": today, "model": "openai/gpt-4o", "purpose": "agent", **columns})


def drain(**columns: object) -> None:
    now = timezone.now()
    values = {"kind": "drain", "host": "one", "pid": 7, "driving": 3, "concurrency": 64, "calls_per_second": 1.5}
    Worker.objects.create(**{**values, "started_at": now, "seen_at": now, **columns})


def test_without_a_setting_it_is_closed_and_says_how_to_open_it(client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 404
    assert "EVALHUB_METRICS_TOKEN" in answer.content.decode()


@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer", "Bearer \u00e9"])
def test_another_token_opens_nothing(settings: Any, client: Client, header: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_person_without_the_token_reads_nothing(settings: Any, client: Client) -> None:
    settings.METRICS_TOKEN = TOKEN
    client.force_login(factories.owner(project=factories.project()))
    assert client.get("/metrics").status_code == 401


def test_what_waits_and_what_is_held_is_counted(scraper: Client) -> None:
    project, now = factories.project(), timezone.now()
    factories.run(project=project)
    factories.run(project=project, status=Status.RUNNING, lease_expires_at=now + timedelta(minutes=1))
    factories.run(project=project, status=Status.RUNNING, lease_expires_at=now - timedelta(minutes=1))
    found = scraped(scraper)
    assert found["evalhub_runs", ("pending",)] == 1
    assert found["evalhub_runs", ("running",)] == 2
    assert (found["evalhub_leases", ("held",)], found["evalhub_leases", ("silent",)]) == (1, 1)
    assert 0 <= found["evalhub_oldest_pending_seconds", ()] < 60
    assert found["evalhub_queue_depth", ()] == 0
    assert found["evalhub_database_up", ()] == 1


def test_calls_are_counters_by_provider_and_answers_by_model(scraper: Client) -> None:
    tallied(calls=5, failed=1, retries=2, unpriced=1, input_tokens=100, output_tokens=20, price_usd=Decimal("0.25"))
    tallied(calls=1)
    found = scraped(scraper)
    labels = ("openai/gpt-4o", "agent")
    assert found["evalhub_model_calls_total", ("openai", "agent")] == 6
    assert found["evalhub_model_call_failures_total", ("openai", "agent")] == 1
    assert found["evalhub_model_call_retries_total", ("openai", "agent")] == 2
    assert found["evalhub_model_answers_total", labels] == 5
    assert found["evalhub_model_calls_unpriced_total", labels] == 1
    assert found["evalhub_spend_usd_total", labels] == 0.25
    assert found["evalhub_model_tokens_total", ("input", *labels)] == 100
    assert found["evalhub_model_tokens_total", ("output", *labels)] == 20


def test_agents_that_are_endpoints_are_one_model(scraper: Client) -> None:
    """Their names are a project's own, and there may be any number of them."""
    tallied(model="endpoint/Secret kitchen", calls=2)
    tallied(model="endpoint/Other", calls=3)
    text = scraper.get("/metrics").content.decode()
    assert "kitchen" not in text
    found = scraped(scraper)
    assert found["evalhub_model_calls_total", ("endpoint", "agent")] == found["evalhub_model_answers_total", ("endpoint", "agent")] == 5


def test_a_name_that_somebody_typed_makes_no_series_until_it_answers(scraper: Client) -> None:
    tallied(calls=1, price_usd=Decimal("0.5"))
    before = scraped(scraper)
    for number in range(20):
        tallied(model=f"openai/typed-{number}", calls=3, failed=3)
    found = scraped(scraper)
    assert {key for key in found if key[0].startswith("evalhub_model")} == {key for key in before if key[0].startswith("evalhub_model")}
    assert found["evalhub_model_calls_total", ("openai", "agent")] == 61
    tallied(model="openai/typed-7", calls=1, price_usd=Decimal("0.25"))
    found = scraped(scraper)
    assert found["evalhub_model_answers_total", ("openai/typed-7", "agent")] == 1
    assert found["evalhub_spend_usd_total", ("openai/typed-7", "agent")] == 0.25


def test_an_answer_that_was_refused_and_cost_something_is_in_the_spend(scraper: Client) -> None:
    tallied(model="openai/odd", calls=1, failed=1, input_tokens=50_000, price_usd=Decimal("0.3"))
    found = scraped(scraper)
    assert found["evalhub_spend_usd_total", ("openai/odd", "agent")] == 0.3
    assert found["evalhub_model_answers_total", ("openai/odd", "agent")] == 0


def test_the_first_models_that_answered_keep_their_names_and_later_ones_are_other(scraper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "NAMED_MODELS", 2)
    long_ago = datetime.now(UTC).date() - timedelta(days=9)
    tallied(model="openai/early", calls=2, failed=2)
    tallied(model="openai/zebra", calls=2, day=long_ago)
    tallied(model="openai/horse", calls=3)
    for number in range(4):
        tallied(model=f"openai/a-{number}", calls=5)
    tallied(model="openai/early", calls=7, failed=1)
    found = {labels[0]: value for (name, labels), value in scraped(scraper).items() if name == "evalhub_model_answers_total"}
    assert found == {"openai/zebra": 2, "openai/horse": 3, "other": 26}


def test_no_counter_goes_back_when_a_project_or_a_provider_goes(scraper: Client) -> None:
    tallied(calls=5, price_usd=Decimal(3))
    project = factories.project()
    tallied(project=project, calls=7, price_usd=Decimal(4))
    provider = ModelProvider.objects.create(project=project, name="mine", base_url="http://127.0.0.1:1")
    ProviderLoad.objects.create(key=provider_key(provider.pk), throttled=7, refilled_at=timezone.now())
    before = scraped(scraper)
    assert before["evalhub_spend_usd_total", ("openai/gpt-4o", "agent")] == 7
    ModelProvider.objects.filter(pk=provider.pk).update(name="renamed")
    renamed = scraped(scraper)
    project.delete()
    deleted = scraped(scraper)
    for name, labels in before:
        if name.startswith("evalhub_") and name.endswith("_total"):
            assert before[name, labels] == renamed[name, labels] == deleted[name, labels], name


def test_workers_say_what_they_do(scraper: Client) -> None:
    drain()
    drain(kind="supervisor", pid=6, concurrency=0)
    drain(pid=8, seen_at=timezone.now() - timedelta(minutes=5))
    found = scraped(scraper)
    assert (found["evalhub_workers", ("drain",)], found["evalhub_workers", ("supervisor",)]) == (1, 1)
    assert found["evalhub_worker_driving_runs", ("one", "7")] == 3
    assert found["evalhub_worker_concurrency_runs", ("one", "7")] == 64
    assert found["evalhub_worker_calls_per_second", ("one", "7")] == 1.5
    assert ("evalhub_worker_driving_runs", ("one", "8")) not in found


def test_providers_of_one_name_are_one_and_agents_servers_have_none(scraper: Client) -> None:
    now = timezone.now()
    projects = [factories.project(name=name) for name in ("a", "b")]
    rows = [ModelProvider.objects.create(project=project, name="openai", base_url="http://127.0.0.1:1") for project in projects]
    keys = [
        *(provider_key(row.id) for row in rows),
        environment_key("google"),
        endpoint_key(projects[0].pk, "https://kitchen.example/x"),
    ]
    for key in keys:
        load = ProviderLoad.objects.create(key=key, throttled=2, ceiling=4.5, refilled_at=now)
        ProviderShare.objects.create(load=load, holder=uuid4(), in_use=3, waiting=1, since=now, expires_at=now + timedelta(seconds=9))
        ProviderShare.objects.create(load=load, holder=uuid4(), in_use=5, since=now, expires_at=now - timedelta(seconds=9))
    found = scraped(scraper)
    assert found["evalhub_provider_throttled_answers", ("openai",)] == 4
    assert found["evalhub_provider_open_requests", ("openai",)] == 6
    assert found["evalhub_provider_waiting_requests", ("google",)] == 1
    assert found["evalhub_provider_ceiling_requests", ("endpoint",)] == 4
    assert "kitchen" not in scraper.get("/metrics").content.decode()


def test_late_events_are_a_histogram(scraper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "lag", Lag())
    tail.lag.note(0.02)
    tail.lag.note(60)
    found = scraped(scraper)
    assert found["evalhub_event_lag_seconds_bucket", ("0.01",)] == 0
    assert found["evalhub_event_lag_seconds_bucket", ("0.025",)] == 1
    assert found["evalhub_event_lag_seconds_bucket", ("+Inf",)] == found["evalhub_event_lag_seconds_count", ()] == 2


def test_the_process_is_measured_too(scraper: Client) -> None:
    found = scraped(scraper)
    assert found["process_resident_memory_bytes", ()] > 0
    assert found["evalhub_live_connections", ()] == 0


def test_names_end_as_the_conventions_say(scraper: Client) -> None:
    tallied(calls=1)
    drain()
    for family in text_string_to_metric_families(scraper.get("/metrics").content.decode()):
        assert family.documentation, family.name
        if family.type == "counter":
            assert all(item.name.endswith(("_total", "_created")) for item in family.samples), family.name


async def test_a_scrape_asks_the_same_number_of_questions_whatever_is_there() -> None:
    async def asked() -> int:
        def read() -> int:
            with CaptureQueriesContext(connections["default"]) as queries:
                [*metrics._queue(), *metrics._workers(), *metrics._calls(), *metrics._providers()]
            return len(queries)

        return await probes.Probe(read).ask()

    await asked()  # reads the settled days
    before = await asked()

    def more() -> None:
        project = factories.project()
        for number in range(5):
            factories.run(project=project)
            drain(pid=100 + number)
            tallied(model=f"openai/m{number}")

    await probes.Probe(more).ask()
    assert await asked() == before + 1  # since something waits, how long is asked too
