"""Waiting for something that is seen to happen, never for a span of time."""
import threading
import time

DEADLINE = 20.0
_pause = threading.Event()


def until(happened, deadline=DEADLINE, what="it", interval=0.02):
    """Asks until happened() is true, and returns what it said. Fails after the deadline."""
    end = time.monotonic() + deadline
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {deadline:g} s")
        _pause.wait(interval)


def idle(seconds):
    """For tests whose subject is a pause of the client (deadlines of the server)."""
    _pause.wait(seconds)
