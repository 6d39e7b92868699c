from django.db import migrations

import linli.people.models


class Migration(migrations.Migration):
    """Accounts come with who signs in; nothing changes in the database."""

    dependencies = [("people", "0003_chat")]

    operations = [migrations.AlterModelManagers(name="account", managers=[("objects", linli.people.models.Accounts())])]
