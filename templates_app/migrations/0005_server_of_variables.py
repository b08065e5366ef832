"""Values of environments are sent to the server that they were given for; of those that are there, that is the one they go to now."""

from typing import Any

from django.db import migrations, models

from evalhub.common.domains import server_of


def fill(apps: Any, schema_editor: Any) -> None:
    for profile in apps.get_model("templates_app", "EnvProfile").objects.exclude(variables_encrypted="").select_related("source"):
        profile.variables_server = server_of(profile.base_url or (profile.source.api_base_url if profile.source else ""))
        profile.save(update_fields=["variables_server"])


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0004_topics_go_with_their_project")]

    operations = [
        migrations.AddField(
            model_name="envprofile",
            name="variables_server",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Where requests went when the values were given: they are sent nowhere else.",
                max_length=600,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
