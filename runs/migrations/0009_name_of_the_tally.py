"""What the admin pages call the tally. Nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("runs", "0008_tally_outlives_its_project")]

    operations = [
        migrations.AlterModelOptions(
            name="calltally",
            options={"verbose_name": "daily tally of calls", "verbose_name_plural": "daily tallies of calls"},
        ),
    ]
