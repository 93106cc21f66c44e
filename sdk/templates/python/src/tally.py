"""What needs no host, and so can be tested by any Python."""


def tally(names, prefix):
    """Says how many names there are, in words."""
    count = sum(name.startswith(prefix) for name in names)
    if count == 0:
        return "no names"
    return "1 name" if count == 1 else f"{count} names"
