"""Pictures drawn by processes beside this one, for threads that wait for them without holding each other up.

A picture is some two hundred short calls into OpenCV, and half of the time is Python between them: threads that
draw take turns at the interpreter lock and gain next to nothing. A thread that waits for a worker's pipe holds
no lock, so pipelines call `DrawingWorkers.render` from as many threads as there are workers.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import weakref
from types import TracebackType
from typing import BinaryIO

import numpy as np

from ftsuite.data.field_guide.examples import parse_example_id
from ftsuite.data.field_guide.pen import Image
from ftsuite.data.field_guide.render import check_size, render
from ftsuite.errors import ResourceError

_START = "from ftsuite.data.field_guide.workers import serve; serve()"


class DrawingWorkers:
    """Processes that draw pictures of one seed and size; a context manager, and safe to use from many threads.

    Args:
        count: processes; they start when they are first needed and end with this object or this process.
        seed: of the data set.
        size: side of the pictures in pixels, 32 to 512.

    Raises:
        DataError: a size out of range.
    """

    def __init__(self, count: int, seed: int, size: int) -> None:
        self.seed, self.size = seed, check_size(size)
        self._idle: queue.LifoQueue[subprocess.Popen[bytes] | None] = queue.LifoQueue()
        for _ in range(max(1, count)):
            self._idle.put(None)
        self._started: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, _end, self._started)

    def render(self, example_id: str) -> Image:
        """The same bytes as `render(example_id, seed, size)`, (size, size, 3) uint8, drawn by an idle worker.

        Raises:
            DataError: an id that is not one of the field guide's.
            ResourceError: the worker ended, as where memory ran out.
        """
        parse_example_id(example_id)
        worker = self._idle.get()
        try:
            if worker is None or worker.poll() is not None:
                worker = self._start()
            picture = self._ask(worker, example_id)
        finally:
            self._idle.put(worker)
        return picture

    def close(self) -> None:
        """End the workers; pictures that are being drawn are lost."""
        self._end()

    def __enter__(self) -> DrawingWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if not self._end.alive:
                raise ResourceError("The drawing processes have been closed. Received: a request for a picture.")
            # A session of its own keeps Ctrl-C from the worker: it ends when its input does, without a traceback.
            worker = subprocess.Popen(
                [sys.executable, "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
                start_new_session=True,
            )
            self._started.append(worker)
            return worker

    def _ask(self, worker: subprocess.Popen[bytes], example_id: str) -> Image:
        assert worker.stdin is not None
        assert worker.stdout is not None
        length = self.size * self.size * 3
        try:
            worker.stdin.write(f"{example_id} {self.seed} {self.size}\n".encode())
            worker.stdin.flush()
            content = worker.stdout.read(length)
        except (OSError, ValueError):
            content = b""
        if len(content) != length:
            worker.kill()
            raise ResourceError(
                f"Expected a drawing process to return {length} bytes for {example_id!r}. Received: {len(content)} "
                f"bytes; it ended with status {worker.wait()}.",
                "Free memory, or draw with fewer processes.",
            )
        return np.frombuffer(content, dtype=np.uint8).reshape(self.size, self.size, 3)


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    # What was not yet sent cannot be sent to a worker that has ended.
                    continue
    for worker in workers:
        try:
            worker.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def serve(requests: BinaryIO | None = None, answers: BinaryIO | None = None) -> None:
    """Answer lines of "id seed size" with the bytes of their pictures until the input ends."""
    requests, answers = requests or sys.stdin.buffer, answers or sys.stdout.buffer
    for line in requests:
        example_id, seed, size = line.decode().split()
        try:
            answers.write(render(example_id, int(seed), int(size)).tobytes())
            answers.flush()
        except BrokenPipeError:
            os._exit(0)
