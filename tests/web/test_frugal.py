"""What pages find out once instead of fifty times says the same as finding it out each time."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.people import registry
from linli.places.models import Area
from linli.web.language import chinese
from linli.web.page import nav
from linli.web.staff import filter_form
from linli.web.templatetags.linli import t
from tests.cast import NOW, Cast


@pytest.mark.parametrize("number", [0, 7, 10_000_434])
def test_addresses_put_together_once(number: int) -> None:
    assert nav.case_address(number) == reverse("case", args=[number])
    for form in ("field_act", "department_act", "case_act"):
        assert nav.act_address(form, number, "pass_up") == reverse(form, args=[number, "pass_up"])


@pytest.mark.django_db
def test_the_language_of_a_request_ends_with_it(cast: Cast) -> None:
    english = Client().get("/", headers={"accept-language": "en"})
    assert 'lang="en"' in english.content.decode()
    with translation.override("zh-hans"):
        assert chinese() and t("中", "en") == "中"
    with translation.override("en"):
        assert not chinese() and t("中", "en") == "en"
    missing = Client().get("/no-such-page/", headers={"accept-language": "en"})
    assert missing.status_code == 404
    with translation.override("zh-hans"):
        assert chinese()


@pytest.mark.django_db
def test_filters_kept_for_some_are_never_those_of_others(cast: Cast) -> None:
    def form(key: str, given: Filters = Filters()) -> str:  # noqa: B008 - a value
        snapshot = registry.current()
        who = visible.viewer(cast.id(key), snapshot, NOW)
        drawn = filter_form.drawn(runtime().pack, snapshot, who, given)
        return drawn.fields + drawn.more

    with translation.override("zh-hans"):
        street, other = form("zhou"), form("bob_street")
        assert form("wu") == street, "the same street"
        assert "甲一社区" in street and "乙一社区" not in street and "乙一社区" in other
        chosen = form("zhou", Filters(category=("lighting",), overdue=True))
        assert 'value="lighting" selected' in chosen and " checked" in chosen
        assert form("zhou") == street, "what one has chosen is chosen for nobody else"
        Area.objects.filter(code="320402001001").update(name="甲一新社区")
        registry.reload()
        assert "甲一新社区" in form("zhou")
    with translation.override("en"):
        assert "Stage" in form("zhou") and "环节" not in form("zhou")
