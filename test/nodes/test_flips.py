"""Rights that one node takes away and gives, while somebody downloads from all of them."""
import pytest

from conftest import make_account
from support.flips import READER, SEEN_PER_STATE, Flips

ROUNDS = 2


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_a_right_counts_on_every_node_from_the_answer_of_one(site, number, tmp_path):
    node = site.nodes[number]
    founder = make_account(node, f"founder{number}")
    reader = make_account(node, f"{READER}{number}")
    flips = Flips(founder.by_token(), reader, [it.url for it in site.nodes], tmp_path,
                  f"vault{number}")
    with flips.load():
        flips.flip_all(ROUNDS)
    assert flips.check() >= len(flips.states) * len(flips.ways()) * SEEN_PER_STATE
