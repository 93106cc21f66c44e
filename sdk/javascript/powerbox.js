// What a Powerbox plugin in JavaScript is written with: a plugin declares its commands as data, and `describe` and
// `run`, which every plugin exports, are made of the declaration.
//
//     import { directory, group, text } from "#powerbox";
//
//     export const commands = group("notes", "Looking after notes", {
//       count: {
//         summary: "Count the names in a directory",
//         effect: "reads",
//         parameters: { where: directory("The directory") },
//         run: ({ where }) => text(`${where.list().length} names`),
//       },
//     });
//
// A key in camel case becomes words with hyphens: the parameter `maxSize` is given as `--max-size`. Calls that leave
// the plugin return what they are for, or throw a problem; a command throws problems made by the functions below.
// Nothing here reaches anything: what a plugin can reach are the imports of its world and what its user names.

// Parameters -----------------------------------------------------------------------------------------------------

const parameter = (kind) => (help, more = {}) => ({ kind, help, ...more });
const plain = (tag) => parameter({ tag });

/** A word. With `{ choices: ["a", "b"] }`, one of these. */
export const word = (help, more = {}) => ({ kind: { tag: more.choices ? "choice" : "text" }, help, ...more });
/** A whole number. */
export const integer = plain("integer");
/** Yes or no, given as an option without a value. */
export const flag = (help, more = {}) => ({ kind: { tag: "boolean" }, help, option: true, optional: true, ...more });
/** A length of time such as `90s`; the command gets nanoseconds. */
export const duration = plain("duration");
/** A word that is shown nowhere. */
export const secret = plain("secret");
/** JSON; the command gets its text. */
export const json = plain("json");
/** A file of the user's, or `-` for standard input. The command gets its bytes by `bytes` or `string`. */
export const file = plain("file");
/** A directory to list and follow. */
export const directory = plain("directory");
/** A place in a directory that the command will write. */
export const newName = plain("new-name");
/** A place in a directory, and what the command may do there: some of read, write, remove, move, cancel. */
export const name = (rights, help, more = {}) => {
  const flags = { read: false, write: false, remove: false, move: false, cancel: false };
  for (const right of rights) flags[right] = true;
  return { kind: { tag: "name", val: flags }, help, ...more };
};
/** An object, and the methods of it that the command may call. */
export const object = (methods, help, more = {}) => ({ kind: { tag: "object", val: methods }, help, ...more });

// Output ---------------------------------------------------------------------------------------------------------

/** A sentence about what was done, without a period at the end. */
export const message = (sentence) => ({ tag: "message", val: sentence });
/** Text to print as it is. */
export const text = (printed) => ({ tag: "text", val: printed });
/** Things of one kind, one a line. */
export const lines = (things) => ({ tag: "lines", val: [...things] });
/** Rows under headings. */
export const table = (columns, rows) => ({ tag: "table", val: { columns, rows: rows.map((row) => row.map(String)) } });

// Problems -------------------------------------------------------------------------------------------------------

/** The arguments do not fit. */
export const invalid = (why) => ({ tag: "invalid", val: why });
/** There is nothing by this name. */
export const notFound = (what) => ({ tag: "not-found", val: what });
/** Anything else. */
export const failed = (what) => ({ tag: "other", val: what });

/** The problem that a call ended in: an import throws an `Error` with it inside, a command throws it bare. */
export const problemOf = (thrown) => {
  const inside = thrown?.payload ?? thrown;
  return typeof inside?.tag === "string" ? inside : undefined;
};

// Reading --------------------------------------------------------------------------------------------------------

/** Reads a blob to its end, at most `limit` bytes (1 MiB). */
export const bytes = (blob, limit = 1 << 20) => {
  const pieces = [];
  let length = 0;
  for (let piece = blob.read(); piece !== null && piece !== undefined; piece = blob.read()) {
    length += piece.length;
    if (length > limit) throw { tag: "limit", val: `more than ${limit} bytes` };
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

// The group ------------------------------------------------------------------------------------------------------

const hyphened = (key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const describeParameter = ([key, declared]) => ({
  name: hyphened(key),
  label: declared.label ?? hyphened(key).replaceAll("-", " "),
  kind: declared.kind,
  style: declared.option || declared.short ? { tag: "option", val: declared.short ?? null } : { tag: "positional" },
  required: !declared.optional && declared.default === undefined,
  repeated: declared.repeated ?? false,
  default: declared.default === undefined ? null : String(declared.default),
  choices: declared.choices ?? [],
  help: declared.help,
});

const describeCommand = (group) => ([key, declared]) => ({
  name: hyphened(key),
  aliases: declared.aliases ?? [],
  summary: declared.summary,
  details: declared.details ?? "",
  category: declared.category ?? group,
  effect: { tag: declared.effect },
  parameters: Object.entries(declared.parameters ?? {}).map(describeParameter),
});

// The values of one invocation by the keys of the declaration: an array where a parameter may be repeated, and
// `undefined` where the user gave nothing.
const valuesFor = (declared, given) => {
  const byName = new Map(given.map(({ name, values }) => [name, values.map((value) => value.val)]));
  return Object.fromEntries(
    Object.entries(declared.parameters ?? {}).map(([key, parameter]) => {
      const values = byName.get(hyphened(key)) ?? [];
      const none = parameter.kind.tag === "boolean" ? false : undefined;
      return [key, parameter.repeated ? values : (values[0] ?? none)];
    }),
  );
};

/**
 * Declares a plugin: one word, one line on what it is for, and its commands. The result is what the module exports
 * under the name `commands`.
 */
export const group = (word, summary, commands) => {
  const byName = new Map(Object.entries(commands).map(([key, declared]) => [hyphened(key), declared]));
  return {
    describe: () => ({ name: word, summary, commands: Object.entries(commands).map(describeCommand(word)) }),
    run: ({ command, arguments: given }) => {
      const declared = byName.get(command);
      if (declared === undefined) throw invalid(`there is no command ${command}`);
      try {
        return declared.run(valuesFor(declared, given)) ?? { tag: "nothing" };
      } catch (thrown) {
        // A mistake in the plugin is told as a problem: thrown as it is, it would end the plugin without a word.
        throw problemOf(thrown) ?? failed(String(thrown));
      }
    },
  };
};
