"""The secret key that signs sessions and links: made once per LINLI_HOME, readable by its owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from linli.config.environment import SettingError


def secret_key(home: Path) -> str:
    """Contents of HOME/secret; created on first use. Two processes that start together agree on one key.

    Raises SettingError when the folder cannot be written.
    """
    path = home / "secret"
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            _write_once(path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(
            f"The secret key {path} cannot be read or made ({error.strerror}); "
            "set LINLI_HOME to a folder of yours, or LINLI_SECRET_KEY."
        ) from None


def _write_once(path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        os.link(name, path)  # unlike rename, fails if another process was first
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
