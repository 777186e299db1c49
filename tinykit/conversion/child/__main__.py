"""``python -m tinykit.conversion.child MODEL LOADER WORK``: started by :mod:`tinykit.conversion.worker`.

Messages (:mod:`tinykit.conversion.messages`) come on stdin and go to what stdout was at the start; file
descriptors 1 and 2 then both lead to the log, since TensorFlow writes to them from C++.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

from tinykit.conversion.loader import load_by_name
from tinykit.conversion.messages import Convert, Evaluate, Failed, Message, from_line, to_line
from tinykit.errors import TinykitError


def main(model: str, loader_name: str, work: str) -> None:
    """Load, then do what the parent asks, until it kills this process or is gone."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders = _listen(Path(work))

    def tell(message: Message) -> None:
        try:
            out.write(to_line(message))
            out.flush()
        except OSError:  # nobody hears it: the parent is gone, and this may be seen before stdin's end is
            _leave(Path(work))

    try:
        _serve(Path(model), loader_name, orders, tell)
    except TinykitError as error:
        traceback.print_exc()
        tell(Failed(type(error).__name__, error.code, error.message, error.hint))
    except Exception as error:
        from tinykit.conversion.failures import explain

        traceback.print_exc()
        known = explain(error)
        tell(Failed(type(known).__name__, known.code, known.message, known.hint))


def _listen(work: Path) -> queue.SimpleQueue[bytes]:
    """Read stdin on a thread: when the parent is gone, clean up at once, whatever TensorFlow is doing."""
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read(stream: BinaryIO) -> None:
        for line in stream:
            orders.put(line)
        _leave(work)

    # Unbuffered: interpreter shutdown would wait for the lock of a buffered stdin.
    stream = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=read, args=(stream,), daemon=True).start()
    return orders


_leaving = threading.Lock()


def _leave(work: Path) -> NoReturn:
    """Remove ``work`` and end, whatever TensorFlow is doing. Of two threads one does it, and one waits."""
    _leaving.acquire()
    for _ in range(10):  # TensorFlow may be writing into it meanwhile
        shutil.rmtree(work, ignore_errors=True)
        if not work.exists():
            break
    os._exit(1)


def _serve(
    model: Path, loader_name: str, orders: queue.SimpleQueue[bytes], tell: Callable[[Message], None]
) -> None:
    loader = load_by_name(loader_name)
    loader.check(model)
    from tinykit.conversion.child.session import Session

    session = Session(loader.load(model), tell)
    tell(session.facts())
    while True:
        order = from_line(orders.get())
        if isinstance(order, Convert):
            session.convert(order)
        elif isinstance(order, Evaluate):
            session.evaluate(order)


if __name__ == "__main__":
    main(*sys.argv[1:])
    # TensorFlow's own clean-up takes a quarter of a second and can crash; everything is written.
    sys.stdout.flush()
    os._exit(0)
