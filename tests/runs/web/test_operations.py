"""The operations page: for owners, true, and blind for other projects."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agents.limits.arithmetic import Answers
from agents.limits.keys import environment_key
from agents.limits.ledger import Report, settle
from agents.models import ModelProvider
from evalhub.accounts.models import Project, Role
from runs.models import CallTally, EvalRun, Worker
from runs.services import ring
from runs.states import Status
from tests import factories
from tests.factories import signed_in

PATH = "/operations/"


def text(client: Client, **headers: Any) -> str:
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def owner(project: Project) -> Client:
    """An owner and nothing more."""
    return signed_in(factories.user(project=project))


@pytest.fixture
def staff(project: Project) -> Client:
    """An owner who looks after the installation as well."""
    return signed_in(factories.user(project=project, staff=True))


def tiles(shown: str) -> list[str]:
    return re.findall(r"<dt>.*?</dd>", shown)


def drain() -> None:
    now = timezone.now()
    Worker.objects.create(
        kind="drain", host="worker-2", pid=4711, driving=48, concurrency=64, calls_per_second=31.4, started_at=now, seen_at=now
    )


def tallied(project: Project, *, days_ago: int = 0, **columns: Any) -> None:
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    CallTally.objects.create(project=project, day=day, model="openai/gpt-4o", purpose="agent", **columns)


def test_an_owner_finds_it_in_the_navigation(owner: Client) -> None:
    assert f'href="{PATH}"' in owner.get("/runs/").content.decode()
    assert "<h1>Operations</h1>" in text(owner)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_others_get_no_link_and_the_403_page(project: Project, role: Role) -> None:
    member = signed_in(factories.user(project=project, role=role))
    assert f'href="{PATH}"' not in member.get("/runs/").content.decode()
    assert member.get(PATH).status_code == 403


def test_a_visitor_is_led_to_sign_in(client: Client, db: None) -> None:
    assert client.get(PATH)["Location"] == f"/sign-in?next={PATH}"


def test_without_a_worker_it_says_how_to_start_one(owner: Client) -> None:
    assert "No worker is at work" in text(owner)
    drain()
    assert "No worker is at work" not in text(owner)


def test_workers_and_their_load_are_shown_to_staff(staff: Client) -> None:
    drain()
    shown = text(staff)
    assert "worker-2" in shown
    assert "4711" in shown
    assert "48 <small>of 64</small>" in shown
    assert "31.4" in shown


def test_spend_is_that_of_this_project_today_and_in_seven_days(owner: Client, project: Project) -> None:
    tallied(project, calls=1234, price_usd=Decimal("0.25"), unpriced=3)
    tallied(project, days_ago=6, price_usd=Decimal("1"))
    tallied(project, days_ago=7, price_usd=Decimal("50"))
    tallied(factories.project(), price_usd=Decimal("700"))
    shown = text(owner)
    assert "1,234" in shown
    assert "$0.2500" in shown
    assert "$1.2500" in shown
    assert "3 unpriced" in shown
    assert "700" not in shown


def test_waiting_silent_and_interrupted_runs_of_this_project_are_named(owner: Client, project: Project) -> None:
    past = timezone.now() - timedelta(minutes=2)
    waiting = factories.run(project=project)
    silent = factories.run(project=project, status=Status.RUNNING, lease_expires_at=past)
    interrupted = factories.run(project=project, status=Status.INTERRUPTED, error_reason="Three workers died.")
    shown = text(owner)
    for part, run in (("waiting", waiting), ("silent", silent), ("interrupted", interrupted)):
        assert f'id="{part}-{run.pk}"' in shown
    assert "Three workers died." in shown
    assert f'action="/runs/{interrupted.pk}/resume"' in shown


def test_interrupted_runs_can_be_told_apart_and_are_all_to_be_found(owner: Client, project: Project) -> None:
    for _ in range(12):
        factories.run(project=project, status=Status.INTERRUPTED, template_snapshot={"name": "Warmth of tone"})
    shown = text(owner)
    assert "the newest 10 of 12" in shown
    assert 'href="/runs/?status=interrupted"' in shown
    newest = EvalRun.objects.earliest("-created_at")
    assert f"{newest.get_kind_display()}, Warmth of tone, 0 turns, created {newest.created_at:%Y-%m-%d %H:%M:%S} UTC" in shown


def test_a_few_interrupted_runs_need_no_link_to_more(owner: Client, project: Project) -> None:
    factories.run(project=project, status=Status.INTERRUPTED)
    assert "status=interrupted" not in text(owner)


def elsewhere() -> list[str]:
    """Another project is busy. What its owner alone may see of it."""
    other = factories.project(name="cellar")
    past = timezone.now() - timedelta(minutes=2)
    runs = [factories.run(project=other) for _ in range(37)] + [factories.run(project=other, status=Status.INTERRUPTED)]
    runs.append(factories.run(project=other, status=Status.RUNNING, lease_expires_at=past, agent_name="Hidden"))
    ModelProvider.objects.create(project=other, name="hidden-provider", base_url="http://127.0.0.1:1")
    return ["cellar", "Hidden", "hidden-provider", *(str(run.pk) for run in runs)]


def test_an_owner_sees_nothing_of_other_projects_nor_of_machines(owner: Client) -> None:
    before = text(owner)
    secrets = elsewhere()
    Worker.objects.create(kind="supervisor", host="worker-2", pid=4711, started_at=timezone.now(), seen_at=timezone.now())
    ring()
    shown = text(owner)
    assert "<dt>Waiting</dt><dd>0</dd>" in shown
    for secret in (">37<", "silent</h2>", "worker-2", ">4711<", "Queue depth", "Event lag", "Open pages", *secrets):
        assert secret not in shown
    assert tiles(shown) == tiles(before)


def test_staff_sees_all_projects_counted_and_not_named(staff: Client) -> None:
    secrets = elsewhere()
    drain()
    shown = text(staff)
    assert "<dt>Waiting</dt><dd>0</dd>" in shown
    assert "<dt>Waiting</dt><dd>37</dd>" in shown
    for secret in secrets:
        assert secret not in shown


def test_the_environments_providers_tell_staff_alone_how_much_all_ask(owner: Client, staff: Client, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": "sk-of-all"})
    refused = Answers(refused=1717, open=1717)
    settle(uuid.uuid4(), [Report(environment_key("openai"), in_use=1717, waiting=5555, wanted=7272, throttled=1717, answers=refused)])
    for path in (PATH, "/settings/providers/"):
        shown = owner.get(path).content.decode()
        assert "slowed down" in shown
        assert "1,717" not in shown
        assert "5,555" not in shown
        assert "shown to staff alone" in shown
        assert "1,717" in staff.get(path).content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_is_resumed_from_the_page(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.INTERRUPTED)
    assert owner.post(f"/runs/{run.pk}/resume").status_code == 302
    assert EvalRun.objects.get(pk=run.pk).status == Status.PENDING
    assert f'id="interrupted-{run.pk}"' not in text(owner)


def test_htmx_gets_the_body_alone(owner: Client) -> None:
    part = text(owner, hx_request="true")
    assert part.lstrip().startswith('<div id="operations"')
    assert "<html" not in part


@pytest.mark.parametrize(("who", "parts"), [("owner", 5), ("staff", 7)])
def test_every_part_that_is_replaced_is_there_once(request: pytest.FixtureRequest, who: str, parts: int) -> None:
    shown = text(request.getfixturevalue(who))
    replaced = shown.split('hx-select-oob="')[1].split('"')[0].split(",")
    assert len(replaced) == parts
    assert [shown.count(f'id="{part.removeprefix("#")}"') for part in replaced] == [1] * len(replaced)


def test_the_number_of_queries_does_not_grow(staff: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    factories.run(project=project)
    ModelProvider.objects.create(project=project, name="first", base_url="http://127.0.0.1:1")
    with django_assert_num_queries(20):
        text(staff)
    for _ in range(3):
        drain()
        factories.run(project=project, status=Status.INTERRUPTED)
        factories.run(project=project, status=Status.RUNNING, lease_expires_at=timezone.now(), lease_token=uuid.uuid4())
        ModelProvider.objects.create(project=project, name=f"p{uuid.uuid4().hex[:8]}", base_url="http://127.0.0.1:1")
    with django_assert_num_queries(20):
        text(staff)
