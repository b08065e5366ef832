"""The pages that make and change an agent: editors save, what is refused loses nothing, secrets go in and never come out."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from agents.character import compile_system_prompt
from agents.models import Agent
from agents.seed_data import DEMO_CHARACTER
from agents.services import agent_upsert
from agents.shapes import plain
from evalhub.accounts.models import Project
from evalhub.common.secrets import decrypt
from tests import factories
from tests.agents.web.typed import endpoint, typed

pytestmark = pytest.mark.django_db
NEW = "/agents/new/"
TOKEN = "tok-very-secret"


def edit(agent: Agent) -> str:
    return f"/agents/{agent.pk}/edit/"


def as_sent(client: Client, agent: Agent) -> dict[str, Any]:
    """What a browser would send for the form as it is shown."""
    form = client.get(edit(agent)).context["form"]
    sent: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if field.name.startswith(("big5_", "dimensions_")):
            sent |= {field.html_name: 50 if value is None else value} | ({f"{field.html_name}_on": "1"} if value is not None else {})
        elif field.name in ("initial_goals", "seed_memories"):
            for column in field.field.columns:
                sent[f"{field.name}_{column.name}"] = [row[column.name] for row in value or []]
        elif isinstance(value, bool):
            sent |= {field.html_name: "on"} if value else {}
        else:
            sent[field.html_name] = field.field.prepare_value(value) if value is not None else ""
    return sent


@pytest.fixture
def mara(project: Project) -> Agent:
    return agent_upsert(project=project, name="Mara", character=plain(DEMO_CHARACTER))


@pytest.fixture
def hook(project: Project) -> Agent:
    address = "https://bot.example/hook"
    return agent_upsert(project=project, name="Hook", kind="webhook", endpoint_url=address, endpoint_secret=TOKEN)


def test_an_editor_creates_a_character(editor: Client, project: Project) -> None:
    sent = typed(
        big5_openness="80",
        big5_openness_on="1",
        big5_extraversion="20",
        speech_patterns="short\r\n\r\n dry ",
        behaviors_response_length="two sentences",
        initial_goals_title=["Help", ""],
        initial_goals_description=["with dinner", ""],
        initial_goals_from=["", ""],
    )
    answer = editor.post(NEW, sent)
    made = Agent.objects.get(project=project)
    assert answer.url == f"/agents/{made.pk}/"
    assert made.character["big5"] == {"openness": 80.0}  # a slider that is not ticked states nothing
    assert made.character["speech_patterns"] == ["short", "dry"]
    assert made.character["behaviors"] == {"response_length": "two sentences"}
    assert made.character["initial_goals"] == [{"title": "Help", "description": "with dinner"}]


def test_saving_an_unchanged_form_changes_nothing(editor: Client, mara: Agent) -> None:
    before = mara.snapshot()
    assert editor.post(edit(mara), as_sent(editor, mara)).status_code == 302
    mara.refresh_from_db()
    assert compile_system_prompt(mara.character) == compile_system_prompt(before["character"])
    assert mara.character["initial_goals"] == before["character"]["initial_goals"]  # priority and type, which the form does not show
    assert mara.character["seed_memories"] == before["character"]["seed_memories"]
    assert mara.character["big5"] == before["character"]["big5"]


def test_a_stored_fraction_stays_until_its_slider_is_moved(editor: Client, mara: Agent) -> None:
    agent_upsert(project=mara.project, name="Mara", character={"big5": {"openness": 66.6, "neuroticism": 12.4}})
    sent = as_sent(editor, mara)
    assert sent["big5_openness"] == 67
    editor.post(edit(mara), sent | {"big5_neuroticism": "30"})
    mara.refresh_from_db()
    assert mara.character["big5"] == {"openness": 66.6, "neuroticism": 30.0}


def test_what_was_emptied_is_gone(editor: Client, mara: Agent) -> None:
    editor.post(edit(mara), typed(bio=""))
    mara.refresh_from_db()
    assert mara.character["bio"] == ""
    assert mara.character["true_interests"] == []
    assert mara.character["big5"] == {}
    assert mara.character["initial_goals"] == []


def test_a_name_that_is_taken_is_a_sentence_beside_it_and_nothing_typed_is_lost(editor: Client, mara: Agent) -> None:
    answer = editor.post(NEW, typed(name="Mara", bio="Somebody <b>else</b>"))
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "already named" in shown
    assert escape("Somebody <b>else</b>") in shown
    mara.refresh_from_db()
    assert "Somebody" not in mara.character["bio"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"kind": "robot"}, "kind"),
        ({"name": "x" * 201}, "name"),
        ({"bio": "x" * 20_001}, "bio"),
        ({"true_interests": "\n".join("x" * 101)}, "true_interests"),
        ({"true_interests": "x" * 2001}, "true_interests"),
        ({"big5_openness_on": "1", "big5_openness": "101"}, "big5_openness"),
        ({"big5_openness_on": "1", "big5_openness": "much"}, "big5_openness"),
        ({"big5_openness_on": "1", "big5_openness": "1"}, "big5_openness"),
        ({"kind": "webhook"}, "endpoint_url"),
        ({"kind": "webhook", "endpoint_url": "ftp://x"}, "endpoint_url"),
        ({"kind": "webhook", "endpoint_url": "https://user:pw@x.example/"}, "endpoint_url"),
        ({"kind": "webhook", "endpoint_url": "https://x.example/", "timeout_seconds": "0"}, "timeout_seconds"),
        ({"initial_goals_title": ["x"] * 51}, "initial_goals"),
        ({"seed_memories_content": ["a\x00b"]}, "seed_memories"),
    ],
)
def test_whatever_cannot_be_saved_is_said_beside_its_field(editor: Client, sent: dict[str, Any], field: str) -> None:
    answer = editor.post(NEW, typed(**sent))
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert not Agent.objects.exists()


def test_a_character_is_not_refused_for_an_endpoint_field_nobody_sees(editor: Client) -> None:
    assert editor.post(NEW, typed(endpoint_url="nonsense", timeout_seconds="")).status_code == 302


def test_a_switch_of_the_kind_keeps_the_character(editor: Client, mara: Agent) -> None:
    sent = as_sent(editor, mara) | {"kind": "openai_endpoint", "endpoint_url": "https://bot.example/v1", "endpoint_model": "bot-1"}
    editor.post(edit(mara), sent)
    mara.refresh_from_db()
    assert (mara.kind, mara.model) == ("openai_endpoint", "bot-1")
    assert mara.character["big5"]["openness"] == 66
    editor.post(edit(mara), as_sent(editor, mara) | {"kind": "character"})
    mara.refresh_from_db()
    assert (mara.kind, mara.endpoint_url) == ("character", "")
    assert "village school" in mara.character["bio"]


def test_a_token_is_stored_and_never_shown(editor: Client, project: Project) -> None:
    editor.post(NEW, endpoint("https://bot.example/hook", endpoint_secret=TOKEN))
    made = Agent.objects.get(project=project)
    assert decrypt(made.endpoint_secret_encrypted) == TOKEN
    for path in (edit(made), f"/agents/{made.pk}/"):
        shown = editor.get(path).content.decode()
        assert TOKEN not in shown
        assert made.endpoint_secret_encrypted not in shown


def test_a_refused_form_does_not_repeat_the_token(editor: Client) -> None:
    answer = editor.post(NEW, endpoint("nonsense", endpoint_secret=TOKEN))
    assert answer.status_code == 400
    assert TOKEN not in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({}, TOKEN),
        ({"endpoint_secret": "another"}, "another"),
        ({"forget_secret": "on"}, ""),
        ({"endpoint_url": "https://bot.example/other/path"}, TOKEN),
        ({"endpoint_url": "https://elsewhere.example/hook"}, ""),
        ({"kind": "character"}, ""),
    ],
)
def test_a_stored_token_is_kept_replaced_or_removed(editor: Client, hook: Agent, sent: dict[str, Any], left: str) -> None:
    editor.post(edit(hook), endpoint("https://bot.example/hook", name="Hook") | sent)
    hook.refresh_from_db()
    assert decrypt(hook.endpoint_secret_encrypted) == left


def test_rows_are_added_and_removed_without_a_script(editor: Client) -> None:
    sent = typed(name="", initial_goals_title=["first", "second"], initial_goals_description=["a", "b"], initial_goals_from=["", ""])
    more = editor.post(NEW, sent | {"rows": "add:initial_goals"})
    assert more.status_code == 200
    assert [row["title"] for row in more.context["form"]["initial_goals"].value()] == ["first", "second", ""]
    assert "field-error" not in more.content.decode()
    less = editor.post(NEW, sent | {"rows": "remove:initial_goals:0"})
    assert [row["description"] for row in less.context["form"]["initial_goals"].value()] == ["b"]
    assert not Agent.objects.exists()


def test_the_preview_is_what_the_engine_compiles(editor: Client, mara: Agent) -> None:
    sent = as_sent(editor, mara) | {"bio": "Now <i>retired</i>."}
    shown = editor.post(f"/agents/{mara.pk}/preview/", sent).content.decode()
    assert escape(compile_system_prompt(mara.character | {"bio": "Now <i>retired</i>."})) in shown
    mara.refresh_from_db()
    assert "retired" not in mara.character["bio"]


def test_the_preview_says_what_is_missing(editor: Client) -> None:
    assert "begins with the name" in editor.post("/agents/preview/", typed(name="")).content.decode()
    assert "Type the address" in editor.post("/agents/preview/", endpoint("nonsense")).content.decode()


def test_the_preview_of_an_endpoint_shows_where_and_what_it_is_sent(editor: Client) -> None:
    sent = typed(kind="openai_endpoint", endpoint_url="https://bot.example/v1", endpoint_secret=TOKEN)
    shown = editor.post("/agents/preview/", sent).content.decode()
    assert "https://bot.example/v1/chat/completions" in shown
    assert TOKEN not in shown


def test_a_duplicate_has_everything_but_the_name(editor: Client, hook: Agent) -> None:
    for _ in range(2):
        editor.post(f"/agents/{hook.pk}/duplicate/")
    first, second = Agent.objects.exclude(pk=hook.pk).order_by("created_at")
    assert [first.name, second.name] == ["Hook (copy)", "Hook (copy 2)"]
    assert first.character["name"] == "Hook (copy)"
    assert first.endpoint_url == hook.endpoint_url
    assert decrypt(first.endpoint_secret_encrypted) == TOKEN


def test_a_long_name_can_be_duplicated(editor: Client, project: Project) -> None:
    agent = agent_upsert(project=project, name="x" * 200)
    assert editor.post(f"/agents/{agent.pk}/duplicate/").status_code == 302
    assert max(map(len, Agent.objects.values_list("name", flat=True))) == 200


def test_a_deleted_agent_is_gone_and_its_runs_stay(editor: Client, project: Project, mara: Agent) -> None:
    run = factories.run(project=project, agent=mara)
    assert editor.post(f"/agents/{mara.pk}/delete/").url == "/agents/"
    assert not Agent.objects.exists()
    run.refresh_from_db()
    assert run.agent_name == "Mara"


def test_an_agent_is_deactivated_and_activated(editor: Client, mara: Agent) -> None:
    editor.post(f"/agents/{mara.pk}/active/", {"active": ""})
    mara.refresh_from_db()
    assert not mara.is_active
    editor.post(f"/agents/{mara.pk}/active/", {"active": "1"})
    mara.refresh_from_db()
    assert mara.is_active


WRITES = ("edit", "duplicate", "delete", "active")


@pytest.mark.parametrize("action", WRITES)
def test_a_viewer_writes_nothing(teammate: Client, mara: Agent, action: str) -> None:
    assert teammate.post(f"/agents/{mara.pk}/{action}/", typed()).status_code == 403
    assert teammate.post(NEW, typed(name="Other")).status_code == 403
    assert list(Agent.objects.all()) == [mara]


@pytest.mark.parametrize("action", [*WRITES, "preview"])
def test_for_a_stranger_the_agent_does_not_exist(stranger: Client, mara: Agent, action: str) -> None:
    assert stranger.post(f"/agents/{mara.pk}/{action}/", typed()).status_code == 404
    assert stranger.post(f"/agents/{uuid.uuid4()}/{action}/", typed()).status_code == 404


def test_the_form_costs_the_same_whatever_is_there(editor: Client, mara: Agent, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(6):  # two of them ask who serves its model
        editor.get(edit(mara))
    with django_assert_num_queries(6):
        editor.post(f"/agents/{mara.pk}/preview/", typed())


def test_a_model_that_nobody_serves_is_said_on_the_form_and_on_the_page_and_saved_all_the_same(editor: Client, project: Project) -> None:
    warning = "names the provider &quot;nobody&quot;, which is not configured"
    typed = {"name": "Lost", "kind": "character", "model": "nobody/gpt-x", "is_active": "on", "timeout_seconds": "30"}
    assert warning in editor.post("/agents/preview/", typed).content.decode()
    answer = editor.post("/agents/new/", typed)
    assert answer.status_code == 302
    assert warning in editor.get(answer["Location"]).content.decode()
    assert warning in editor.get(answer["Location"] + "edit/").content.decode()
    assert "not configured" not in editor.post("/agents/preview/", {**typed, "model": "demo/agent"}).content.decode()
    assert "not configured" not in editor.post("/agents/preview/", {**typed, "kind": "webhook"}).content.decode()  # its own server answers
