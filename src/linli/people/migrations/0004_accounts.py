from django.db import migrations


class Migration(migrations.Migration):
    """How accounts are found is no matter of the database."""

    dependencies = [("people", "0003_chat")]

    operations = [migrations.AlterModelManagers(name="account", managers=[])]
