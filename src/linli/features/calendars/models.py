"""Which of a person's calendar addresses is the living one."""

from __future__ import annotations

from django.db import models

from linli.people.models import Person


class Feed(models.Model):
    """A person who has a calendar address; ``serial`` is raised to end it."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    serial = models.IntegerField(default=1)

    class Meta:
        db_table = "calendar_feed"
