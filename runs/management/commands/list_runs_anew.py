"""`evalhub manage list_runs_anew`: reads every run into the list and its search again, after `loaddata` or when anybody doubts them."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from runs import listed
from runs.listed.rows import Listed


class Command(BaseCommand):
    help = "Read every run into the list and its search again. Writers wait meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            listed.remove(connection)
            listed.install()
        self.stdout.write(f"{Listed.objects.count():,} runs are listed.")
