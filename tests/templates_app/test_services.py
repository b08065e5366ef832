"""Templates that people make, and the system templates of a first start and of an upgrade."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from templates_app.models import EvalCategory, EvalTemplate
from templates_app.selectors import default_adaptation_template, template_find
from templates_app.services import system_templates_ensure, template_create
from templates_app.system import SYSTEM_TEMPLATES, CategoryData
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_first_start_brings_every_system_template_with_its_categories_in_order() -> None:
    system_templates_ensure()
    for data in SYSTEM_TEMPLATES:
        template = EvalTemplate.objects.get(slug=data.slug, project=None)
        assert (template.name, template.template_type, template.scoring_rubric) == (data.name, data.template_type, data.scoring_rubric)
        assert [category.key for category in template.categories.all()] == [category.key for category in data.categories]


def test_a_second_start_only_reads(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    system_templates_ensure()
    before = list(EvalTemplate.objects.order_by("slug").values()), list(EvalCategory.objects.order_by("id").values())
    with django_assert_num_queries(2 * len(SYSTEM_TEMPLATES) + 2):  # a savepoint, its release, and two reads a template
        system_templates_ensure()
    assert (list(EvalTemplate.objects.order_by("slug").values()), list(EvalCategory.objects.order_by("id").values())) == before


def test_an_upgrade_puts_changed_texts_right_and_leaves_ids_alone() -> None:
    system_templates_ensure()
    template = EvalTemplate.objects.filter(project=None).first()
    assert template is not None
    kept, lost = template.categories.all()[:2]
    EvalTemplate.objects.update(name="Old name")
    EvalCategory.objects.filter(id=kept.id).update(label="Old label", position=9)
    EvalCategory.objects.filter(id=lost.id).update(key="gone")
    system_templates_ensure()
    template.refresh_from_db()
    assert template.name != "Old name"
    assert [category.key for category in template.categories.all()][:2] == [kept.key, lost.key]
    assert template.categories.get(key=kept.key).id == kept.id
    assert not template.categories.filter(key="gone").exists()


def test_a_projects_template_with_the_same_slug_is_left_alone() -> None:
    mine = factories.template(project=factories.project(), name="Mine")
    EvalTemplate.objects.filter(pk=mine.pk).update(slug=SYSTEM_TEMPLATES[0].slug)
    system_templates_ensure()
    mine.refresh_from_db()
    assert mine.name == "Mine"


def test_twin_keys_are_refused() -> None:
    twins = [CategoryData("a", "A", ""), CategoryData("a", "B", "")]
    with pytest.raises(ValidationError, match="'a' is used by more than one"):
        template_create(project=factories.project(), name="T", categories=twins)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        template_create(project=factories.project(), name="", temperature=5, template_type="fancy")
    assert set(refused.value.message_dict) == {"name", "temperature", "template_type"}


def test_a_name_means_the_newest_own_template_and_then_the_systems() -> None:
    project = factories.project()
    system = factories.template(project=None, name="Tone")
    assert template_find(project, "Tone") == system
    factories.template(project=project, name="Tone")
    newer = factories.template(project=project, name="Tone")
    assert template_find(project, "Tone") == newer
    assert template_find(project, str(system.id)) == system


def test_a_foreign_template_is_found_neither_by_id_nor_by_name_nor_as_default() -> None:
    foreign = factories.template(project=factories.project(), name="Foreign", kind="adaptation")
    project = factories.project()
    assert template_find(project, str(foreign.id)) is None
    assert template_find(project, "Foreign") is None
    assert default_adaptation_template(project) is None
