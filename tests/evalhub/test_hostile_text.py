"""What people, agents and models write is text on every page and in every file, whatever it says."""

import csv
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO

import pytest
from pytest_django import DjangoDbBlocker

from agents.models import Agent, Harness
from evalhub.accounts.models import ApiKey
from runs.batches.summary import summarize
from runs.models import Batch, BatchSubject, EvalRun, Message, Target, Trial, Verdict
from templates_app.models import (
    ApiOperation,
    ApiSource,
    Brand,
    CustomEval,
    EnvProfile,
    EvalCategory,
    EvalDefinition,
    EvalTemplate,
    Persona,
    Prompt,
    PromptTag,
    PromptTopic,
)
from tests.evalhub.test_every_address import ROUTES, SEEN
from tests.runs.exports.reading import body
from tests.support.addresses import Site, site_make
from tests.support.committed import committed

pytestmark = pytest.mark.django_db
SHORT = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7*7 }}\u202e'
LONG = f"=1+1 {SHORT}{'w' * 50_000}"


class Elements(HTMLParser):
    """What a browser would make of a page that hostile text could have put there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._is_script = tag == "script"
        self.found += [name for name in given if name.startswith("on")]
        if tag == "img" or (tag == "script" and "alert" in (given.get("src") or "")):
            self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if self._is_script and "alert(1)" in data:
            self.found.append("script")
        self._is_script = False


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    with committed(spoilt, django_db_blocker) as made:
        yield made


def spoilt() -> Site:
    made = site_make()
    project = made.project
    hostile = {"name": SHORT, "bio": LONG, "personality_prompt": LONG, "speech_patterns": [LONG]}
    Agent.objects.filter(project=project).update(name=SHORT, character=hostile, model=SHORT)
    Persona.objects.filter(project=project).update(
        name=SHORT, description=LONG, style=LONG, goal=LONG, facts=[LONG, SHORT], behaviours=[LONG, SHORT]
    )
    EvalTemplate.objects.filter(project=project).update(name=SHORT, description=LONG, scoring_rubric=LONG, judge_model=SHORT)
    EvalCategory.objects.filter(template__project=project).update(label=SHORT, prompt_instructions=LONG)
    PromptTopic.objects.filter(project=project).update(name=SHORT)
    Prompt.objects.filter(project=project).update(text=LONG, platform_ids=[SHORT])
    Prompt.objects.get(project=project).tags.add(PromptTag.objects.create(project=project, name=SHORT[:80]))
    Brand.objects.filter(project=project).update(name=SHORT, aliases=[SHORT, LONG], domain=SHORT)
    remarks = [{"place": SHORT, "reason": LONG}]
    report = {"title": SHORT, "version": SHORT, "skipped": remarks, "skipped_count": 1, "notes": remarks, "notes_count": 1}
    told = {"docs_url": f"javascript:alert(1)//{SHORT}", "api_base_url": SHORT, "docs": LONG, "command": SHORT, "document_url": SHORT}
    ApiSource.objects.filter(project=project, source_type="rest_api").update(label=SHORT, import_report=report, **told)
    ApiSource.objects.filter(project=project, source_type="sdk").update(label=f"{SHORT} sdk", **told)
    ApiOperation.objects.filter(source__project=project).update(summary=SHORT, description=LONG, category=SHORT)
    EvalDefinition.objects.filter(project=project).update(
        custom_prompt=LONG, expected_behavior=LONG, model_ids=[SHORT], run_context={SHORT: LONG}
    )
    EnvProfile.objects.filter(project=project).update(name=SHORT[:120], base_url=SHORT, variable_names=[SHORT], allowed_hosts=[SHORT])
    CustomEval.objects.filter(project=project).update(prompt=LONG, prompt_template=LONG, description=LONG)
    ApiKey.objects.filter(project=project).update(name=SHORT[:80])
    Harness.objects.filter(project=project).update(label=SHORT, argv=SHORT, model_names=[SHORT], allowed_hosts=[SHORT])
    type(made.owner).objects.filter(memberships__project=project, pk=made.viewer.pk).update(username=SHORT)
    _run_spoil(EvalRun.objects.get(pk=made.ids["run_id"]))
    _batch_spoil(Batch.objects.get(project=project))
    return made


def _batch_spoil(batch: Batch) -> None:
    batch.name, batch.error_reason = SHORT[:200], LONG
    batch.targets = [target | {"label": SHORT} for target in batch.targets]
    batch.save()
    BatchSubject.objects.filter(batch=batch).update(label=SHORT[:200], group=SHORT[:200])
    Trial.objects.filter(batch=batch).update(label=SHORT[:200], group=SHORT[:200], first_reason=SHORT[:40], failure_reasons=[SHORT])
    EvalRun.objects.filter(batch=batch).update(error_reason=LONG)
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    Target.objects.filter(project=batch.project).update(model_id=SHORT[:200], skip_reason=SHORT, prompt_platform_id=SHORT[:120])


def _run_spoil(run: EvalRun) -> None:
    run.agent_name = run.user_id = run.agent_model = run.user_model = run.judge_model = SHORT
    run.error_reason = LONG
    run.user_persona = {"name": SHORT, "goal": LONG, "facts": [LONG]}
    for result in (run.evaluation_result, run.adaptation_result):
        result |= {"feedback": LONG, "judge_model": SHORT, "template_name": SHORT, "unscored_reason": LONG}
        for row in result["categories"]:
            row |= {"label": SHORT, "reasoning": LONG, "evidence": [{"message_index": 0, "quote": SHORT, "found": True}]}
    for snapshot in (run.template_snapshot, run.adaptation_template_snapshot):
        snapshot |= {"name": SHORT, "scoring_rubric": LONG}
    run.sessions = [session | {"name": SHORT} for session in run.sessions]
    run.save()
    call = {"id": SHORT, "type": "function", "function": {"name": SHORT, "arguments": LONG}}
    Message.objects.filter(run=run).update(content=LONG, name=SHORT, tool_calls=[call])
    Verdict.objects.filter(run=run).update(answer=run.evaluation_result)
    for event in run.events.all():
        event.payload = {key: SHORT if key in ("content", "reason", "message") else value for key, value in event.payload.items()}
        event.save()


def test_no_element_comes_out_of_text_on_any_page(site: Site) -> None:
    client, found, shown = site.client(site.owner), {}, 0
    for name in SEEN:
        if "export" in name or name == "persona-file":
            continue
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get(site.address(ROUTES[name]), headers=headers)
            assert response.status_code in (200, 302), name
            shown += "&lt;script&gt;alert(1)" in response.text
            if elements := Elements(response.text).found:
                found[name] = elements
    assert not found
    assert shown > 20, "hostile text is on the pages at all"


@pytest.mark.parametrize("kind", ["prompts", "rest_api", "sdk", "custom_evals"])
def test_what_models_servers_and_programs_said_to_a_trial_is_text(site: Site, kind: str) -> None:
    trial = Trial.objects.filter(batch__project=site.project).select_related("run").first()
    assert trial
    side = {"method": SHORT, "url": f"javascript:alert(1)//{SHORT}", "status": SHORT, "headers": [[SHORT, SHORT]], "body": LONG}
    trial.source_type, trial.failure_reasons, trial.first_reason = kind, [SHORT], SHORT[:40]
    trial.details = {
        "checks": [{"key": SHORT, "passed": False, "detail": LONG, "reason": SHORT}],
        "request": {"method": SHORT, "path": SHORT},
        "exchange": {"request": {**side, "dropped_headers": [SHORT]}, "response": side, "latency_ms": 1, "failure": SHORT, "detail": LONG},
        "execution": {"sentence": SHORT, "exit_code": 1, "stdout": LONG, "stderr": LONG, "files": [{"path": SHORT, "size": 1}]}
        | {"refused_hosts": [SHORT], "files_left_out": 1, "stdout_truncated": True, "stderr_truncated": True, "latency_ms": 1},
        "sandboxed": False,
        "citations": [{"place": 1, "url": f"javascript:alert(1)//{SHORT}", "domain": SHORT, "is_own": True}],
        "mentions": [{"brand_id": SHORT, "brand": SHORT, "is_own": True, "count": 1, "rank": 1, "places": [[0, 3], [10**9, -5]]}],
        "error": {"message": LONG},
    }
    trial.save()
    Message.objects.create(run=trial.run, index=900, session_index=0, turn_index=900, role="tool", name=SHORT[:80], content=LONG)
    for path in (f"/runs/{trial.pk}/", f"/runs/{trial.pk}/trial"):
        page = site.client(site.owner).get(path, headers={"HX-Request": "true"} if path.endswith("trial") else {})
        assert page.status_code == 200
        assert not Elements(page.text).found
        assert 'href="javascript:' not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


@pytest.mark.parametrize("path", ["runs/{run_id}/export.csv", "runs/export.csv", "batches/{batch_id}/export.csv"])
def test_no_cell_of_a_table_is_computed(site: Site, path: str) -> None:
    text = body(site.client(site.owner).get("/" + path.format(**site.ids))).removeprefix("\ufeff")
    usual = csv.field_size_limit(1_000_000)  # of the whole process
    try:
        cells = [cell for row in csv.reader(StringIO(text)) for cell in row]
    finally:
        csv.field_size_limit(usual)
    assert any("alert(1)" in cell for cell in cells)
    assert not [cell[:20] for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_childs_card_shows_what_servers_and_programs_wrote_as_text(site: Site) -> None:
    trial = Trial.objects.filter(batch__project=site.project).first()
    assert trial is not None
    headers = [[SHORT, LONG]]
    trial.details = {
        "checks": [{"key": SHORT, "passed": False, "detail": LONG, "reason": SHORT}],
        "exchange": {
            "request": {"method": SHORT, "url": SHORT, "headers": headers, "body": LONG, "dropped_headers": [SHORT]},
            "response": {"status": 200, "headers": headers, "body": LONG, "truncated": True},
            "detail": SHORT,
        },
        "execution": {
            "sentence": SHORT,
            "exit_code": 1,
            "stdout": LONG,
            "stderr": LONG,
            "files": [{"path": SHORT}],
            "refused_hosts": [SHORT],
        },
        "error": {"code": SHORT, "message": LONG},
        "sandboxed": False,
    }
    trial.save()
    page = site.client(site.owner).get(f"/runs/{trial.pk}/").text
    assert Elements(page).found == []
    assert page.count("&lt;script&gt;alert(1)") > 12


def test_a_report_fences_or_escapes_what_was_said(site: Site) -> None:
    text = body(site.client(site.owner).get(f"/runs/{site.ids['run_id']}/export.md"))
    in_fence, outside = "", []
    for line in text.splitlines():
        mark = line[: len(line) - len(line.lstrip("`"))]
        if len(mark) >= 3:
            in_fence = "" if mark == in_fence else in_fence or mark
        elif not in_fence:
            outside.append(line)
    assert not [line[:60] for line in outside if "<script>" in line.replace("\\<", "") or "<img" in line.replace("\\<", "")]
