"""Commands that tell what reached them, one for each way in which a parameter is given or used."""

import json

from componentize_py_types import Err
from powerbox import Duration, File, Flag, Group, Integer, Json, Message, Name, NewName, Text, Word, invalid, read_all

group = Group("kinds", "What reaches a command")


@group.command(effect="reads", aliases=["all"])
def say_all(
    who: Word("Some words").many(),
    how_loud: Word("How loud", ["low", "high"]).as_option("l") = "low",
    times: Integer("How often").as_option() = None,
    shout: Flag("Whether to shout", "s") = False,
    within: Duration("How soon").as_option() = None,
):
    """Say what was given"""
    return Text(json.dumps([who, how_loud, times, shout, within], separators=(",", ":")))


@group.command(effect="reads")
def size(what: File("The file")):
    """Count the bytes of a file"""
    return Message(f"{len(read_all(what))} bytes")


@group.command(effect="writes")
def keep(to: NewName("Where"), value: Json("What")):
    """Store a value"""
    to.store_value("#" + json.dumps(json.loads(value)), [])


@group.command(effect="reads")
def overstep(what: Name(["read"], "Which name")):
    """Remove what may only be read"""
    try:
        what.remove()
    except Err as problem:
        return Text(type(problem.value).__name__.removeprefix("Problem_").lower())


@group.command(effect="reads")
def err():
    """Make a mistake"""
    None.missing


@group.command(effect="reads")
def refuse():
    """Refuse"""
    raise invalid("this cannot be")


Commands = group.exports()
