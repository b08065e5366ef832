"""A form whose row somebody deletes while it is open comes back with what was typed, and leads to a new one. No form is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from agents.models import Agent, Harness, ModelProvider
from evalhub.accounts.models import Role
from runs.models import Target
from templates_app.models import (
    ApiOperation,
    ApiSource,
    Brand,
    CustomEval,
    EnvProfile,
    EvalDefinition,
    EvalTemplate,
    Persona,
    Prompt,
    PromptTopic,
)
from tests import factories
from tests.support.addresses import PARAMETER, Form, FormReader, Site, routes, site_make
from tests.support.committed import committed

pytestmark = pytest.mark.django_db
SAID = "somebody deleted this meanwhile, or it belongs to another project than"
WORDS = "typed <b>by me</b>"
SHOWN = "typed &lt;b&gt;by me&lt;/b&gt;"
SLUG = "typed-by-me"


@dataclass(frozen=True)
class Case:
    """Which row's form, the box that is typed into, and the address of the page it is on where that is another."""

    model: type[Model]
    field: str
    words: str = WORDS
    page: str = ""


AS_NEW = {
    "agent-edit": Case(Agent, "name"),
    "persona": Case(Persona, "name"),
    "template": Case(EvalTemplate, "name"),
    "prompt": Case(Prompt, "text"),
    "topic-rename": Case(PromptTopic, "name", page="topic-list"),
    "brand": Case(Brand, "name"),
    "source-edit": Case(ApiSource, "label"),
    "operation-edit": Case(ApiOperation, "path"),
    "profile": Case(EnvProfile, "name"),
    "custom-eval": Case(CustomEval, "prompt"),
    "coding-agent": Case(Harness, "name", SLUG),
    "provider-edit": Case(ModelProvider, "name", SLUG, page="provider"),
    "target": Case(Target, "frequency", "weekly"),
}
TO_COPY = {
    "definition": Case(EvalDefinition, "custom_prompt"),
    "source-import": Case(ApiSource, "text"),
    "provider": Case(ModelProvider, "max_concurrent", "170017"),
}


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """Made once: what a test does to it is rolled back."""
    with committed(site_make, django_db_blocker) as made:
        yield made


def _open(site: Site, name: str, case: Case) -> tuple[str, dict[str, Any]]:
    """The address that the form is sent to, and what is in its boxes, the typed words among it."""
    address = site.address(routes()[name])
    page = site.client(site.owner).get(site.address(routes()[case.page or name])).content.decode()
    forms = [form for form in FormReader(page).forms if form.is_post and form.action in ("", address) and case.field in form.values]
    return address, forms[0].values | {"category_label": "Tone", case.field: case.words}


def _delete(site: Site, name: str, case: Case) -> None:
    """The row, and what would not let it go."""
    if case.model is PromptTopic:
        Prompt.objects.all().delete()
    case.model.objects.filter(pk=site.ids[PARAMETER.findall(routes()[name])[0]]).delete()


def _form_of_a_new_one(page: str, case: Case) -> Form:
    return next(form for form in FormReader(page).forms if form.is_post and form.values.get(case.field, "").strip() == case.words)


@pytest.mark.parametrize("name", AS_NEW)
def test_what_was_typed_comes_back_and_is_saved_as_a_new_one(site: Site, name: str) -> None:
    case, client = AS_NEW[name], site.client(site.owner)
    address, sent = _open(site, name, case)
    _delete(site, name, case)
    gone = client.post(address, sent)
    page = gone.content.decode()
    assert gone.status_code == 404
    assert SAID in page
    again = _form_of_a_new_one(page, case)
    saved = client.post(again.action, sent | {"once": again.values.get("once", "")})
    assert saved.status_code == 302
    assert case.model.objects.filter(**{case.field: case.words}).count() == 1


@pytest.mark.parametrize("name", TO_COPY)
def test_what_cannot_be_made_anew_by_itself_is_shown_to_copy_from(site: Site, name: str) -> None:
    case = TO_COPY[name]
    address, sent = _open(site, name, case)
    _delete(site, name, case)
    gone = site.client(site.owner).post(address, sent)
    page = gone.content.decode()
    assert gone.status_code == 404
    assert SAID.capitalize() in page
    assert (SHOWN if case.words == WORDS else f'value="{case.words}"') in page


@pytest.mark.parametrize("name", [*AS_NEW, *TO_COPY])
def test_a_viewer_and_whoever_follows_a_link_find_nothing(site: Site, name: str) -> None:
    case = (AS_NEW | TO_COPY)[name]
    address, sent = _open(site, name, case)
    _delete(site, name, case)
    refused = site.client(site.viewer).post(address, sent)
    assert refused.status_code in (403, 404)
    assert case.words not in refused.content.decode()
    assert SHOWN not in refused.content.decode()
    if name not in ("topic-rename", "provider-edit"):
        followed = site.client(site.owner).get(address)
        assert followed.status_code == 404
        assert "There is nothing here" in followed.content.decode()


@pytest.mark.parametrize("name", ["coding-agent", "provider", "provider-edit"])
def test_an_editor_is_shown_no_form_of_owners(site: Site, name: str) -> None:
    case = (AS_NEW | TO_COPY)[name]
    address, sent = _open(site, name, case)
    _delete(site, name, case)
    editor = factories.user(project=site.project, role=Role.EDITOR, name="edna")
    refused = site.client(editor).post(address, sent)
    assert refused.status_code in (403, 404)
    assert SAID not in refused.content.decode().lower()


def test_a_row_of_another_project_is_told_from_none_by_nothing(site: Site) -> None:
    stranger = site.client(factories.stranger())
    there, nowhere = (stranger.post(f"/personas/{key}/", {"name": WORDS}) for key in (site.ids["persona_id"], site.ids["agent_id"]))
    assert _without_marks(there.content.decode()) == _without_marks(nowhere.content.decode())


def _without_marks(page: str) -> list[str]:
    return [line for line in page.splitlines() if "csrf" not in line and 'name="once"' not in line]


def test_typed_values_of_an_environment_go_along_sealed_and_stored_ones_are_asked_for(site: Site) -> None:
    client, address = site.client(site.owner), site.address(routes()["profile"])
    EnvProfile.objects.all().delete()
    sent: dict[str, Any] = {"name": "Staging", "variables_name": ["API_KEY", "TOKEN"], "variables_value": ["", "s3cret-typed"]}
    page = client.post(address, sent | {"variables_sealed": ["", ""]}).content.decode()
    assert "s3cret-typed" not in page
    assert "those that were stored are gone: type them again" in page
    assert "Typed, not saved yet" in page
    assert "Stored: type to replace it" not in page
    sealed = _sealed(client, address, sent)
    anew = {"name": "Staging", "variables_name": ["API_KEY", "TOKEN"], "variables_value": ["new", ""], "variables_sealed": ["", sealed]}
    assert client.post(reverse("profile-new"), anew).status_code == 302
    assert EnvProfile.objects.get().variable_names == ["API_KEY", "TOKEN"]


def _sealed(client: Client, address: str, sent: dict[str, Any]) -> str:
    form = client.post(address, sent | {"variables_sealed": ["", ""]}).context["form"]
    drawn = form["variables"].field.widget.get_context("variables", form["variables"].value(), {})
    return str(drawn["rows"][1]["inputs"][2]["value"])


def test_a_row_more_or_less_of_a_gone_persona_is_still_added(site: Site) -> None:
    address = site.address(routes()["persona"])
    Persona.objects.all().delete()
    page = site.client(site.owner).post(address, {"name": "Pia", "facts_text": ["Has a dog"], "rows": "add:facts"})
    assert page.status_code == 404
    assert [row["text"] for row in page.context["form"]["facts"].value()] == ["Has a dog", ""]


def test_a_row_that_goes_between_the_look_and_the_change_is_no_error_either(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from templates_app.personas import services

    def goes(*_: Any, **__: Any) -> None:
        raise Persona.DoesNotExist

    monkeypatch.setattr(services, "persona_update", goes)
    gone = site.client(site.owner).post(site.address(routes()["persona"]), {"name": WORDS})
    assert gone.status_code == 404
    assert SAID in gone.content.decode()


def test_a_target_whose_source_went_with_it_shows_how_often_it_was_to_run(site: Site) -> None:
    address = site.address(routes()["target"])
    Target.objects.all().delete()
    sent = {"kind": "sdk", "source": site.ids["agent_id"], "other": "demo/agent", "frequency": "weekly"}
    gone = site.client(site.owner).post(address, sent)
    assert gone.status_code == 404
    assert SAID.capitalize() in gone.content.decode()
    assert '<option value="weekly" selected>' in gone.content.decode()
