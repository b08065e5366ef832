"""A form of something new that is sent twice: one thing is made, and what must not come twice says so."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from agents.models import Agent, Harness, ModelProvider
from evalhub.accounts.models import IdempotencyRecord, Project
from templates_app.models import ApiSource, Brand, CustomEval, EnvProfile, EvalTemplate, Persona, Prompt
from tests import factories

pytestmark = pytest.mark.django_db

TEMPLATE = {"name": "Support", "template_type": "quality", "temperature": "0.3", "max_tokens": "8192", "judge_samples": "1"}
CATEGORY = {"category_label": "Tone", "category_key": "", "category_prompt_instructions": "", "category_weight": "1", "op": "save"}
FORMS = {
    "/templates/new/": (EvalTemplate, {**TEMPLATE, **CATEGORY}),
    "/agents/new/": (Agent, {"name": "Mara", "kind": "character", "timeout_seconds": "30", "is_active": "on"}),
    "/personas/new/": (Persona, {"name": "Jonas"}),
    "/prompts/new/": (Prompt, {"text": "Which shop?", "new_topic": "Shops", "status": "active"}),
    "/brands/new/": (Brand, {"name": "Lumen"}),
    "/custom-evals/new/": (CustomEval, {"prompt": "Write a client.", "pass_score": "70", "enabled": "on"}),
    "/sources/new/?kind=cli": (ApiSource, {"label": "Tool"}),
    "/environments/new/": (EnvProfile, {"name": "Test"}),
    "/settings/coding-agents/new": (Harness, {"name": "mine", "argv": "agent {prompt}", "timeout_seconds": "60", "is_active": "on"}),
    "/settings/providers/new": (ModelProvider, {"name": "local", "kind": "openai", "base_url": "http://127.0.0.1:9/v1", "is_active": "on"}),
}
NAMED = {address: made for address, made in FORMS.items() if address not in ("/environments/new/",)}


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def owner(project: Project) -> Client:
    return factories.signed_in(factories.owner(project=project))


def mark(client: Client, address: str) -> str:
    """Of the form as it is shown now."""
    shown = client.get(address).content.decode()
    found = re.search(r'name="once" value="(\w+)"', shown)
    assert found
    return found[1]


@pytest.mark.parametrize("address", FORMS)
def test_the_same_form_sent_twice_makes_one_thing_and_leads_to_it(owner: Client, project: Project, address: str) -> None:
    model, typed = FORMS[address]
    before = model.objects.count()  # type: ignore[attr-defined]
    sent = {**typed, "once": mark(owner, address)}
    first, again = owner.post(address, sent), owner.post(address, sent)
    assert (first.status_code, again.status_code) == (302, 302), first.content.decode()
    assert again["Location"] == first["Location"]
    assert model.objects.count() == before + 1  # type: ignore[attr-defined]
    assert "This was saved already." in owner.get(urlsplit(again["Location"]).path).content.decode()


@pytest.mark.parametrize("address", NAMED)
def test_the_same_content_from_a_form_shown_anew_is_refused_with_a_sentence(owner: Client, project: Project, address: str) -> None:
    model, typed = NAMED[address]
    sent = {**typed, "once": mark(owner, address)}
    assert owner.post(address, sent).status_code == 302
    made = model.objects.count()  # type: ignore[attr-defined]
    again = owner.post(address, {**typed, "once": mark(owner, address)})
    assert 'class="field-error"' in again.content.decode() or "form-errors" in again.content.decode()
    assert model.objects.count() == made  # type: ignore[attr-defined]


def test_a_form_that_was_refused_may_be_sent_again(owner: Client, project: Project) -> None:
    sent = {"name": "", "once": mark(owner, "/personas/new/")}
    assert [owner.post("/personas/new/", sent).status_code for _ in range(2)] == [400, 400]
    assert not IdempotencyRecord.objects.exists()
    assert owner.post("/personas/new/", {**sent, "name": "Jonas"}).status_code == 302


def test_what_is_changed_and_sent_again_is_another_request(owner: Client, project: Project) -> None:
    sent = {"name": "Jonas", "once": mark(owner, "/personas/new/")}
    owner.post("/personas/new/", sent)
    assert owner.post("/personas/new/", {**sent, "style": "short"}).status_code == 400  # the name is taken, and what was typed stays
    assert owner.post("/personas/new/", {**sent, "name": "Jana"}).status_code == 302
    assert set(Persona.objects.filter(project=project).values_list("name", flat=True)) >= {"Jonas", "Jana"}


def test_a_form_of_something_that_is_there_has_no_mark(owner: Client, project: Project) -> None:
    persona = Persona.objects.create(project=project, name="Jonas")
    assert 'name="once"' not in owner.get(f"/personas/{persona.pk}/").content.decode()
