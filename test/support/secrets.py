"""Every password, token and cookie the tests use, so that logs can be searched for them."""
import secrets as _random
import string

_known = set()
_ALPHABET = string.ascii_letters + string.digits


def remember(secret):
    if secret:
        _known.add(secret)
    return secret


def password():
    return remember("pw-" + "".join(_random.choice(_ALPHABET) for _ in range(20)))


def found_in(text):
    """The secrets that stand in a log: must be none."""
    return sorted(secret for secret in _known if secret in text)
