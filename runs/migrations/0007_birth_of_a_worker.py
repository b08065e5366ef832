from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0006_tally_calls_of_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="born",
            field=models.PositiveBigIntegerField(
                default=0, help_text="Clock ticks from boot to its start: tells it from a later one of that pid."
            ),
        ),
    ]
