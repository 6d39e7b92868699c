"""Tables of the ledger. Nothing here is written by hand: see :mod:`linli.ledger.act`.

Entries are the truth and are never edited; ``Case`` is a cache of them that ``linli verify`` rebuilds and compares.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.models import Case as IfThen
from django.db.models import IntegerField, Q, Value, When
from django.db.models.functions import Least

from linli.kernel.case import Case as KernelCase
from linli.ledger.plain import case_from
from linli.people.models import Person
from linli.places.ltree import LtreeField


class Frozen(TypeError):
    """Somebody tried to change a published text: publish a new version instead."""


class Definition(models.Model):
    """A published version of an institution, word for word. Never changed: ``version`` is the hash of ``source``."""

    institution = models.CharField(max_length=63)
    version = models.CharField(max_length=12)
    source = models.TextField()
    valid_from = models.DateField()
    loaded = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "version"], name="one_definition_per_version")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only a new version is written; Frozen for one that is published."""
        if not self._state.adding:
            raise Frozen(f"institution {self.institution} version {self.version} is published and cannot be changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Never: cases and their entries are read by it."""
        raise Frozen(f"institution {self.institution} version {self.version} is published and cannot be removed")


class PackFile(models.Model):
    """The files of the pack in force, so that a process needs nothing but the database."""

    path = models.CharField(max_length=200, primary_key=True)
    content = models.TextField()


URGENT = Least("stage_due", "promise_due")
"""The time that matters most to whoever holds a case."""
RESTING = IfThen(When(paused__lt=URGENT, then=1), default=0, output_field=IntegerField())
"""1 where its clocks stand, and had not run out before: it needs nobody now."""


class Case(models.Model):
    """One matter. Columns below ``state`` are copies for finding, sorting and counting."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(unique=True, editable=False, help_text="what people quote; an identity column")
    secret = models.CharField(max_length=32, unique=True)
    institution = models.CharField(max_length=63)
    version = models.CharField(max_length=12)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children", db_index=False)
    lead = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followers", db_index=False)
    state = models.JSONField()
    head = models.BinaryField(max_length=32)
    stage = models.CharField(max_length=63)
    holder_role = models.CharField(max_length=63, null=True)
    holder_duty = models.CharField(max_length=63, null=True)
    holder_path = LtreeField(null=True)
    stands_in = models.BooleanField(default=False)
    place = LtreeField()
    unit = LtreeField(null=True)
    accused = LtreeField(null=True)
    reporter = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="cases", db_index=False)
    category = models.CharField(max_length=63, null=True)
    channel = models.CharField(max_length=30)
    source = models.CharField(max_length=60, null=True)
    external = models.CharField(max_length=100, null=True)
    reported = models.DateTimeField()
    opened = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    paused = models.DateTimeField(null=True, help_text="since when its clocks stand; null while they run")
    next_due = models.DateTimeField(null=True)
    stage_due = models.DateTimeField(null=True)
    promise_due = models.DateTimeField(null=True)
    result = models.CharField(max_length=63, null=True)
    tier = models.CharField(max_length=63, null=True)
    marks = ArrayField(models.TextField(), default=list, db_default=Value("{}", ArrayField(models.TextField())))

    class Meta:
        constraints = [
            # A matter from another system comes in once.
            models.UniqueConstraint(fields=["source", "external"], name="one_case_per_external_number"),
            # An open case has a clock that will fire, or waits for its calls under one.
            models.CheckConstraint(
                condition=Q(ended__isnull=False) | Q(next_due__isnull=False), name="open_case_has_a_clock"
            ),
            # A closed case runs no clock.
            models.CheckConstraint(
                condition=Q(ended__isnull=True) | Q(next_due__isnull=True), name="closed_case_has_no_clock"
            ),
        ]
        indexes = [
            models.Index(fields=["next_due"], name="case_sweep", condition=Q(next_due__isnull=False)),
            models.Index(
                *("holder_duty", "holder_path", RESTING, URGENT, "number"),
                name="case_queue",
                condition=Q(ended__isnull=True),
            ),
            GistIndex(fields=["place"], name="case_place"),
            # The few cases in which an act waits for somebody's agreement; it costs nothing for all the others.
            GistIndex(
                fields=["place"],
                name="case_pending",
                condition=Q(ended__isnull=True) & ~Q(state__pending={}),
            ),
            models.Index(fields=["unit", "-number"], name="case_unit", condition=Q(unit__isnull=False)),
            models.Index(fields=["reporter"], name="case_reporter", condition=Q(reporter__isnull=False)),
            models.Index(fields=["parent"], name="case_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["lead"], name="case_lead", condition=Q(lead__isnull=False)),
            # Figures read what was closed in a period out of the index alone.
            models.Index(
                fields=["ended"],
                include=["institution", "result", "tier", "category", "place", "unit", "accused", "reporter", "marks"],
                name="case_closed",
                condition=Q(ended__isnull=False),
            ),
            # What may be the same matter: at the same place, of one category, lately (see ledger.likely).
            models.Index(
                fields=["place", "category", "opened"],
                name="case_alike",
                condition=Q(parent__isnull=True, category__isnull=False),
            ),
        ]

    def kernel(self) -> KernelCase:
        """The state as the kernel's case."""
        return case_from(self.state)

    @property
    def fields(self) -> dict[str, Any]:
        """What has been written down; ask :mod:`linli.ledger.visible` before showing any of it."""
        fields: dict[str, Any] = self.state["fields"]
        return fields


class Pairs(models.Model):
    """What a case can be found by (see ledger.words). Its own table: an act that writes no words leaves it alone."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True)
    pairs = ArrayField(models.TextField())

    class Meta:
        # What was written lately and is not in order yet is read through by every search: kilobytes, not 4 megabytes.
        indexes = [GinIndex(fields=["pairs"], name="case_pairs", gin_pending_list_limit=256)]


class Entry(models.Model):
    """One act, hashed over the one before it. Never edited, never deleted."""

    pk = models.CompositePrimaryKey("case_id", "seq")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="entries", db_index=False)
    seq = models.IntegerField()
    at = models.DateTimeField()
    act = models.CharField(max_length=80)
    by = models.UUIDField(null=True)
    role = models.CharField(max_length=63, null=True)
    channel = models.CharField(max_length=30)
    works = models.BooleanField(default=False)
    events = models.JSONField()
    digest = models.BinaryField(max_length=32, null=True)
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)


class Detail(models.Model):
    """What was written down in an act: personal data, outside the chain, so that lawful deletion does not break it."""

    pk = models.CompositePrimaryKey("case_id", "seq")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="details", db_index=False)
    seq = models.IntegerField()
    salt = models.BinaryField(max_length=16)
    data = models.JSONField()


class Message(models.Model):
    """What somebody is told. ``body`` is {zh, en}; ``state`` says whether it arrived, and ``error`` why not."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    seq = models.IntegerField()
    to = models.CharField(max_length=63, help_text="role or party")
    path = LtreeField(null=True, help_text="for a role: the node whose holders are told")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="messages", db_index=False)
    channel = models.CharField(max_length=20)
    body = models.JSONField()
    answer = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="queued")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")
    created = models.DateTimeField()
    delivered = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try"], name="message_due", condition=Q(next_try__isnull=False))]

    def text(self, lang: str) -> str:
        """The words in ``lang``, with the case's number."""
        body: dict[str, str] = self.body
        return body["zh" if lang.startswith("zh") else "en"].replace("{number}", str(self.case.number))


class Attachment(models.Model):
    """A file that belongs to a case (or to nobody yet, until the form that uploads it is sent)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="attachments")
    field = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=60, help_text="media type found by reading the file, never the one claimed")
    size = models.IntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created = models.DateTimeField()


class Hold(models.Model):
    """A reason why nothing of a case and its family may be destroyed: a lawsuit, an audit, an inspection."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="holds")
    why = models.CharField(max_length=300)
    since = models.DateTimeField()
    lifted = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A case is held back once at a time.
            models.UniqueConstraint(fields=["case"], condition=Q(lifted__isnull=True), name="one_hold_per_case")
        ]


class Retired(models.Model):
    """The list of what was destroyed: of which case, when, by which rule, and how much. None of it is in here."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="retired")
    at = models.DateTimeField(db_index=True)
    rule = models.CharField(max_length=300, help_text="the parameter, its value, first day and source")
    entries = models.IntegerField(help_text="acts whose words were erased")
    messages = models.IntegerField()
    files = models.IntegerField()
    person = models.BooleanField(help_text="the person who raised it was let go")
