"""Dated trees of areas and units. A change ends one row and begins another; nothing is overwritten (red line 13)."""

from __future__ import annotations

from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Q

from linli.places.ltree import LtreeField


class Area(models.Model):
    """A place of the tree, from the city down to a grid. ``kind`` is a level that the pack declares."""

    code = models.CharField(max_length=20, help_text="12-digit statistical division code; grids add a 3-digit serial")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = LtreeField()
    lat = models.FloatField(null=True, blank=True, help_text="WGS-84 degrees of a point inside")
    lng = models.FloatField(null=True, blank=True, help_text="WGS-84 degrees of a point inside")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="last day; empty while it exists")
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="predecessors")

    class Meta:
        constraints = [
            # A code names one living place.
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to__isnull=True), name="one_living_area_per_code"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="area_ends_after_it_begins",
            ),
        ]
        indexes = [GistIndex(fields=["path"], name="area_path"), models.Index(fields=["kind"], name="area_kind")]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """An office, committee, department or utility that acts at a place."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="units")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = LtreeField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            # A code names one living unit.
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to__isnull=True), name="one_living_unit_per_code"
            ),
        ]
        indexes = [GistIndex(fields=["path"], name="unit_path")]

    def __str__(self) -> str:
        return self.name


class Dispatch(models.Model):
    """The dispatch catalogue: which unit a category belongs to at a place, from when to when, by what rule.

    北京市接诉即办工作条例 第十一条 asks for one that is kept up to date; ``owner`` is the unit that does so.
    """

    category = models.CharField(max_length=63)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="dispatches")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="dispatches")
    rank = models.SmallIntegerField(default=1, help_text="1 is the first receiver, who leads")
    source = models.CharField(max_length=300)
    owner = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="dispatches_kept")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="last day; empty while it holds")

    class Meta:
        constraints = [
            # A category belongs to a unit at a place once.
            models.UniqueConstraint(
                fields=["category", "area", "unit"],
                condition=Q(valid_to__isnull=True),
                name="one_living_dispatch_per_unit",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="dispatch_ends_after_it_begins",
            ),
        ]


class Outline(models.Model):
    """The outline of an area, from when to when: a GeoJSON Polygon or MultiPolygon in WGS-84, made valid.

    ``datum`` is what the source was drawn in, before it was converted (see places.datum).
    """

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="outlines")
    geometry = models.JSONField()
    datum = models.CharField(max_length=10)
    source = models.CharField(max_length=200)
    mended = models.CharField(max_length=200, blank=True, help_text="what was wrong with it as it came")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="last day; empty while it holds")

    class Meta:
        constraints = [
            # An area has one outline at a time.
            models.UniqueConstraint(
                fields=["area"], condition=Q(valid_to__isnull=True), name="one_living_outline_per_area"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="outline_ends_after_it_begins",
            ),
        ]


class Registry(models.Model):
    """One row: a number that grows with every change to places, units or duties, so that caches know they are old."""

    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_registry")]
