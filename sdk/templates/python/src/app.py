"""Counting names."""

from powerbox import Directory, Group, Table
from tally import tally
from wit_world.imports import directory as inventory

group = Group("{{name}}", "Counting names")


@group.command(effect="reads")
def count(where: Directory("The directory whose names to count") = None):
    """Count the names in a directory

    Without a name it counts those of the directory that the slot was bound to when the plugin was installed.
    """
    names = where.list() if where else inventory.list([])
    return Table(["begins with", "names"], [*tally(names), ("(all)", len(names))])


Commands = group.exports()
