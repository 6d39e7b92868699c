"""PostgreSQL's label trees as a Django field: a path such as ``a3204.a320402.a320402001``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.lookups import PostgresOperatorLookup

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:  # Django's fields take type arguments for the checker only.
    _Field = models.Field

LABEL = re.compile(r"[^A-Za-z0-9_]")


def label(code: str) -> str:
    """A code as one label of a path; what a label may not hold becomes an underscore."""
    return LABEL.sub("_", code)


class LtreeField(_Field):
    """A column of type ltree; values are plain strings with labels joined by dots."""

    description = "PostgreSQL ltree"

    def db_type(self, connection: Any) -> str:
        return "ltree"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else str(value)

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "%s::ltree"


@LtreeField.register_lookup
class Within(PostgresOperatorLookup):
    """``field__within=path``: the path itself and everything below it; served by the GiST index."""

    lookup_name = "within"
    postgres_operator = "<@"

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().process_rhs(compiler, connection)
        return (sql if "::ltree" in sql else f"{sql}::ltree"), params
