"""SIGINT and SIGTERM end the program in one way, from its first instruction to its last.

A signal raises `Interrupt` in the main thread, so that the run unwinds and removes what is half-written.
Not at once where that would do harm or be lost: while an exception is handled, for then the run is unwinding
already, or tidying up; while a compiled module is imported, for it makes an error of its own of it; in a
destructor, where Python drops it; between steps that must not be parted (`Held`). It is then raised a moment later, and once more wherever a library drops it.

What comes before `catch`, the interpreter's own start, is not covered: a signal there ends the process by itself.
Nothing but the standard library's lightest modules is imported here.
"""

from __future__ import annotations

import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # without the import of typing, which takes longer than this module
    from types import FrameType, TracebackType

EXIT_CODE = 130
MESSAGE = "interrupted; nothing was left half-written"

AGAIN_SECONDS = 0.03
"""Until an interrupt that could not be raised, or was dropped, is raised again."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    wanted = False
    over = False
    held = 0


class Interrupt(KeyboardInterrupt):
    """Raised by a signal.

    Of a class of its own, since Python ends itself by SIGINT after a KeyboardInterrupt that has passed through
    `exec` or `eval` of a string, even if it was caught.
    """


class Held:
    """Few steps that belong together: an interrupt waits until they are done."""

    def __enter__(self) -> None:
        _State.held += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _State.held -= 1


def catch() -> None:
    """Let signals interrupt from now on."""
    _State.wanted = _State.over = False
    _State.held = 0
    for number in _SIGNALS:
        signal.signal(number, _handle)


def ignore() -> None:
    """Let no signal disturb the end: the program is leaving."""
    _State.over = True  # from here on; the next lines take a while
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def wanted() -> bool:
    """Whether a signal has come: any error after it is a consequence."""
    return _State.wanted


def _handle(_number: int, frame: FrameType | None) -> None:
    if _State.over:
        return
    if not _State.wanted:
        _State.wanted = True
        sys.unraisablehook = _not_ours
        signal.signal(signal.SIGALRM, _handle)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    if not _State.held and sys.exception() is None and not _is_deaf(frame):
        raise Interrupt


def _is_deaf(frame: FrameType | None) -> bool:
    """Whether an interrupt that is raised here would be lost, or leave a lock of an import behind."""
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        return True
    while frame is not None:
        name = frame.f_code.co_qualname
        if name.startswith("ExtensionFileLoader.") or name.endswith("__del__"):
            return True
        frame = frame.f_back
    return False


def _not_ours(dropped: sys.UnraisableHookArgs) -> None:
    """Tell what Python drops, but for our interrupt, which comes again."""
    if not isinstance(dropped.exc_value, Interrupt):
        sys.__unraisablehook__(dropped)
