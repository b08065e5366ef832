"""Brands as they are written: names that only one brand claims, domains in one form."""

import pytest
from django.core.exceptions import ValidationError

from templates_app.models import Brand
from templates_app.prompts import brands
from templates_app.prompts.brands import BrandConflict
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Brand:
    return brands.brand_create(
        project=factories.project(), name=" Acme ", aliases=["Acme Corp", "Acme", ""], domain="https://www.Acme.com/home", is_own=True
    )


def test_it_keeps_a_brand_in_one_form(acme: Brand) -> None:
    acme.refresh_from_db()
    assert (acme.name, acme.aliases, acme.domain, acme.is_own) == ("Acme", ["Acme Corp"], "acme.com", True)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"aliases": ["x" * 121]}, "aliases"), ({"domain": "not a domain"}, "domain")],
)
def test_what_cannot_be_stored_is_refused_by_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        brands.brand_create(project=factories.project(), **({"name": "Beta"} | given))
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "acme"}, "name"), ({"name": "Beta", "aliases": ["ACME CORP"]}, "aliases"), ({"name": "acme corp"}, "name")],
)
def test_a_name_belongs_to_one_brand(acme: Brand, given: dict[str, object], field: str) -> None:
    with pytest.raises(BrandConflict, match="'Acme'") as refused:
        brands.brand_create(project=acme.project, **given)
    assert refused.value.field == field
    brands.brand_create(project=factories.project(), **given)


def test_a_change_keeps_what_is_not_given(acme: Brand) -> None:
    brands.brand_update(brand_id=acme.pk, project=acme.project, domain="")
    acme.refresh_from_db()
    assert (acme.name, acme.aliases, acme.domain) == ("Acme", ["Acme Corp"], "")


def test_a_brand_of_another_project_does_not_exist(acme: Brand) -> None:
    for write in (brands.brand_update, brands.brand_delete):
        with pytest.raises(Brand.DoesNotExist):
            write(brand_id=acme.pk, project=factories.project())
    brands.brand_delete(brand_id=acme.pk, project=acme.project)
    assert not Brand.objects.exists()
