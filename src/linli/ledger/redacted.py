"""Reading what was redacted: which later entry carries the words that may still be read. Pure.

An entry whose words were erased keeps its place and hash; the entry that erased them carries, outside the chain like
all personal data, what is left of it under CARRIED: ``{"entries": {seq: data}, "why": reason}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linli.kernel.institution import Text

CARRIED = "redacted"
REDACT, PHOTO, ANONYMISE = "privacy:redact", "privacy:photo", "privacy:anonymise"
RETIRED = "privacy:retired"
TITLES = {
    REDACT: Text("隐去个人信息", "Personal data hidden"),
    PHOTO: Text("处理照片", "Photo redacted"),
    ANONYMISE: Text("去掉姓名和联系方式", "Name and contact data removed"),
    RETIRED: Text("保存期满，已销毁个人信息", "Kept long enough: personal data destroyed"),
}
MASK = "■■■"


def effective(details: Mapping[int, Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """The data of each entry as it may be read now: its own, or what the entry that erased it carries."""
    found: dict[int, Mapping[str, Any]] = dict(details)
    last = max(found, default=0)
    for seq in range(last, 0, -1):  # a later redaction may carry what an earlier one carried
        carried = found.get(seq, {}).get(CARRIED)
        for of, data in (carried or {}).get("entries", {}).items():
            found.setdefault(int(of), data)
    return found


def why(data: Mapping[str, Any]) -> str:
    """The reason that an entry of this module gives."""
    return str((data.get(CARRIED) or {}).get("why", ""))
