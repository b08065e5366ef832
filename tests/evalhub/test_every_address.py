"""Every address of the pages, for everybody who may knock there. A route that the table does not know fails, to be thought about."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import DjangoDbBlocker

from evalhub.accounts.models import PersonSession
from tests import factories
from tests.runs.exports.reading import body
from tests.support.addresses import FormReader, Site, routes, site_make, takes_row
from tests.support.committed import committed

pytestmark = pytest.mark.django_db


class Post(Enum):
    """What a POST to an address is for."""

    NONE = "not taken"
    READS = "every member may"
    WRITES = "editors and owners"
    OWNS = "owners"
    OWN = "about one's own account"


SEEN = {
    **dict.fromkeys(["agent-new", "agent-edit", "agent-chat", "persona-new", "persona", "persona-import"], Post.WRITES),
    **dict.fromkeys(["template-new", "template", "template-import", "run-new"], Post.WRITES),
    **dict.fromkeys(["settings-keys", "settings-members", "provider-new", "provider", "settings-prices", "settings-budget"], Post.OWNS),
    **dict.fromkeys(["coding-agent-new", "coding-agent"], Post.OWNS),
    **dict.fromkeys(["home", "overview-now", "run-list", "run", "run-transcript", "run-log", "run-live", "run-export"], Post.NONE),
    **dict.fromkeys(["agent-list", "agent", "persona-list", "persona-file", "template-list", "template-versions"], Post.NONE),
    **dict.fromkeys(["template-export-yaml", "template-export-json", "operations", "account", "settings"], Post.NONE),
    **dict.fromkeys(["settings-project", "settings-providers", "settings-coding-agents"], Post.NONE),
    **dict.fromkeys(["prompt-new", "prompt", "prompt-import", "topic-list", "brand-new", "brand"], Post.WRITES),
    **dict.fromkeys(["prompt-list", "prompt-export", "brand-list", "voice"], Post.NONE),
    **dict.fromkeys(["source-new", "source-edit", "source-import", "operation-new", "operation-edit", "definition"], Post.WRITES),
    **dict.fromkeys(["profile-new", "profile", "custom-eval-new", "custom-eval"], Post.WRITES),
    **dict.fromkeys(["source-list", "source", "operation", "profile-list", "custom-eval-list"], Post.NONE),
    **dict.fromkeys(["batch-new", "target-new", "target"], Post.WRITES),
    **dict.fromkeys(["batch-list", "batch", "batch-now", "batch-children", "batch-cell", "batch-export"], Post.NONE),
    **dict.fromkeys(["run-trial", "target-list", "trends"], Post.NONE),
    "runs-export": Post.READS,
}
POSTED = {
    **dict.fromkeys(["agent-duplicate", "agent-delete", "agent-active", "agent-test", "agent-test-of"], Post.WRITES),
    **dict.fromkeys(["persona-duplicate", "persona-delete", "template-duplicate", "template-delete", "template-restore"], Post.WRITES),
    **dict.fromkeys(["template-try", "run-bulk", "run-new-estimate", "run-cancel", "run-resume", "run-again"], Post.WRITES),
    **dict.fromkeys(["run-rejudge", "run-delete"], Post.WRITES),
    **dict.fromkeys(["source-select", "source-delete", "operation-delete", "profile-delete"], Post.WRITES),
    **dict.fromkeys(["custom-eval-select", "custom-eval-delete"], Post.WRITES),
    **dict.fromkeys(["batch-new-estimate", "batch-cancel", "batch-resume", "batch-again", "batch-delete"], Post.WRITES),
    **dict.fromkeys(["target-now", "target-delete"], Post.WRITES),
    **dict.fromkeys(["prompt-delete", "prompt-bulk", "topic-rename", "topic-delete", "brand-delete"], Post.WRITES),
    **dict.fromkeys(["agent-preview", "agent-preview-of", "persona-preview", "template-preview"], Post.READS),
    **dict.fromkeys(["settings-key-revoke", "settings-member-role", "settings-member-remove", "settings-member-link"], Post.OWNS),
    **dict.fromkeys(["settings-project-rename", "settings-project-start", "settings-price-delete"], Post.OWNS),
    **dict.fromkeys(["provider-test", "provider-edit", "provider-delete", "coding-agent-check", "coding-agent-delete"], Post.OWNS),
    **dict.fromkeys(["account-password", "account-session-end", "account-sessions-end", "project-switch"], Post.OWN),
}
# Before the door, and old addresses that lead to today's.
OPEN = {"sign-in", "sign-in-link", "sign-out", "providers/", "providers/<uuid:provider_id>/"}
ROUTES = routes()
KNOWN = [name for name in ROUTES if name in SEEN or name in POSTED]
SIGN_IN = "/sign-in?next="
JUNK_QUERY = "?status=%00&after=x&before=-1&group=..&days=-1&page=9999999999&q=%00&agent=%00&like=%00&run=x&from=0&to=999999999"
LONE_SURROGATE = b"name=%ED%A0%80&text=%ED%A0%80"
JUNK_VALUES = ("", "\0", "-1", "9" * 400, "1e999", "NaN", "2" * 10, "x" * 50_000, "\u202e<script>", '{"a": "\\ud800"}', "\\ud800")


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """Made once: what a test does to it is rolled back."""
    with committed(site_make, django_db_blocker) as made:
        yield made


def _methods(name: str) -> list[str]:
    return [*(["get"] if name in SEEN else []), *(["post"] if (SEEN | POSTED)[name] is not Post.NONE else [])]


def _body(response: HttpResponseBase) -> str:
    """All of it, for what is streamed may fail on the way."""
    return body(response) if response.streaming else getattr(response, "content", b"").decode()


@contextmanager
def undone() -> Iterator[None]:
    """What is done within was never done."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_the_table_knows_every_route_and_no_other() -> None:
    assert set(ROUTES) == {*SEEN, *POSTED, *OPEN}


@pytest.mark.parametrize("name", KNOWN)
def test_nobody_comes_in_without_signing_in(site: Site, name: str) -> None:
    address = site.address(ROUTES[name])
    for method in _methods(name):
        response = getattr(site.client(None), method)(address)
        assert (response.status_code, response.headers.get("Location", "")[: len(SIGN_IN)]) == (302, SIGN_IN), method
        if (SEEN | POSTED)[name] is not Post.OWN and name != "account":
            part = getattr(site.client(None), method)(address, headers={"HX-Request": "true"})
            assert part.headers.get("HX-Refresh") == "true"
            assert not part.content


@pytest.mark.parametrize("name", [name for name in KNOWN if takes_row(ROUTES[name]) and name != "account-session-end"])
def test_rows_of_another_project_are_not_there(site: Site, name: str) -> None:
    address = site.address(ROUTES[name])
    for method in _methods(name):
        assert getattr(site.client(factories.stranger()), method)(address).status_code == 404, method


def test_somebody_elses_browser_is_not_signed_out(site: Site) -> None:
    response = site.client(factories.stranger()).post(site.address(ROUTES["account-session-end"]))
    assert response.status_code == 302
    assert PersonSession.objects.filter(pk=site.ids["session_id"]).exists()


@pytest.mark.parametrize("name", [name for name in KNOWN if (SEEN | POSTED)[name] in (Post.WRITES, Post.OWNS)])
def test_a_viewer_writes_nothing(site: Site, name: str) -> None:
    response = site.client(site.viewer).post(site.address(ROUTES[name]), {"who": "known", "username": "x", "role": "viewer"})
    assert response.status_code == 403


@pytest.mark.parametrize("name", POSTED)
def test_what_is_only_posted_to_cannot_be_followed_as_a_link(site: Site, name: str) -> None:
    assert site.client(site.owner).get(site.address(ROUTES[name])).status_code == 405


@pytest.mark.parametrize("name", [name for name, kind in SEEN.items() if kind is Post.NONE])
def test_what_is_only_looked_at_takes_no_post(site: Site, name: str) -> None:
    assert site.client(site.owner).post(site.address(ROUTES[name])).status_code == 405


@pytest.mark.parametrize("name", [*(name for name in KNOWN if "post" in _methods(name)), "sign-in", "sign-out"])
def test_a_form_of_another_site_is_refused(site: Site, name: str) -> None:
    response = site.client(site.owner, enforce_csrf_checks=True).post(site.address(ROUTES[name]))
    assert response.status_code == 403
    assert b"CSRF" in response.content or b"form" in response.content


@pytest.mark.parametrize("name", ROUTES)
def test_junk_in_an_address_or_a_form_is_no_error_of_ours(site: Site, name: str) -> None:
    address = site.address(ROUTES[name])
    for headers in ({}, {"HX-Request": "true"}):
        with undone():
            response = site.client(site.owner).get(address + JUNK_QUERY, headers=headers)
            _body(response)
            assert response.status_code < 500
        for sent in (b"", b"\0", LONE_SURROGATE, b"a=1&" * 900, b"a=1&" * 10_000, b"do=%00&op=%00&action=%00&run=%00"):
            with undone():
                response = _send(site.client(site.owner), address, sent, headers)
                assert response.status_code < 500, sent[:40]


def _send(client: Client, address: str, sent: bytes, headers: dict[str, str]) -> Any:
    response = client.post(address, sent, content_type="application/x-www-form-urlencoded", headers=headers)
    _body(response)
    return response


@pytest.mark.parametrize("name", SEEN)
def test_no_field_of_a_form_takes_a_value_it_fails_on(site: Site, name: str) -> None:
    """Each form of each page as it is filled in, with one field after another spoilt."""
    client = site.client(site.owner)
    page = client.get(site.address(ROUTES[name]))
    failed = []
    for form in FormReader(_body(page)).forms:
        targets = {form.action or site.address(ROUTES[name])} | form.targets if form.is_post else form.targets
        for target in targets:
            for field in form.values:
                for junk in JUNK_VALUES:
                    with undone():
                        response = client.post(target, form.values | {field: junk})
                        _body(response)
                        if response.status_code >= 500:
                            failed.append((target, field, junk[:20]))
    assert not failed
