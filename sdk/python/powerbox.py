"""What a Powerbox plugin in Python is written with.

A command is a documented function with typed parameters. `describe` and `run`, which every plugin exports, are made of
the declarations:

    from powerbox import Directory, Group, Text

    group = Group("notes", "Looking after notes")


    @group.command(effect="reads")
    def count(where: Directory("The directory")) -> Text:
        \"\"\"Count the names in a directory\"\"\"
        return Text(f"{len(where.list())} names")


    Commands = group.exports()

The first line of a function's documentation is the command's summary, the rest its details. A parameter with a default
may be left out. Hyphens stand for underscores: the parameter `max_size` is given as `--max-size`. Calls that leave the
plugin return what they are for, or raise `Err` with a problem; a command raises problems made by the functions below.
Nothing here reaches anything: what a plugin can reach are the imports of its world and what its user names.
"""

import inspect
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Optional, Sequence

from componentize_py_types import Err
from wit_world.exports import commands as _commands
from wit_world.imports import description as _description
from wit_world.imports import output as _output
from wit_world.imports import powerbox_types as _types

# Parameters


@dataclass(frozen=True)
class Parameter:
    """What the user gives to a command."""

    kind: Any
    help: str
    option: bool = False
    short: Optional[str] = None
    repeated: bool = False
    choices: Sequence[str] = ()

    def as_option(self, short: Optional[str] = None) -> "Parameter":
        """The same, given as `--name value` instead of by its place among the words."""
        return replace(self, option=True, short=short)

    def many(self) -> "Parameter":
        """The same, with several values; the command gets a list."""
        return replace(self, repeated=True)


def Word(help: str, choices: Sequence[str] = ()) -> Parameter:
    """A word; with `choices`, one of these."""
    kind = _description.ParameterKind_Choice() if choices else _description.ParameterKind_Text()
    return Parameter(kind, help, choices=choices)


def Integer(help: str) -> Parameter:
    """A whole number."""
    return Parameter(_description.ParameterKind_Integer(), help)


def Flag(help: str, short: Optional[str] = None) -> Parameter:
    """Yes or no, given as an option without a value."""
    return Parameter(_description.ParameterKind_Boolean(), help, option=True, short=short)


def Duration(help: str) -> Parameter:
    """A length of time such as `90s`; the command gets nanoseconds."""
    return Parameter(_description.ParameterKind_Duration(), help)


def Secret(help: str) -> Parameter:
    """A word that is shown nowhere."""
    return Parameter(_description.ParameterKind_Secret(), help)


def Json(help: str) -> Parameter:
    """JSON; the command gets its text."""
    return Parameter(_description.ParameterKind_Json(), help)


def File(help: str) -> Parameter:
    """A file of the user's, or `-` for standard input; `read_all` gives its bytes."""
    return Parameter(_description.ParameterKind_File(), help)


def Directory(help: str) -> Parameter:
    """A directory to list and follow."""
    return Parameter(_description.ParameterKind_Directory(), help)


def NewName(help: str) -> Parameter:
    """A place in a directory that the command will write."""
    return Parameter(_description.ParameterKind_NewName(), help)


def Name(rights: Iterable[str], help: str) -> Parameter:
    """A place in a directory, and what the command may do there: some of read, write, remove, move, cancel."""
    flags = _description.NameRights(0)
    for right in rights:
        flags |= _description.NameRights[right.upper()]
    return Parameter(_description.ParameterKind_Name(flags), help)


def Object(methods: Sequence[str], help: str) -> Parameter:
    """An object, and the methods of it that the command may call."""
    return Parameter(_description.ParameterKind_Object(list(methods)), help)


# Output


def Message(sentence: str) -> Any:
    """A sentence about what was done, without a period at the end."""
    return _output.Output_Message(sentence)


def Text(printed: str) -> Any:
    """Text to print as it is."""
    return _output.Output_Text(printed)


def Lines(things: Iterable[str]) -> Any:
    """Things of one kind, one a line."""
    return _output.Output_Lines(list(things))


def Table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """Rows under headings."""
    return _output.Output_Table(_output.Table(list(columns), [[str(cell) for cell in row] for row in rows]))


# Problems


def invalid(why: str) -> Err:
    """The arguments do not fit."""
    return Err(_types.Problem_Invalid(why))


def not_found(what: str) -> Err:
    """There is nothing by this name."""
    return Err(_types.Problem_NotFound(what))


def failed(what: str) -> Err:
    """Anything else."""
    return Err(_types.Problem_Other(what))


# Reading


def read_all(blob: Any, limit: int = 1 << 20) -> bytes:
    """Reads a blob to its end, at most `limit` bytes."""
    whole = bytearray()
    while (piece := blob.read()) is not None:
        whole += piece
        if len(whole) > limit:
            raise Err(_types.Problem_Limit(f"more than {limit} bytes"))
    return bytes(whole)


# The group


def _hyphened(name: str) -> str:
    return name.strip("_").replace("_", "-")


@dataclass(frozen=True)
class _Declared:
    function: Callable[..., Any]
    effect: Any
    aliases: Sequence[str]
    category: str

    def parameters(self) -> dict[str, tuple[Parameter, Any]]:
        """The parameters of the function, with their defaults."""
        return {
            name: (given.annotation, given.default)
            for name, given in inspect.signature(self.function).parameters.items()
        }

    def describe(self) -> _description.Command:
        summary, _, details = inspect.cleandoc(self.function.__doc__ or "").partition("\n")
        return _description.Command(
            _hyphened(self.function.__name__),
            list(self.aliases),
            summary,
            details.strip(),
            self.category,
            self.effect,
            [self.describe_parameter(name, *rest) for name, rest in self.parameters().items()],
        )

    @staticmethod
    def describe_parameter(name: str, declared: Parameter, default: Any) -> _description.Parameter:
        flag = isinstance(declared.kind, _description.ParameterKind_Boolean)
        style = (
            _description.ParameterStyle_Option(declared.short)
            if declared.option
            else _description.ParameterStyle_Positional()
        )
        shown = default not in (None, False, inspect.Parameter.empty)
        return _description.Parameter(
            _hyphened(name),
            _hyphened(name).replace("-", " "),
            declared.kind,
            style,
            default is inspect.Parameter.empty and not flag,
            declared.repeated,
            str(default) if shown else None,
            list(declared.choices),
            declared.help,
        )

    def run(self, arguments: Sequence[Any]) -> Any:
        given = {each.name: [value.value for value in each.values] for each in arguments}
        values = {}
        for name, (declared, default) in self.parameters().items():
            some = given.get(_hyphened(name), [])
            if declared.repeated:
                values[name] = some
            elif some:
                values[name] = some[0]
            elif default is inspect.Parameter.empty:
                # The host lets only a flag be left out that has no default.
                values[name] = False
            else:
                values[name] = default
        return self.function(**values)


class Group:
    """A plugin's commands: one word, and one line on what they are for."""

    def __init__(self, word: str, summary: str) -> None:
        self.word = word
        self.summary = summary
        self.declared: dict[str, _Declared] = {}

    def command(self, effect: str, aliases: Sequence[str] = (), category: Optional[str] = None) -> Any:
        """Makes a function a command. `effect` is the strongest thing that it may do: reads, writes, destroys,
        executes or communicates."""
        known = getattr(_description, f"Effect_{effect.capitalize()}")()

        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            declared = _Declared(function, known, aliases, category or self.word)
            self.declared[_hyphened(function.__name__)] = declared
            return function

        return declare

    def exports(self) -> type:
        """What the plugin's module must have under the name `Commands`."""
        group = self

        class Commands:
            """The plugin's commands, as the host calls them."""

            def describe(self) -> _description.CommandGroup:
                described = [each.describe() for each in group.declared.values()]
                return _description.CommandGroup(group.word, group.summary, described)

            def run(self, invocation: _commands.Invocation) -> Any:
                declared = group.declared.get(invocation.command)
                if declared is None:
                    raise invalid(f"there is no command {invocation.command}")
                try:
                    said = declared.run(invocation.arguments)
                except Err:
                    raise
                except Exception as mistake:
                    # A mistake in the plugin is told as a problem: raised as it is, it would end the plugin without
                    # a word.
                    raise failed(f"{type(mistake).__name__}: {mistake}") from None
                return _output.Output_Nothing() if said is None else said

        return Commands
