"""The page of a new run: what it begins with, what is refused, and what it starts."""

import json
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.models import CallTally, EvalRun
from templates_app.models import EvalTemplate, Persona
from tests import factories
from tests.runs.web.newrun.conftest import NEW, TALK, Fill, Typed, html


def test_it_opens_with_something_of_everything_chosen(owner: Client, agent: Agent, template: EvalTemplate, persona: Persona) -> None:
    page = html(owner.get(NEW))
    for chosen in (agent, template, persona):
        assert f'<option value="{chosen.pk}" selected>' in page
    assert "What it takes" in page
    assert 'data-draft="run:new"' in page
    assert "demo/agent" in page


def test_the_address_names_what_it_begins_with(owner: Client, project: Project, agent: Agent, persona: Persona) -> None:
    other, adaptation = factories.agent(project=project, name="Bo"), factories.template(project=project, kind="adaptation")
    somebody = Persona.objects.create(project=project, name="Zoe")
    page = html(owner.get(NEW, {"agent": other.pk, "template": adaptation.pk, "persona": somebody.pk}))
    for chosen in (other, adaptation, somebody):
        assert f'<option value="{chosen.pk}" selected>' in page


@pytest.mark.parametrize("query", ["agent=nobody", "template=%00", "persona=../..", "agent=" + "x" * 5000])
def test_an_address_that_names_nobody_opens_the_same_form(owner: Client, agent: Agent, query: str) -> None:
    assert owner.get(f"{NEW}?{query}").status_code == 200


def test_without_an_agent_it_says_what_to_do(owner: Client) -> None:
    assert "No agent to talk to yet" in html(owner.get(NEW))


def test_it_starts_a_run_and_leads_to_it(owner: Client, filled: Fill, project: Project, persona: Persona) -> None:
    answer = owner.post(
        NEW,
        filled(
            session__0__name="First",
            session__0__turn__0="Hello",
            session__1__name="Later",
            session__1__gap="36",
            session__1__on="on",
            session__1__turn__0="Me again",
            max_cost_usd="0.5",
            enable_diary="on",
            user_model="demo/user",
            judge_model="demo/judge",
        ),
    )
    run = EvalRun.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.kind, run.project, run.scenario_id, run.max_cost_usd) == ("run_eval", project, None, Decimal("0.5"))
    assert [(plan["name"], plan["gap_minutes"], plan["script"], plan["max_turns"]) for plan in run.sessions] == [
        ("First", 0, ["Hello"], 1),
        ("Later", 36 * 60, ["Me again"], 5),
    ]
    assert run.user_persona == {"name": "Jonas", "goal": "Dinner", "facts": ["Lina is six"], "patience": 3}
    assert (run.simulation_config["enable_diary"], run.simulation_config["model"], run.judge_model) == (True, "demo/user", "demo/judge")
    assert "notice-success" in html(owner.get(answer["Location"]))


def test_repeats_belong_together_and_lead_to_the_list_of_them(owner: Client, filled: Fill) -> None:
    answer = owner.post(NEW, filled(repeats="4"))
    [together] = set(EvalRun.objects.values_list("scenario_id", flat=True))
    assert EvalRun.objects.count() == 4
    assert answer["Location"] == f"/runs/?group={together}"


def test_a_form_that_is_sent_twice_starts_once(owner: Client, filled: Fill) -> None:
    typed = filled(repeats="2")
    assert owner.post(NEW, typed)["Location"] == owner.post(NEW, typed)["Location"]
    assert EvalRun.objects.count() == 2
    assert owner.post(NEW, typed | {"turns": "6"}).status_code == 302  # gone back, and changed
    assert EvalRun.objects.count() == 4


def test_a_new_persona_is_used_and_kept_if_wished(owner: Client, filled: Fill, project: Project) -> None:
    written = {"persona": "new", "persona_name": "Ada", "persona_goal": "A refund", "persona_facts": "Order 4711\n\n Paid twice "}
    owner.post(NEW, filled(**written))
    assert EvalRun.objects.get().user_persona == {"name": "Ada", "goal": "A refund", "facts": ["Order 4711", "Paid twice"]}
    assert not Persona.objects.filter(name="Ada").exists()
    owner.post(NEW, filled(**written, persona_save="on"))
    assert Persona.objects.get(name="Ada").facts == ["Order 4711", "Paid twice"]
    refused = owner.post(NEW, filled(**written, persona_save="on"))
    assert refused.status_code == 400
    assert "The library has a persona of this name" in html(refused)


def test_a_pasted_transcript_is_judged(owner: Client, filled: Fill) -> None:
    owner.post(NEW, filled(kind="evaluate", transcript=TALK))
    run = EvalRun.objects.get()
    assert (run.kind, run.user_persona) == ("evaluate", {})
    assert list(run.messages.values_list("role", "content")) == [("user", "My order has not arrived."), ("assistant", "It comes tomorrow.")]


def test_an_uploaded_file_is_judged_and_kept_when_something_else_is_wrong(owner: Client, filled: Fill) -> None:
    lines = "\n".join(json.dumps({"role": role, "content": f"said by {role}"}) for role in ("user", "assistant"))
    refused = owner.post(NEW, filled(kind="evaluate", template="", transcript_file=SimpleUploadedFile("a.jsonl", lines.encode())))
    assert refused.status_code == 400
    assert "said by assistant" in refused.content.decode()
    owner.post(NEW, filled(kind="evaluate", transcript_file=SimpleUploadedFile("a.jsonl", lines.encode())))
    assert EvalRun.objects.get().messages.count() == 2


@pytest.mark.parametrize(
    ("transcript", "sentence"),
    [
        ("", "There is nothing in it."),
        ("Hello", "Line 1: it does not say who speaks"),
        ("User: a\nUser: b", "no message has the role assistant"),
        ("User: only", "at least 2 messages"),
        ('[{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}]', "Message 2, role: Must be one of"),
        ('{"role": "user", "content": "a"}\n\n{"role": "assistant", "content": 7}', "Message 2 (line 3), content: Must be a text"),
        ('[{"role": "user", "content": "a"}, 5]', "Message 2: Must be an object"),
    ],
)
def test_a_transcript_that_cannot_be_judged_is_refused_with_its_place(owner: Client, filled: Fill, transcript: str, sentence: str) -> None:
    answer = owner.post(NEW, filled(kind="evaluate", transcript=transcript))
    assert answer.status_code == 400
    assert sentence in html(answer)
    assert not EvalRun.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"x" * 2_000_001, "big.txt is larger than 2 MB."), (b"User: \xff", "big.txt is no UTF-8 text (byte 6).")]
)
def test_a_file_that_cannot_be_read_is_refused_beside_its_field(owner: Client, filled: Fill, content: bytes, sentence: str) -> None:
    answer = owner.post(NEW, filled(kind="evaluate", transcript="kept", transcript_file=SimpleUploadedFile("big.txt", content)))
    assert answer.status_code == 400
    assert sentence in html(answer)
    assert "kept" in html(answer)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"agent": ""}, "Choose an agent."),
        ({"agent": str(uuid.uuid4())}, "Select a valid choice"),
        ({"kind": "batch"}, "Select a valid choice"),
        ({"template": ""}, "without one nothing is judged"),
        ({"turns": "0"}, "greater than or equal to 1"),
        ({"turns": "many"}, "Enter a whole number."),
        ({"repeats": "101"}, "less than or equal to 100"),
        ({"max_cost_usd": "-1"}, "greater than or equal to 0.0001"),
        ({"max_cost_usd": "0"}, "greater than or equal to 0.0001"),
        ({"max_cost_usd": "NaN"}, "Enter a number."),
        ({"persona": "new"}, "A persona needs a name."),
        ({"session__0__gap": "soon"}, "Hours from 0 to 8760."),
        ({"session__0__gap": "inf"}, "Hours from 0 to 8760."),
        ({"session__0__turn__0": " "}, "Write what the user says here"),
        ({"session__0__name": "x" * 201}, "At most 200 characters."),
        ({"agent_model": "nowhere/x"}, "which is not configured"),
        ({"judge_model": "demo/x"}, "There is no demo model"),
    ],
)
def test_what_cannot_be_run_is_said_and_nothing_typed_is_lost(owner: Client, filled: Fill, changes: Typed, sentence: str) -> None:
    answer = owner.post(NEW, filled(**{"session__0__turn__1": "Keep these words", **changes}))
    assert answer.status_code == 400
    assert sentence in html(answer)
    assert "Keep these words" in html(answer)
    assert not EvalRun.objects.exists()


def test_nul_and_half_a_surrogate_are_no_error_of_ours(owner: Client, filled: Fill) -> None:
    assert owner.post(NEW, filled(session__0__turn__0="a\x00b")).status_code == 302
    assert EvalRun.objects.get().sessions[0]["script"] == ["a\ufffdb"]
    assert owner.post(NEW, filled(persona="new", persona_name="a\x00b")).status_code == 400


def test_a_spent_budget_refuses_beside_the_form(owner: Client, filled: Fill, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=1)
    CallTally.objects.create(project=project, day=timezone.now().date(), model="m", purpose="user", price_usd=1)
    answer = owner.post(NEW, filled(session__0__turn__0="Keep these words"))
    assert answer.status_code == 400
    assert "so no new run begins" in html(answer)
    assert "Keep these words" in html(answer)
    assert not EvalRun.objects.exists()
    assert "for this month is spent" in html(owner.get(NEW))


def test_a_viewer_is_sent_away_and_a_stranger_finds_nothing_of_ours(teammate: Client, stranger: Client, filled: Fill, agent: Agent) -> None:
    assert teammate.get(NEW).status_code == teammate.post(NEW, filled()).status_code == 403
    assert teammate.post("/runs/new/estimate", filled()).status_code == 403
    assert "Mara" not in html(stranger.get(NEW))
    assert stranger.post(NEW, filled()).status_code == 400
    assert not EvalRun.objects.exists()


def test_who_is_signed_out_is_sent_to_sign_in(client: Client, agent: Agent) -> None:
    assert client.get(NEW)["Location"].startswith("/sign-in")


@pytest.mark.parametrize("count", [1, 8])
def test_it_takes_twelve_queries_at_most_however_much_there_is(owner: Client, project: Project, agent: Agent, count: int) -> None:
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=100)
    for number in range(count):
        factories.agent(project=project, name=f"Agent {number}")
        factories.template(project=project, name=f"Template {number}")
        Persona.objects.create(project=project, name=f"Persona {number}")
    with CaptureQueriesContext(connection) as asked:
        owner.get(NEW)
    assert len(asked) <= 12
