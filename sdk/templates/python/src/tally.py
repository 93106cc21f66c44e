"""Counting by what names begin with. It needs nothing of the host, so Python's own test runner tests it."""

import re
from collections import Counter


def tally(names: list[str]) -> list[tuple[str, int]]:
    """Counts names by what they begin with, up to the first hyphen or dot."""
    return sorted(Counter(re.split("[-.]", name)[0] for name in names).items())
