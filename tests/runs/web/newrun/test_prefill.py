"""A past run that is run again with changes."""

import html as markup
import re
import uuid
from decimal import Decimal

from django.test import Client

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.models import EvalRun
from runs.services import Kind, RunRequest, run_create
from templates_app.models import EvalTemplate, Persona
from tests import factories
from tests.runs.web.conftest import signed_in
from tests.runs.web.newrun.conftest import NEW, TALK, Fill, html, typed_rows


def test_a_past_run_comes_back_as_a_form(owner: Client, project: Project, agent: Agent, template: EvalTemplate, persona: Persona) -> None:
    request = RunRequest(
        agent=agent,
        template=template,
        sessions=[{"name": "One", "turns": [{"user_message": "Hello <b>"}], "max_turns": 1}, {"name": "Two", "time_gap_hours": 72}],
        user_persona={"name": "Ada", "goal": "A refund", "facts": ["one", "two"]},
        simulation_config={"max_turns_per_session": 7, "enable_diary": True, "model": "demo/user"},
        model="demo/agent",
        judge_model="demo/judge",
        max_cost_usd=Decimal("1.25"),
    )
    run = run_create(project=project, kind=Kind.RUN_EVAL, request=request)
    answer = owner.get(NEW, {"like": run.pk})
    page = html(answer)
    assert typed_rows(answer) == [("One", ["Hello &lt;b&gt;"]), ("Two", [])]
    for shown in (
        'value="72"',
        'value="7"',
        'value="demo/user"',
        'value="demo/agent"',
        'value="1.2500"',
        'value="Ada"',
        "one two",
        "A refund",
    ):
        assert shown in page
    assert re.search(r'name="enable_diary"[^>]* checked', page)
    assert '<option value="new" selected>' in page


def test_the_librarys_persona_is_chosen_where_it_says_the_same(owner: Client, project: Project, agent: Agent, persona: Persona) -> None:
    given = {"name": "Jonas", "goal": "Dinner", "facts": ["Lina is six"], "patience": 3}
    run = run_create(project=project, kind=Kind.SIMULATE, request=RunRequest(agent=agent, user_persona=given))
    assert f'<option value="{persona.pk}" selected>' in html(owner.get(NEW, {"like": run.pk}))


def test_a_judged_transcript_comes_back_to_be_judged_once_more(owner: Client, filled: Fill) -> None:
    owner.post(NEW, filled(kind="evaluate", transcript=f"{TALK}\n---\nUser: Thanks\nAssistant: Gladly"))
    first = EvalRun.objects.get()
    page = owner.get(NEW, {"like": first.pk}).content.decode()
    text = markup.unescape(re.search(r'<textarea name="transcript"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1])  # type: ignore[index]
    owner.post(NEW, filled(kind="evaluate", transcript=text))
    again = EvalRun.objects.exclude(pk=first.pk).get()
    columns = ("role", "content", "session_index")
    assert list(again.messages.values_list(*columns)) == list(first.messages.values_list(*columns))


def test_a_run_of_others_or_of_nobody_is_not_there(owner: Client, stranger: Client, agent: Agent, project: Project) -> None:
    run = factories.run(project=project)
    factories.agent(project=Project.objects.exclude(pk=project.pk).get())
    assert stranger.get(NEW, {"like": run.pk}).status_code == 404
    assert owner.get(NEW, {"like": "x"}).status_code == owner.get(NEW, {"like": uuid.uuid4()}).status_code == 404


def test_hostile_names_are_text(owner: Client, project: Project, filled: Fill) -> None:
    attack = '"><script>alert(1)</script>'
    factories.agent(project=project, name=attack)
    Persona.objects.create(project=project, name=attack)
    page = owner.post(NEW, filled(session__0__name=attack, session__0__turn__0=f"</textarea>{attack}", do="update")).content.decode()
    assert "<script>alert(1)" not in page


def test_an_editor_may_start_one(project: Project, filled: Fill) -> None:
    editor = signed_in(factories.user(project=project, role="editor"))
    assert editor.post(NEW, filled()).status_code == 302
