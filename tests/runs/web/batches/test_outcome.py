"""A child's card on its run's page."""

import pytest
from django.test import Client

from evalhub.accounts.models import Project
from runs.models import Batch, BatchSubject, EvalRun
from runs.states import Status
from tests import batch_factories, factories

pytestmark = pytest.mark.django_db
CHECKS = [
    {"key": "method", "passed": True, "detail": "GET, as asked.", "reason": ""},
    {"key": "path", "passed": False, "detail": "/pet is not /pets.", "reason": "wrong_path"},
    {"key": "expected_behavior", "passed": None, "detail": "The judge gave no score.", "reason": ""},
]
EXCHANGE = {
    "request": {"method": "GET", "url": "https://pets.example/pet", "headers": [["Authorization", "[API_TOKEN]"]], "body": ""},
    "response": {"status": 404, "headers": [["Content-Type", "text/plain"]], "body": "no such thing", "truncated": True},
    "detail": "",
}


def test_it_says_what_was_checked_and_why_it_failed(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, name="Nightly", profiles=("Staging",))
    details = {"checks": CHECKS, "exchange": EXCHANGE}
    trial = batch_factories.trial(batch=batch, profile=0, passed=False, reasons=["wrong_path"], score=50.0, details=details)
    expected = batch_factories.frozen_subject("rest_api", "GET /pets", expected="It lists all pets.")
    BatchSubject.objects.filter(batch=batch, index=0).update(snapshot=expected)
    page = owner.get(f"/runs/{trial.pk}/").text
    for said in ("Nightly", "Staging", "It lists all pets.", "/pet is not /pets.", "not decided", "Status 404", "[API_TOKEN]", "50"):
        assert said in page
    assert "The request goes to another path than the operation&#x27;s." in page
    assert "Only the beginning of the body is kept." in page
    assert "Run again…" not in page


def test_a_request_that_no_environment_served_says_so(owner: Client, project: Project) -> None:
    trial = batch_factories.trial(batch=batch_factories.batch(project=project), passed=False, reasons=["auth"], latency_ms=5)
    page = owner.get(f"/runs/{trial.pk}/").text
    assert "<h1>GET /pets</h1>" in page
    assert "<dt>Environment</dt><dd>none</dd>" in page
    assert "of the API&#x27;s response" in page


@pytest.mark.parametrize(("sandboxed", "warned"), [(True, False), (False, True)])
def test_every_run_without_a_sandbox_says_so(owner: Client, project: Project, sandboxed: bool, warned: bool) -> None:
    batch = batch_factories.batch(project=project, source_type="cli", subjects=("list",), targets=("codex/gpt-5",))
    did = {"sentence": "It ended with exit code 3.", "exit_code": 3, "stdout": "half of it", "stderr": "broken", "sandboxed": sandboxed}
    trial = batch_factories.trial(batch=batch, passed=False, details={"execution": did, "sandboxed": sandboxed})
    page = owner.get(f"/runs/{trial.pk}/").text
    assert ("This ran without a sandbox" in page) is warned
    assert "exit code 3" in page
    assert "half of it" in page
    assert "broken" in page


def test_an_answer_to_a_prompt_names_its_brands(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?",), targets=("demo/agent",))
    mention = {"brand_id": "x", "brand": "Acme", "is_own": True, "count": 1, "rank": 1, "places": [[4, 8]]}
    trial = batch_factories.trial(batch=batch, passed=None, details={"mentions": [mention], "citations": []})
    factories.message(run=trial.run, role="user", content="Which?")
    factories.message(run=trial.run, role="assistant", content="Try Acme.")
    page = owner.get(f"/runs/{trial.pk}/").text
    assert '<mark class="named-own" title="Acme, ours">Acme</mark>' in page


def test_the_card_follows_while_the_run_goes_on(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project)
    trial = batch_factories.trial(batch=batch, status=Status.RUNNING)
    part = owner.get(f"/runs/{trial.pk}/trial", headers={"HX-Request": "true"}).text
    assert 'hx-trigger="every 3s"' in part
    assert "not decided yet" in part
    EvalRun.objects.filter(pk=trial.pk).update(status=Status.COMPLETED)
    assert "hx-get" not in owner.get(f"/runs/{trial.pk}/trial", headers={"HX-Request": "true"}).text
    assert owner.get(f"/runs/{trial.pk}/trial")["Location"] == f"/runs/{trial.pk}/"


def test_a_child_outlives_its_batch(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project)
    trial = batch_factories.trial(batch=batch)
    Batch.objects.filter(pk=batch.pk).delete()
    page = owner.get(f"/runs/{trial.pk}/").text
    assert "Part of a batch that was deleted" in page
    assert "demo/agent" in page


def test_a_run_of_its_own_has_no_card(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    assert 'id="trial"' not in owner.get(f"/runs/{run.pk}/").text
    assert owner.get(f"/runs/{run.pk}/trial", headers={"HX-Request": "true"}).content == b""


def test_a_child_is_not_run_again_without_its_batch(owner: Client, project: Project) -> None:
    trial = batch_factories.trial(batch=batch_factories.batch(project=project))
    assert "part of a batch" in owner.post(f"/runs/{trial.pk}/again", follow=True).text
    assert EvalRun.objects.count() == 1
