"""What every page knows: the moment, who is looking, in which language, and the frame around the page.

``moment`` and ``viewer`` are found once for each request and kept on it, so that a page and its rules agree.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from linli.kernel.institution import Pack, Text
from linli.ledger import visible
from linli.ledger.definitions import NoPack, runtime
from linli.ledger.visible import ANYBODY, Viewer
from linli.people import registry
from linli.people.models import Person
from linli.people.registry import Held, Place, Snapshot
from linli.web.language import chinese
from linli.web.page import nav

View = Callable[..., HttpResponse]


def moment(request: HttpRequest) -> datetime:
    """When this request came in: one moment for everything it shows and does."""
    kept: datetime | None = getattr(request, "linli_moment", None)
    if kept is None:
        kept = timezone.now()
        request.linli_moment = kept  # type: ignore[attr-defined]
    return kept


def person(request: HttpRequest) -> Person | None:
    """Who is signed in; None for a visitor and for an account that is nobody's."""
    user = getattr(request, "user", None)
    return user.person if user is not None and user.is_authenticated else None


def viewer(request: HttpRequest) -> Viewer:
    """The person of the request with the duties of this moment (asked of the database once for each request)."""
    kept: Viewer | None = getattr(request, "linli_viewer", None)
    if kept is None:
        who = person(request)
        kept = visible.viewer(str(who.id), _snapshot(request), moment(request)) if who else ANYBODY
        request.linli_viewer = kept  # type: ignore[attr-defined]
    return kept


def _snapshot(request: HttpRequest) -> Snapshot:
    """The newest registry; its version came with the account."""
    version = request.user.registry  # type: ignore[union-attr]
    return registry.fresh() if version is None else registry.at(version)


def works(request: HttpRequest) -> tuple[str, ...]:
    """The kinds of pages the viewer's duties work on (field, desk, department, command), in the order of the duties."""
    duties = runtime().pack.duties
    return tuple(dict.fromkeys(duties[h.duty].works for h in viewer(request).duties if h.duty in duties))


def lang(request: HttpRequest | None = None) -> str:
    """``zh`` or ``en``: the language of the page."""
    return "zh" if chinese() else "en"


def say(zh: str, en: str) -> str:
    """The words in the language of the page, for messages put together in Python."""
    return zh if lang() == "zh" else en


def words(text: Text) -> str:
    """The same for words of a definition."""
    return text.in_(lang())


def needs_work(*kinds: str) -> Callable[[View], View]:
    """Decorator: for people whose duties work there; visitors sign in first, for others the page does not exist."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if person(request) is None:
                return to_sign_in(request)
            if not set(kinds) & set(works(request)):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return guard


def needs_person(view: View) -> View:
    """Decorator: the page is for somebody who is signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if person(request) else to_sign_in(request)

    return guarded


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in, then come back (to the page itself; a form sent meanwhile is not repeated)."""
    from django.contrib.auth.views import redirect_to_login

    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/", nav.address("sign_in"))


def private(response: HttpResponse) -> HttpResponse:
    """Keep a page about people out of every shared cache and out of search engines."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def area(pack: Pack, snapshot: Snapshot) -> Place | None:
    """The area this site serves: the pack's place, narrowed down while it has only one part."""
    return snapshot.narrowed(pack.place or "")


def start(request: HttpRequest) -> str:
    """Where somebody begins: the first kind of page their duties work on, their own matters, or the front page."""
    kinds = works(request)
    if kinds:
        return nav.home(kinds[0])
    return nav.address("my_matters") if person(request) else "/"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the moment, the navigation, the person and the names around every page."""
    try:
        pack, who, kinds = runtime().pack, person(request), works(request)
    except NoPack:
        return {"now": moment(request), "shell": nav.PUBLIC}
    place = area(pack, registry.current())
    return {
        "now": moment(request),
        "shell": nav.STAFF if kinds else nav.PUBLIC,
        "nav": nav.links(kinds, request, signed_in=who is not None),
        "person": {"name": who.name, "role": _role(pack, viewer(request))} if who else None,
        "area_name": _area_name(place, registry.current()) if place else "",
        "sign_in_url": nav.address("sign_in"),
        "sign_out_url": nav.address("sign_out"),
        "home_url": start(request) if kinds else "/",
        "footer_links": [{"url": nav.address("institutions"), "text": Text("制度怎么规定", "How it works")}],
    }


def _area_name(place: Place, snapshot: Snapshot) -> str:
    above = snapshot.places.get(place.parent or "")
    return f"{above.name}{place.name}" if above else place.name


def _role(pack: Pack, who: Viewer) -> Text | None:
    if not who.duties:
        return None
    return duty_title(pack, registry.current(), who.duties[0])


def duty_title(pack: Pack, snapshot: Snapshot, held: Held) -> Text:
    """A duty with the place or unit it is held at: 六里屯街道 街道工委承办人."""
    at = snapshot.named(held.path)
    title = pack.duties[held.duty].title if held.duty in pack.duties else Text(held.duty, held.duty)
    return Text(f"{at} {title.zh}".strip(), f"{title.en}, {at}" if at else title.en)
