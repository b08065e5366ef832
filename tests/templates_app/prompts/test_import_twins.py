"""Two who import prompts of the same new topic at once, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from templates_app.models import Prompt, PromptTopic
from templates_app.prompts import table
from templates_app.prompts.importing import prompts_import
from tests import factories
from tests.support.locks import begun_and_waiting


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side")
def test_both_imports_have_the_one_topic_that_they_name() -> None:
    project = factories.project()

    def imported(text: str) -> None:
        prompts_import(project=project, read=table.read(text))

    with ThreadPoolExecutor(1) as executor:
        with transaction.atomic():
            imported("topic,text\nPrices,What is dear?")
            other = begun_and_waiting(executor, lambda: imported("topic,text\nPrices,What is cheap?"))
        other.result(timeout=10)
    assert PromptTopic.objects.get().name == "Prices"
    assert set(Prompt.objects.values_list("text", "topic__name")) == {("What is dear?", "Prices"), ("What is cheap?", "Prices")}
