"""A row of the list for the ORM. In a registry of its own, so that neither migrations nor dumps know a table that triggers fill."""

from typing import ClassVar

from django.apps.registry import Apps
from django.db import models

from runs.listed.names import TABLE


class Listed(models.Model):
    """What a list knows of a run. Nothing saves it."""

    id = models.BigAutoField(primary_key=True)
    run_id = models.UUIDField()
    project_id = models.UUIDField()
    created_at = models.DateTimeField()
    status = models.CharField(max_length=12)
    kind = models.CharField(max_length=12)
    agent_id = models.UUIDField(null=True)
    template_id = models.UUIDField(null=True)
    adaptation_template_id = models.UUIDField(null=True)
    score = models.FloatField(null=True)
    cost = models.FloatField(null=True)
    seconds = models.FloatField(null=True)

    objects: ClassVar[models.Manager["Listed"]] = models.Manager()

    class Meta:
        apps = Apps()
        app_label = "runs"
        managed = False
        db_table = TABLE
