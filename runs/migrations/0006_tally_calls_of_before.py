"""The calls that runs have made so far, added up by project, UTC day, model and purpose: what was spent before is shown as well."""

from datetime import UTC

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncDate

BATCH = 1000


def tally_calls(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Counted anew from the calls that are there, so that it can be repeated. Calls of runs that were deleted before are not known."""
    CallTally = apps.get_model("runs", "CallTally")
    ModelCall = apps.get_model("runs", "ModelCall")
    CallTally.objects.all().delete()
    groups = (
        ModelCall.objects.order_by()
        .values("model", "purpose", project=models.F("run__project"), day=TruncDate("created_at", tzinfo=UTC))
        .annotate(
            calls=Count("id"),
            failed=Count("id", filter=~Q(error="")),
            retries=Count("id", filter=Q(attempt__gt=1)),
            unpriced=Count("id", filter=Q(error="", price_usd=None)),
            in_=Coalesce(Sum("input_tokens"), 0),
            out_=Coalesce(Sum("output_tokens"), 0),
            price=Sum("price_usd"),
        )
    )
    rows = (
        CallTally(
            project_id=group.pop("project"),
            input_tokens=group.pop("in_"),
            output_tokens=group.pop("out_"),
            price_usd=group.pop("price") or 0,
            **group,
        )
        for group in groups.iterator(chunk_size=BATCH)
    )
    CallTally.objects.bulk_create(rows, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_workers_and_call_tally")]

    operations = [
        # Sums of the last days must not read all days there ever were.
        migrations.AddIndex(model_name="calltally", index=models.Index(fields=["day"], name="call_tally_day")),
        migrations.RunPython(tally_calls, migrations.RunPython.noop),
    ]
