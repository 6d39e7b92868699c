"""What pages find out once instead of fifty times says the same as finding it out each time."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from linli.web.language import chinese
from linli.web.page import nav
from linli.web.templatetags.linli import t
from tests.cast import Cast


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
