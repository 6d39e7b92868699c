"""A person is not an account: residents without a login, helped by someone, by phone or on paper, are persons too."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import GistIndex
from django.db import connection, models
from django.db.models import Q

from linli.places.ltree import LtreeField
from linli.places.models import Area, Unit


class Person(models.Model):
    """Somebody who raises a matter or does a duty. Contact data is optional: a matter may be anonymous."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    email = models.CharField(max_length=200, blank=True)
    chat = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="who they are in a chat channel: an openid"
    )
    created = models.DateTimeField()

    class Meta:
        constraints = [
            # Who writes from one chat account is one person.
            models.UniqueConstraint(fields=["chat"], condition=~Q(chat=""), name="one_person_per_chat")
        ]
        indexes = [models.Index(fields=["phone"], name="person_phone", condition=~Q(phone=""))]

    def __str__(self) -> str:
        return self.name or str(self.id)[:8]

    @property
    def masked_phone(self) -> str:
        """The phone with its middle hidden, as it is shown until somebody needs to call."""
        if len(self.phone) < 8:
            return f"{self.phone[:2]}****" if self.phone else ""
        return f"{self.phone[:3]}****{self.phone[-4:]}"

    @property
    def masked_email(self) -> str:
        """The address with all but its first letter and its host hidden."""
        name, at, host = self.email.partition("@")
        return f"{name[:1]}***{at}{host}" if self.email else ""


class _Accounts(UserManager["Account"]):
    """Finds who is signed in, with the person and the registry's version, in one plain statement for every page."""

    use_in_migrations = False

    def get(self, *args: Any, **lookup: Any) -> Account:
        """As Django's; what it asks of a session, by ``pk`` alone, is answered with the person."""
        if args or lookup.keys() != {"pk"}:
            return super().get(*args, **lookup)
        found = connection.found(_account(), [lookup["pk"]])  # type: ignore[attr-defined]
        if not found:
            raise Account.DoesNotExist
        own, of_person = _columns(Account), _columns(Person)
        account = Account.from_db("default", own, found[0][: len(own)])
        if account.person_id:
            account.person = Person.from_db("default", of_person, found[0][len(own) : -1])
        account.registry = found[0][-1]
        return account


@cache
def _columns(model: type[models.Model]) -> list[str]:
    return [f.attname for f in model._meta.concrete_fields]


@cache
def _account() -> str:
    columns = [f'a."{name}"' for name in _columns(Account)] + [f'p."{name}"' for name in _columns(Person)]
    return (
        f"SELECT {', '.join(columns)}, (SELECT version FROM places_registry WHERE id = 1)"  # noqa: S608 - constants
        " FROM people_account a LEFT JOIN people_person p ON p.id = a.person_id WHERE a.id = %s"
    )


class Account(AbstractUser):
    """A way to sign in; most persons have none. ``person`` is who signs in.

    ``registry`` is the version of the registry that was read with the account of a session, otherwise None.
    """

    registry: int | None = None

    objects: ClassVar[UserManager[Account]] = _Accounts()
    person = models.OneToOneField(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="account")
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class Token(models.Model):
    """A key for the API. Only its SHA-256 is kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)


class Duty(models.Model):
    """A dated tie between a person and a place or unit: the mandate behind every act.

    ``path`` is the subtree the duty covers: the area's path, or the unit's where the duty is held at a unit alone.
    ``unit`` is also set for territorial duties that are held in a unit's name (a community committee's officer).
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="duties")
    duty = models.CharField(max_length=60)
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="duties")
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="duties")
    path = LtreeField()
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True, help_text="last day")
    tie = models.CharField(max_length=40, default="appointed", help_text="kind of tie: appointed, elected, part_time …")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            # A duty is held somewhere.
            models.CheckConstraint(condition=Q(area__isnull=False) | Q(unit__isnull=False), name="duty_is_somewhere"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=models.F("starts")), name="duty_ends_after_it_begins"
            ),
            # Nobody holds the same living duty at the same place twice.
            models.UniqueConstraint(
                fields=["person", "duty", "path"], condition=Q(ends__isnull=True), name="one_living_duty_each"
            ),
        ]
        indexes = [GistIndex(fields=["path"], name="duty_path"), models.Index(fields=["person"], name="duty_person")]


class Look(models.Model):
    """Somebody in a duty read the contact data of ``person`` for a case. In no list and no API; the person reads it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="looks")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="looked")
    case = models.UUIDField()
    duty = models.CharField(max_length=60)
    path = LtreeField()
    purpose = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "by"], name="look_case")]
