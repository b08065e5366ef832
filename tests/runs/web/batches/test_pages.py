"""The list of batches, and the page of one: what they show, how they follow, and that many children stay light."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.batches.dispatch import statistics_renew
from runs.batches.summary import summarize
from runs.models import Batch, BatchSubject, EvalRun, Trial, Worker
from runs.states import Status
from runs.web.batches import detail, listing
from tests import batch_factories, factories
from tests.runs.exports.reading import body
from tests.runs.web.conftest import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SUBJECTS, TARGETS = 2_500, 4


def many_children(project: Project) -> Batch:
    """10,000 children, a quarter of which failed."""
    made = batch_factories.batch(
        project=project, subjects=[f"GET /things/{n}" for n in range(SUBJECTS)], targets=[f"openai/m-{n}" for n in range(TARGETS)]
    )
    subjects = list(BatchSubject.objects.filter(batch=made).defer("snapshot"))
    runs = [
        EvalRun(project=project, batch=made, kind="trial", agent_name="m", status=Status.COMPLETED, completed_at=timezone.now())
        for _ in made.cells
    ]
    EvalRun.objects.bulk_create(runs, batch_size=500)
    trials = [
        _trial(made, subjects[cell[0]], position, cell, run) for position, (cell, run) in enumerate(zip(made.cells, runs, strict=True))
    ]
    Trial.objects.bulk_create(trials, batch_size=500)
    statistics_renew()  # as whoever makes so many does
    Batch.objects.filter(pk=made.pk).update(summary=summarize(made.pk))
    return made


def _trial(batch: Batch, subject: BatchSubject, position: int, cell: list[int], run: EvalRun) -> Trial:
    target, fails = batch.targets[cell[1]], cell[1] == 3
    return Trial(
        run=run,
        project=batch.project,
        batch=batch,
        position=position,
        subject=subject,
        subject_index=cell[0],
        target_index=cell[1],
        source_type=batch.source_type,
        ref=subject.ref,
        label=subject.label,
        group_id=subject.group_id,
        group=subject.group,
        target_type="text",
        target_key=target["key"],
        platform="openai",
        model=target["model_id"],
        passed=not fails,
        first_reason="wrong_path" if fails else "",
        failure_reasons=["wrong_path"] if fails else [],
        latency_ms=100,
        finished_at=timezone.now(),
    )


def test_an_empty_list_teaches_how_to_start_one(owner: Client) -> None:
    page = owner.get("/batches/").text
    assert "No batch yet" in page
    assert "evalhub eval-runs create" in page


def test_a_row_says_states_rate_and_cost(owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        batch_factories.finished_batch(project=project, name="Nightly")
    owner.get("/batches/")
    with django_assert_num_queries(8):
        page = owner.get("/batches/").text
    assert page.count("Nightly") == 3
    assert 'aria-label="4 completed of 4"' in page
    assert "75 %" in page
    assert "$0.0080" in page
    assert 'hx-trigger="every 3s"' not in page


def test_a_list_with_something_going_on_asks_for_its_rows_again(owner: Client, project: Project) -> None:
    batch_factories.batch(project=project, status=Status.RUNNING)
    page = owner.get("/batches/")
    assert "data-polling" in page.text
    rows = owner.get(page.context["page"].poll_href, headers=HTMX).text
    assert "<h1" not in rows
    assert "4 queued of 4" in rows


def test_pages_of_the_list_go_on_where_the_one_before_ended(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    for number in range(3):
        batch_factories.batch(project=project, name=f"number {number}")
    first = owner.get("/batches/")
    assert [row.title for row in first.context["page"].rows] == ["number 2", "number 1"]
    second = owner.get(first.context["page"].more_href)
    assert [row.title for row in second.context["page"].rows] == ["number 0"]
    assert owner.get("/batches/?after=rubbish").status_code == 400


def test_a_filter_that_cannot_be_used_is_said_and_the_others_hold(owner: Client, project: Project) -> None:
    batch_factories.batch(project=project, name="one", source_type="prompts")
    batch_factories.batch(project=project, name="two")
    page = owner.get("/batches/?kind=prompts&status=nonsense&since=yesterday")
    assert [row.title for row in page.context["page"].rows] == ["one"]
    assert "There is no such status." in page.text
    assert "Write the day as 2026-03-31." in page.text


def test_the_page_shows_failures_first_then_the_matrix_then_the_summary(owner: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    page = owner.get(f"/batches/{batch.pk}/").text
    places = [page.index(part) for part in ("failures-head", "matrix-head", 'id="by-target"', 'id="by-subject"')]
    assert places == sorted(places)
    assert "The request goes to another path than the operation&#x27;s." in page
    assert 'aria-label="failed, 20"' in page


def test_children_without_a_result_stand_apart_from_the_number_of_all(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?",))
    batch_factories.trial(batch=batch, passed=None, status=Status.FAILED, reasons=["model_error"])
    batch_factories.trial(batch=batch, target=1, passed=None, status=Status.CANCELLED)
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    page = owner.get(f"/batches/{batch.pk}/").text
    assert ">1 without a result</small>" in page
    assert '<span>1<small class="row-what">1 cancelled</small>' in page


def test_a_child_that_could_not_be_carried_out_says_what_happened_beside_the_reason(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?",))
    why = "openai refused the key (401)."
    batch_factories.trial(batch=batch, passed=None, status=Status.FAILED, reasons=["model_error"], run={"error_reason": why})
    page = owner.get(f"/batches/{batch.pk}/").text
    assert "model error</span>" in page
    assert f'<span class="row-error">{why}</span>' in page


def test_a_failure_with_a_high_score_does_not_look_like_what_passed(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, subjects=("GET /pets", "POST /pets", "GET /owners"))
    batch_factories.trial(batch=batch, subject=0, passed=False, score=80.0, reasons=["auth"])
    batch_factories.trial(batch=batch, subject=1, passed=True, score=100.0)
    batch_factories.trial(batch=batch, subject=2, passed=True, score=30.0)
    rows = owner.get(f"/batches/{batch.pk}/").context["rows"]
    assert [cells[0].heat for _, cells in rows] == [2, 5, 3]


def test_the_summary_says_whose_latency_it_has_and_no_number_twice(owner: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    page = owner.get(f"/batches/{batch.pk}/").text
    assert "latency is of the API&#x27;s response" in page
    [line] = [line for line in page.partition("By target")[2].splitlines() if 'data-label="Passed"' in line][:1]
    assert ", n " not in line


def test_answers_that_nobody_judges_say_whether_they_name_us(owner: Client, project: Project) -> None:
    own = {"id": "x", "name": "Acme", "aliases": [], "domain": "", "is_own": True}
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?", "Whose?"), brands=[own])
    for subject, (mentions, rank) in enumerate([(2, 3), (0, None)]):
        trial = batch_factories.trial(batch=batch, subject=subject, passed=None)
        Trial.objects.filter(pk=trial.pk).update(own_mentions=mentions, own_rank=rank)
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    page = owner.get(f"/batches/{batch.pk}/")
    assert [(cells[0].shown, cells[0].heat) for _, cells in page.context["rows"]] == [("named, rank 3", 5), ("not named", 0)]
    for column in (">Passed<", ">Mean score<", ">Commonest reasons<"):
        assert column not in page.text  # nothing would ever stand in it


def test_without_an_own_brand_an_answer_is_an_answer(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?",))
    batch_factories.trial(batch=batch, passed=None)
    [(_, cells)] = owner.get(f"/batches/{batch.pk}/").context["rows"]
    assert cells[0].shown == "answered"


def test_ten_thousand_children_are_light(owner: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    batch = many_children(project)
    owner.get("/batches/")
    with django_assert_max_num_queries(19):
        page = owner.get(f"/batches/{batch.pk}/")
    assert len(page.content) < 150_000
    assert "1–50 of 2,500 operations" in page.text
    assert "2,500 in all" in page.text
    with django_assert_max_num_queries(10):
        assert len(owner.get(f"/batches/{batch.pk}/now", headers=HTMX).content) < 10_000
    with django_assert_max_num_queries(9):
        assert len(owner.get("/batches/").content) < 60_000
    last = owner.get(f"/batches/{batch.pk}/?from=2450&failures=1")
    assert [row.subject.label for row, _ in last.context["rows"]][-1] == "GET /things/2499"
    assert last.context["later_href"] == ""


def test_a_cell_leads_to_its_run_and_to_the_list_where_there_are_several(owner: Client, project: Project) -> None:
    alone = batch_factories.finished_batch(project=project)
    run = Trial.objects.get(batch=alone, subject_index=1, target_index=1).run_id
    assert owner.get(f"/batches/{alone.pk}/cell/1/1")["Location"] == f"/runs/{run}/"
    both = batch_factories.finished_batch(project=project, profiles=("Staging", "Live"))
    listed = owner.get(f"/batches/{both.pk}/cell/1/1", follow=True)
    assert [child.profile for child in listed.context["children"]] == ["Staging", "Live"]
    assert owner.get(f"/batches/{both.pk}/cell/7/1").status_code == 404


def test_the_head_follows_while_the_batch_goes_on_and_rests_at_its_end(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, status=Status.RUNNING, estimated_cost_usd="0.5")
    batch_factories.trial(batch=batch)
    Batch.objects.filter(pk=batch.pk).update(dispatched=1)
    head = owner.get(f"/batches/{batch.pk}/now", headers=HTMX).text
    assert 'hx-trigger="every 2s"' in head
    assert "1 of 4 · 25 % · children are made: 1 of 4" in head
    assert "of about $0.5000" in head
    Batch.objects.filter(pk=batch.pk).update(status=Status.COMPLETED, completed_at=timezone.now())
    assert "hx-get" not in owner.get(f"/batches/{batch.pk}/now", headers=HTMX).text


def test_it_says_when_nobody_works_on_it(owner: Client, project: Project) -> None:
    said = "No worker is at work"
    batch = batch_factories.batch(project=project, status=Status.PENDING)
    assert said in owner.get(f"/batches/{batch.pk}/").text
    Worker.objects.create(kind="drain", host="worker-1", pid=1, started_at=timezone.now(), seen_at=timezone.now())
    assert said not in owner.get(f"/batches/{batch.pk}/").text
    over = batch_factories.finished_batch(project=project)
    assert said not in owner.get(f"/batches/{over.pk}/").text


def test_the_rest_is_told_once_some_children_are_over(project: Project) -> None:
    batch = batch_factories.batch(
        project=project, subjects=[f"GET /{n}" for n in range(10)], targets=("demo/agent",), status=Status.RUNNING
    )
    Batch.objects.filter(pk=batch.pk).update(started_at=timezone.now() - timedelta(seconds=50), dispatched=10)
    batch.refresh_from_db()
    for number in range(4):
        batch_factories.trial(batch=batch, subject=number)
    assert detail.head(batch).remaining is None
    batch_factories.trial(batch=batch, subject=4)
    assert detail.head(batch).remaining == pytest.approx(50, abs=2)


def test_a_viewer_sees_no_buttons_and_a_stranger_no_batch(teammate: Client, stranger: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    page = teammate.get(f"/batches/{batch.pk}/").text
    assert "Run again" not in page
    assert "Delete" not in page
    assert "Export" in page
    for part in ("", "now", "children/", "cell/0/0", "export.csv"):
        assert stranger.get(f"/batches/{batch.pk}/{part}").status_code == 404


def test_exports_have_a_row_a_child_with_names_and_verdicts(owner: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project, subjects=("GET /a", "=POST /b"))
    text = body(owner.get(f"/batches/{batch.pk}/export.csv")).removeprefix("\ufeff")
    rows = list(csv.DictReader(StringIO(text)))
    assert [(row["label"], row["target"], row["passed"]) for row in rows][2:] == [
        ("'=POST /b", "demo/agent", "passed"),
        ("'=POST /b", "openai/gpt-4.1-mini", "failed"),
    ]
    assert rows[3]["failure_reasons"] == "wrong_path missing_parameter"
    lines = body(owner.get(f"/batches/{batch.pk}/export.jsonl")).splitlines()
    assert len(lines) == 4
    assert owner.get(f"/batches/{batch.pk}/export.exe").status_code == 404


def test_people_cancel_and_run_again_what_failed(owner: Client, project: Project) -> None:
    running = batch_factories.batch(project=project, status=Status.RUNNING)
    owner.post(f"/batches/{running.pk}/cancel")
    running.refresh_from_db()
    assert running.cancel_requested_at is not None
    over = batch_factories.finished_batch(project=project, targets=("demo/agent", "demo/agent"))
    made = owner.post(f"/batches/{over.pk}/again", {"only": "failed"}, follow=True)
    assert made.context["batch"].source_batch_id == over.pk
    assert made.context["batch"].total == 1
    refused = owner.post(f"/batches/{running.pk}/again", follow=True)
    assert "still going on" in refused.text


def test_only_an_interrupted_batch_is_resumed(owner: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    assert "only an interrupted batch can be resumed" in owner.post(f"/batches/{batch.pk}/resume", follow=True).text
    Batch.objects.filter(pk=batch.pk).update(status=Status.INTERRUPTED)
    EvalRun.objects.filter(pk=Trial.objects.filter(batch=batch).values("run_id")[:1]).update(status=Status.INTERRUPTED)
    assert 'id="do-resume"' in owner.get(f"/batches/{batch.pk}/").text
    owner.post(f"/batches/{batch.pk}/resume")
    batch.refresh_from_db()
    assert batch.status == Status.RUNNING


def test_a_deleted_batch_is_gone_with_its_children(owner: Client, project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    assert owner.post(f"/batches/{batch.pk}/delete")["Location"] == "/batches/"
    assert not Batch.objects.exists()
    assert not EvalRun.objects.filter(kind="trial").exists()


def test_the_request_works_in_the_batchs_project(project: Project) -> None:
    batch = batch_factories.finished_batch(project=project)
    person = factories.user(project=factories.project())
    client = signed_in(person)
    assert client.get(f"/batches/{batch.pk}/").status_code == 404
    person.memberships.create(project=project, role="viewer")
    assert client.get(f"/batches/{batch.pk}/").status_code == 200
    assert client.post(f"/batches/{batch.pk}/cancel").status_code == 403
