"""How many runs there are of each day. The triggers that count are made after migrating, by runs.tally."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def remove_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    from runs import tally

    tally.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("runs", "0002_outlive_what_they_name")]

    operations = [
        migrations.CreateModel(
            name="RunTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scope", models.UUIDField()),
                ("day", models.DateField()),
                ("runs", models.IntegerField()),
                (
                    "project",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.project"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("project", "scope", "day"), name="tally_once_a_day")],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, remove_triggers),
    ]
