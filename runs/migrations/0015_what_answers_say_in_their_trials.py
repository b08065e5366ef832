"""What an answer says of brands also stands in its trial, and of whom it is in its mentions and citations: so they can be added up by day.

The sums themselves are made after migrating, by runs.trial_tally and runs.brand_tally.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, Min, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Out of the mentions, and the targets of trials. One statement a table."""
    mentions = apps.get_model("runs", "Mention").objects
    of_demo = {"run__trial__target_key__startswith": "text:demo:"}
    mentions.filter(**of_demo).update(demo=True)
    apps.get_model("runs", "Citation").objects.filter(**of_demo).update(demo=True)
    said = mentions.filter(run=OuterRef("pk")).order_by().values("run")
    apps.get_model("runs", "Trial").objects.filter(Exists(mentions.filter(run=OuterRef("pk")))).update(
        own_mentions=Coalesce(Subquery(said.annotate(n=Sum("count", filter=Q(is_own=True))).values("n")), 0),
        all_mentions=Subquery(said.annotate(n=Sum("count")).values("n")),
        own_rank=Subquery(said.annotate(n=Min("rank", filter=Q(is_own=True))).values("n")),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_project_budget'),
        ('runs', '0014_list_of_own_runs'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='citation',
            name='citation_by_day',
        ),
        migrations.RemoveIndex(
            model_name='mention',
            name='mention_by_day',
        ),
        migrations.AddField(
            model_name='citation',
            name='demo',
            field=models.BooleanField(default=False, help_text='A demo model answered.'),
        ),
        migrations.AddField(
            model_name='mention',
            name='demo',
            field=models.BooleanField(default=False, help_text='A demo model answered.'),
        ),
        migrations.AddField(
            model_name='trial',
            name='all_mentions',
            field=models.PositiveIntegerField(default=0, help_text='Of all brands.'),
        ),
        migrations.AddField(
            model_name='trial',
            name='own_mentions',
            field=models.PositiveIntegerField(default=0, help_text='Of own brands, in the answer to a prompt.'),
        ),
        migrations.AddField(
            model_name='trial',
            name='own_rank',
            field=models.PositiveIntegerField(blank=True, help_text='Of the own brand that is named first.', null=True),
        ),
        migrations.AlterField(
            model_name='citation',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='citations', to='runs.evalrun'),
        ),
        migrations.AlterField(
            model_name='mention',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AlterField(
            model_name='mention',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='runs.evalrun'),
        ),
        migrations.AddIndex(
            model_name='citation',
            index=models.Index(fields=['project', 'demo', '-day', '-id'], name='citation_newest'),
        ),
        migrations.AddIndex(
            model_name='citation',
            index=models.Index(fields=['project', 'demo', 'platform', '-day', '-id'], name='citation_of_platform'),
        ),
        migrations.AddIndex(
            model_name='citation',
            index=models.Index(fields=['project', 'demo', 'topic_id', '-day', '-id'], name='citation_of_topic'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
