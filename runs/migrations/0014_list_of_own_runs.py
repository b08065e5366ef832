

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_project_budget'),
        ('agents', '0005_coding_agents'),
        ('runs', '0013_claim_of_single_runs'),
        ('templates_app', '0004_topics_go_with_their_project'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='evalrun',
            name='run_list',
        ),
        migrations.AddIndex(
            model_name='evalrun',
            index=models.Index(condition=models.Q(('kind__in', ('simulate', 'run_eval', 'evaluate', 'eval_only'))), fields=['project', '-created_at', '-id'], name='run_list'),
        ),
    ]
