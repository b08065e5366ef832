"""The counts of runs move to a table of the database's own, which no dump holds: runs.tally makes it after migrating."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def remove_tally(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The triggers of before write to the table that goes; on the way back, those of now to one that nobody would read."""
    from runs import tally

    tally.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_count_runs_by_day")]

    operations = [
        migrations.RunPython(remove_tally, remove_tally),
        migrations.DeleteModel(name="RunTally"),
    ]
