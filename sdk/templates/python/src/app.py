"""{{name}}: counts the names in a directory."""

from powerbox import command, directory, group, message, option, text
from tally import tally
from wit_world.imports import directory as inventory


@command(
    effect="reads",
    name="{{name}}",
    directory=directory("The directory", required=False),
    prefix=option(text("Only names that begin with this"), "p"),
)
def count(directory, prefix):
    """Count the names in a directory

    Without a directory, the one is counted that the slot is bound to.
    """
    # What the user named, to read; or what the slot was bound to at installation.
    names = directory.list() if directory else inventory.list([])
    return message(tally(names, prefix or ""))


Commands = group("{{name}}", "Counting names", count)
