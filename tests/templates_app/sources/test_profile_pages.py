"""Pages of environments: names of variables are drawn, values never, and nothing that was typed is lost."""

import re
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Project
from templates_app.models import ApiSource, EnvProfile
from templates_app.sources import profiles, services

SECRET = "very-secret-value"


@pytest.fixture
def source(project: Project) -> ApiSource:
    return services.source_create(project=project, source_type="rest_api", label="Pets")


@pytest.fixture
def profile(project: Project) -> EnvProfile:
    return profiles.env_profile_create(project=project, name="Staging", variables={"API_KEY": SECRET, "OTHER": "2"})


def typed(**given: Any) -> dict[str, Any]:
    """An environment's form."""
    return {"name": "Staging", "source": "", "base_url": "", "variables_name": [], "variables_value": [], "allowed_hosts": "", **given}


def test_values_of_variables_are_never_drawn(editor: Client, viewer: Client, profile: EnvProfile, source: ApiSource) -> None:
    pages = [f"/environments/{profile.pk}/", "/environments/", f"/sources/{source.pk}/"]
    for client in (editor, viewer):
        for page in pages:
            assert SECRET not in client.get(page).text
    assert "API_KEY" in viewer.get(pages[0]).text
    sent = typed(name="", variables_name=["API_KEY", "NEW"], variables_value=["", "typed-just-now"])
    wrong = editor.post(pages[0], sent)
    assert wrong.status_code == 400
    assert "typed-just-now" not in wrong.text
    assert "Values that you typed are kept" in wrong.text
    more = editor.post(pages[0], {**sent, "rows": "add:variables"})
    assert more.text.count('name="variables_name"') == 4  # with the blank one that a script copies
    assert "typed-just-now" not in more.text


def sealed(page: str) -> list[str]:
    """What goes along with each row of a form, but for the blank one that a script copies."""
    return re.findall(r'name="variables_sealed" value="([^"]*)"', page)[:-1]


def test_values_typed_survive_rows_that_are_added_and_removed_and_mistakes(editor: Client, profile: EnvProfile) -> None:
    address = f"/environments/{profile.pk}/"
    sent = typed(variables_name=["API_KEY", "GONE", "NEW"], variables_value=["replaced", "2", "3"])
    more = editor.post(address, {**sent, "rows": "add:variables"}).text
    assert "Typed, not saved yet" in more
    sent |= {"variables_name": ["API_KEY", "GONE", "NEW", "LAST"], "variables_value": ["", "", "", "4"], "variables_sealed": sealed(more)}
    fewer = editor.post(address, {**sent, "rows": "remove:variables:1"}).text
    sent |= {"variables_name": ["API_KEY", "NEW", "LAST"], "variables_value": [""] * 3, "variables_sealed": sealed(fewer)}
    wrong = editor.post(address, {**sent, "base_url": "nowhere"})
    assert wrong.status_code == 400
    assert editor.post(address, {**sent, "variables_sealed": sealed(wrong.text)}).status_code == 302
    profile.refresh_from_db()
    assert profile.variables() == {"API_KEY": "replaced", "NEW": "3", "LAST": "4"}


def test_a_value_that_somebody_else_typed_is_not_taken(editor: Client, owner: Client, profile: EnvProfile) -> None:
    sent = typed(variables_name=["API_KEY"], variables_value=["mine"])
    more = editor.post(f"/environments/{profile.pk}/", {**sent, "rows": "add:variables"}).text
    sent |= {"variables_value": [""], "variables_sealed": sealed(more)[:1]}
    for token in (sealed(more)[0], "made-up"):
        refused = owner.post(f"/environments/{profile.pk}/", {**sent, "variables_sealed": [token]})
        assert "API_KEY: its value was typed too long ago. Type it again." in refused.text
    profile.refresh_from_db()
    assert profile.variables()["API_KEY"] == SECRET


def test_a_value_left_empty_stays_and_a_row_left_out_goes(editor: Client, profile: EnvProfile) -> None:
    sent = typed(variables_name=["API_KEY", "NEW"], variables_value=["", "3"], allowed_hosts="api.example.com\n*.b.example:8443")
    assert editor.post(f"/environments/{profile.pk}/", sent)["Location"] == "/environments/"
    profile.refresh_from_db()
    assert profile.variables() == {"API_KEY": SECRET, "NEW": "3"}
    assert profile.allowed_hosts == ["api.example.com", "*.b.example:8443"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"variables_name": ["A", "A"], "variables_value": ["1", "2"]}, "A is there twice."),
        ({"variables_name": ["A"], "variables_value": [""]}, "A has no value yet: enter one."),
        ({"variables_name": [""], "variables_value": ["1"]}, "is no name such as API_KEY"),
        ({"allowed_hosts": "https://a.example"}, "is no host such as"),
        ({"base_url": "a.example"}, "Must be an address such as"),
        ({"key": "a b"}, "Must be letters, digits"),
        ({"source": "other"}, "Select a valid choice"),
    ],
)
def test_a_mistake_in_an_environment_stands_beside_its_field(editor: Client, wrong: Any, said: str) -> None:
    response = editor.post("/environments/new/", typed(**wrong))
    assert response.status_code == 400
    assert said in response.text
    assert not EnvProfile.objects.exists()


def test_an_environment_is_made_for_a_source_and_deleted(editor: Client, source: ApiSource) -> None:
    assert f'value="{source.pk}" selected' in editor.get(f"/environments/new/?source={source.pk}").text
    saved = editor.post("/environments/new/", typed(key="prod", source=str(source.pk), variables_name=["A"], variables_value=["1"]))
    assert saved["Location"] == f"/sources/{source.pk}/"
    made = EnvProfile.objects.get(key="prod")
    assert (made.source, made.variables()) == (source, {"A": "1"})
    editor.post(f"/environments/{made.pk}/delete")
    assert not EnvProfile.objects.exists()


def test_the_first_environment_made_for_a_source_is_its_default_and_the_second_is_not(editor: Client, source: ApiSource) -> None:
    for key, said in (("first", "runs in it wherever nothing else is said"), ("second", "make it the default")):
        page = editor.post("/environments/new/", typed(key=key, source=str(source.pk)), follow=True).text
        assert said in page
    source.refresh_from_db()
    assert source.default_env_profile == EnvProfile.objects.get(key="first")
