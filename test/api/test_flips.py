"""Rights that come and go while somebody downloads without pause."""
import pytest

from support.flips import READER, SEEN_PER_STATE, Flips

ROUNDS = 5


@pytest.mark.slow
def test_a_right_counts_from_the_answer_that_changed_it(server, account, tmp_path):
    flips = Flips(account("alice").by_token(), account(READER), [server.url], tmp_path)
    with flips.load():
        flips.flip_all(ROUNDS)
    assert flips.check() >= len(flips.states) * len(flips.ways()) * SEEN_PER_STATE
