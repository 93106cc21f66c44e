// What a Powerbox plugin in JavaScript is written with.
//
//     import { command, directory, group, message } from '../.powerbox/powerbox.js';
//
//     export const commands = group('notes', 'Keeping notes', {
//       'note-count': command({
//         summary: 'Count the notes',
//         effect: 'reads',
//         parameters: { where: directory('Where they are') },
//         run: ({ where }) => message(`${where.list().length} notes`),
//       }),
//     });
//
// What a command returns is its output; what it throws is the problem that it ends in. Parameters have the kinds of
// the contract (wit/powerbox-plugin/description.wit); from `object` on the host hands over a reference to just the
// thing that the user named. There is no console, no clock and no good randomness in a component: import
// `powerbox:plugin/log`, `clock` and `random` in the plugin's WIT world instead.

/** Makes the plugin's export of commands: pass `commands` by name. */
export function group(name, summary, commands) {
  const described = Object.entries(commands).map(([word, spec]) => describe(word, name, spec));
  return {
    describe: () => ({ name, summary, commands: described }),
    run({ command: word, arguments: given }) {
      const spec = commands[word];
      if (!spec) throw problem('invalid', `there is no command ${word}`);
      const values = {};
      for (const [key, parameter] of Object.entries(spec.parameters ?? {})) {
        const argument = given.find(argument => argument.name === hyphened(key));
        const all = argument ? argument.values.map(value => value.val) : [];
        values[key] = parameter.repeated ? all : all[0];
      }
      let output;
      try {
        output = spec.run(values);
      } catch (thrown) {
        throw asProblem(thrown);
      }
      return asOutput(output);
    },
  };
}

/** One command: `{ summary, effect, run }`, and if need be `details`, `aliases`, `category`, `parameters`. */
export const command = spec => spec;

function describe(word, category, spec) {
  return {
    name: word,
    aliases: spec.aliases ?? [],
    summary: spec.summary,
    details: spec.details ?? '',
    category: spec.category ?? category,
    effect: EFFECTS.includes(spec.effect) ? { tag: spec.effect } : { tag: 'other', val: String(spec.effect) },
    parameters: Object.entries(spec.parameters ?? {}).map(([key, parameter]) => ({
      name: hyphened(key),
      label: parameter.label ?? key,
      kind: parameter.kind,
      style: parameter.style ?? { tag: 'positional' },
      required: parameter.required ?? true,
      repeated: parameter.repeated ?? false,
      default: parameter.default,
      choices: parameter.choices ?? [],
      help: parameter.help,
    })),
  };
}

const EFFECTS = ['reads', 'writes', 'destroys', 'executes', 'communicates'];

const hyphened = key => key.replace(/_/g, '-').replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

const simple = tag => (help, more = {}) => ({ kind: { tag }, help, ...more });

// Parameters. `more` can have: required: false, repeated: true, default: 'text', label, choices.
export const text = simple('text');
export const integer = simple('integer');
export const duration = simple('duration');
export const secret = simple('secret');
export const json = simple('json');
export const source = simple('source');
export const file = simple('file');
/** A directory to list and follow. */
export const directory = simple('directory');
/** A place to write. */
export const newName = simple('new-name');
/** One of some texts. */
export const choice = (help, choices, more = {}) => ({ kind: { tag: 'choice' }, help, choices, ...more });
/** A place in a directory with these rights: read, write, remove, move, cancel, replace. */
export const name = (help, rights, more = {}) => ({
  kind: { tag: 'name', val: Object.fromEntries(rights.map(right => [right, true])) },
  help,
  ...more,
});
/** An object, and the methods of it that the command may call. */
export const object = (help, methods, more = {}) => ({ kind: { tag: 'object', val: methods }, help, ...more });
/** A switch: given as `--name`. */
export const flag = (help, letter) => ({
  kind: { tag: 'boolean' },
  style: { tag: 'option', val: letter },
  required: false,
  help,
});
/** Makes a parameter one that is given as `--name value`. */
export const option = (parameter, letter) => ({
  required: false,
  ...parameter,
  style: { tag: 'option', val: letter },
});

// Output.
/** A sentence about what was done. */
export const message = text => ({ tag: 'message', val: text });
export const lines = list => ({ tag: 'lines', val: list });
export const table = (columns, rows) => ({ tag: 'table', val: { columns, rows } });

/** A problem to throw: `denied`, `not-found`, `invalid`, `limit`, `unbound`, `other`, with its text. */
export const problem = (tag, val) => ({ tag, val });

const PROBLEMS = [
  'denied', 'revoked', 'not-found', 'invalid', 'remote', 'limit', 'cancelled', 'disconnected', 'unbound', 'other',
];

function asProblem(thrown) {
  // What an import ended in comes as an error with the problem in it.
  const found = thrown?.payload ?? thrown;
  if (PROBLEMS.includes(found?.tag)) return found;
  const trace = thrown?.stack ? `\n${thrown.stack}` : '';
  return { tag: 'other', val: `${thrown}${trace}`.trim() };
}

function asOutput(output) {
  if (output === undefined) return { tag: 'nothing' };
  if (typeof output === 'string') return { tag: 'text', val: output };
  return output;
}
