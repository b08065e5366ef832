"""What a project spent stays spent when the project is deleted: its rows are kept and belong to none."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_idempotency_record"), ("runs", "0007_birth_of_a_worker")]

    operations = [
        migrations.AlterField(
            model_name="calltally",
            name="project",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.project",
            ),
        ),
    ]
