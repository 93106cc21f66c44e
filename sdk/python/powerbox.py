"""What a Powerbox plugin in Python is written with.

    from powerbox import command, directory, group, message

    @command(effect="reads", where=directory("Where they are"))
    def note_count(where):
        "Count the notes"
        return message(f"{len(where.list())} notes")

    Commands = group("notes", "Keeping notes", note_count)

What a command returns is its output; what it raises is the problem that it ends in. Parameters have the kinds of the
contract (wit/powerbox-plugin/description.wit); for those that designate, the host hands over a reference to just the
thing that the user named. There is no clock and no good randomness in a component: import `powerbox:plugin/clock` and
`random` in the plugin's WIT world instead.
"""

import traceback

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import description as _d
from wit_world.imports import output as _o

# What an interface is called here depends on which others the world imports.
try:
    from wit_world.imports import powerbox_plugin_types as types
except ImportError:
    from wit_world.imports import types

_EFFECTS = {
    "reads": _d.Effect_Reads,
    "writes": _d.Effect_Writes,
    "destroys": _d.Effect_Destroys,
    "executes": _d.Effect_Executes,
    "communicates": _d.Effect_Communicates,
}


class Parameter:
    """What the user gives to a command. `label`, `required`, `repeated`, `default` and `choices` are as in the contract."""

    def __init__(self, kind, help, *, label=None, required=True, repeated=False, default=None, choices=()):
        self.kind, self.help, self.label = kind, help, label
        self.required, self.repeated = required, repeated
        self.default, self.choices = default, list(choices)
        self.style = _d.ParameterStyle_Positional()


def _simple(kind):
    return lambda help, **more: Parameter(kind(), help, **more)


text = _simple(_d.ParameterKind_Text)
integer = _simple(_d.ParameterKind_Integer)
duration = _simple(_d.ParameterKind_Duration)
secret = _simple(_d.ParameterKind_Secret)
json = _simple(_d.ParameterKind_Json)
source = _simple(_d.ParameterKind_Source)
file = _simple(_d.ParameterKind_File)
directory = _simple(_d.ParameterKind_Directory)
new_name = _simple(_d.ParameterKind_NewName)


def choice(help, choices, **more):
    """One of some texts."""
    return Parameter(_d.ParameterKind_Choice(), help, choices=choices, **more)


def name(help, *rights, **more):
    """A place in a directory with these rights: read, write, remove, move, cancel, replace."""
    flags = _d.NameRights(0)
    for right in rights:
        flags |= _d.NameRights[right.upper()]
    return Parameter(_d.ParameterKind_Name(flags), help, **more)


def object(help, *methods, **more):
    """An object, and the methods of it that the command may call."""
    return Parameter(_d.ParameterKind_Object(list(methods)), help, **more)


def flag(help, letter=None):
    """A switch: given as `--name`."""
    return option(Parameter(_d.ParameterKind_Boolean(), help, required=False), letter)


def option(parameter, letter=None):
    """Makes a parameter one that is given as `--name value`."""
    parameter.style = _d.ParameterStyle_Option(letter)
    parameter.required = False
    return parameter


def command(*, effect, alias=(), category=None, name=None, **parameters):
    """Makes a command of a function; its docstring's first line is the summary, the rest the details."""

    def make(function):
        function.powerbox = (effect, [alias] if isinstance(alias, str) else list(alias), category, name, parameters)
        return function

    return make


def group(name, summary, *functions):
    """Makes the plugin's export of commands: call the result `Commands`."""
    commands, described = {}, []
    for function in functions:
        effect, aliases, category, word, parameters = function.powerbox
        word = word or _hyphened(function.__name__)
        first, _, rest = (function.__doc__ or "").strip().partition("\n")
        details = "\n".join(line.strip() for line in rest.strip().splitlines())
        described.append(
            _d.Command(
                name=word,
                aliases=aliases,
                summary=first.rstrip("."),
                details=details,
                category=category or name,
                effect=_EFFECTS[effect]() if effect in _EFFECTS else _d.Effect_Other(effect),
                parameters=[
                    _d.Parameter(
                        name=_hyphened(key),
                        label=parameter.label or key.replace("_", " "),
                        kind=parameter.kind,
                        style=parameter.style,
                        required=parameter.required,
                        repeated=parameter.repeated,
                        default=parameter.default,
                        choices=parameter.choices,
                        help=parameter.help,
                    )
                    for key, parameter in parameters.items()
                ],
            )
        )
        commands[word] = (function, parameters)
    described = _d.CommandGroup(name=name, summary=summary, commands=described)

    class Commands(exports.Commands):
        def describe(self):
            return described

        def run(self, invocation):
            function, parameters = commands[invocation.command]
            given = {argument.name: [value.value for value in argument.values] for argument in invocation.arguments}
            values = {}
            for key, parameter in parameters.items():
                found = given.get(_hyphened(key), [])
                values[key] = found if parameter.repeated else (found[0] if found else None)
            try:
                return _as_output(function(**values))
            except Err:
                raise
            except Exception as error:
                # A trap would lose what happened.
                raise problem("other", "".join(traceback.format_exception_only(error)).strip()) from error

    return Commands


def _hyphened(word):
    return word.replace("_", "-")


def message(sentence):
    """A sentence about what was done."""
    return _o.Output_Message(sentence)


def lines(texts):
    return _o.Output_Lines(list(texts))


def table(columns, rows):
    return _o.Output_Table(_o.Table(columns=list(columns), rows=[list(row) for row in rows]))


def _as_output(output):
    if output is None:
        return _o.Output_Nothing()
    return _o.Output_Text(output) if isinstance(output, str) else output


_PROBLEMS = {
    "not-found": "Problem_NotFound",
    "invalid": "Problem_Invalid",
    "limit": "Problem_Limit",
    "unbound": "Problem_Unbound",
    "other": "Problem_Other",
}


def problem(kind, text):
    """A problem to raise: `not-found`, `invalid`, `limit`, `unbound` or `other`, with its text."""
    return Err(getattr(types, _PROBLEMS[kind])(text))
