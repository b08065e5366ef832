"""Runs keep the ids of the agent, templates and source run they name when those are deleted. Ids lost before come back from snapshots."""

import uuid

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef, Q

KEPT = {
    "agent_id": ("agent_snapshot", "agent_id"),
    "template_id": ("template_snapshot", "template_id"),
    "adaptation_template_id": ("adaptation_template_snapshot", "template_id"),
}


def outlived(to: str) -> "models.ForeignKey[object, object]":
    return models.ForeignKey(
        blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to=to
    )


def ids_from_snapshots(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    runs = apps.get_model("runs", "EvalRun").objects
    lost = Q(agent=None) | Q(template=None) | Q(adaptation_template=None)
    for run in runs.filter(lost).only("id", *KEPT, *(snapshot for snapshot, _ in KEPT.values())).iterator():
        found = {
            column: uuid.UUID(getattr(run, snapshot)[key])
            for column, (snapshot, key) in KEPT.items()
            if getattr(run, column) is None and getattr(run, snapshot).get(key)
        }
        if found:
            runs.filter(pk=run.pk).update(**found)


def forget_what_is_gone(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The way back: a constraint suffers no id whose row is gone."""
    runs = apps.get_model("runs", "EvalRun").objects
    for column in ("agent", "template", "adaptation_template", "source_run"):
        model = runs.model._meta.get_field(column).related_model
        gone = ~Exists(model.objects.filter(pk=OuterRef(f"{column}_id")))
        runs.filter(gone).exclude(**{column: None}).update(**{column: None})


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="evalrun", name="run_list_by_agent"),
        migrations.AlterField(model_name="evalrun", name="agent", field=outlived("agents.agent")),
        migrations.AlterField(model_name="evalrun", name="template", field=outlived("templates_app.evaltemplate")),
        migrations.AlterField(model_name="evalrun", name="adaptation_template", field=outlived("templates_app.evaltemplate")),
        migrations.AlterField(model_name="evalrun", name="source_run", field=outlived("runs.evalrun")),
        migrations.AddIndex(
            model_name="evalrun",
            index=models.Index(fields=["project", "agent", "-created_at", "-id"], name="run_list_by_agent"),
        ),
        migrations.RunPython(ids_from_snapshots, forget_what_is_gone),
    ]
