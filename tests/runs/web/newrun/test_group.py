"""The repeats of one scenario are one list."""

import pytest
from django.test import Client

from runs.models import EvalRun
from tests.runs.web.newrun.conftest import NEW, Fill, html


@pytest.mark.parametrize("more", ["", "&status=pending", "&sort=oldest"])
def test_the_list_shows_the_repeats_of_a_scenario_alone(owner: Client, filled: Fill, more: str) -> None:
    owner.post(NEW, filled())
    address = owner.post(NEW, filled(repeats="3"))["Location"]
    page = html(owner.get(address + more))
    shown = {str(run.pk) for run in EvalRun.objects.all() if f"/runs/{run.pk}/" in page}
    assert shown == {str(key) for key in EvalRun.objects.filter(scenario_id__isnull=False).values_list("pk", flat=True)}
    assert "one scenario" in page


def test_a_scenario_of_others_is_an_empty_list_and_no_id_a_sentence(owner: Client, stranger: Client, filled: Fill) -> None:
    address = owner.post(NEW, filled(repeats="2"))["Location"]
    assert "/runs/new/" in html(stranger.get(address))
    assert not any(str(run.pk) in html(stranger.get(address)) for run in EvalRun.objects.all())
    assert owner.get("/runs/?group=nonsense").status_code == 200
