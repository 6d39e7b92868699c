"""Processes that belong together end together, even when the first one is killed with -9."""

from __future__ import annotations

import os
import signal
import threading
import time

from linli.config import environment

PARENT_CHECK_SECONDS = 0.2
GRACE_SECONDS = 1.0


def exit_with_parent() -> None:
    """End this process in order (SIGTERM) when the one that started it is gone.

    Only for processes started by `linli serve` or `linli demo`, which set LINLI_EXIT_WITH_PARENT to their own number:
    a parent killed while its child was still starting is noticed too, and the child does not keep the port for ever.
    """
    parent = environment.integer("LINLI_EXIT_WITH_PARENT", 0, least=0, most=2**31)
    if parent in (0, os.getpid()):  # nobody said so, or we said it ourselves for those we start
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)  # a thread that hangs must not keep the port

    threading.Thread(target=watch, name="exit-with-parent", daemon=True).start()
