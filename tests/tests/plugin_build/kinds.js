// Commands that tell what reached them, one for each way in which a parameter is given or used.
import { bytes, duration, file, flag, group, integer, invalid, json, message, name, newName, problemOf, text, word } from "#powerbox";

export const commands = group("kinds", "What reaches a command", {
  sayAll: {
    summary: "Say what was given",
    effect: "reads",
    aliases: ["all"],
    parameters: {
      who: word("Some words", { repeated: true }),
      howLoud: word("How loud", { choices: ["low", "high"], default: "low", option: true, short: "l" }),
      times: integer("How often", { option: true, optional: true }),
      shout: flag("Whether to shout", { short: "s" }),
      within: duration("How soon", { option: true, optional: true }),
    },
    run: ({ who, howLoud, times, shout, within }) =>
      text(JSON.stringify([who, howLoud, times ?? null, shout, within ?? null])),
  },
  size: {
    summary: "Count the bytes of a file",
    effect: "reads",
    parameters: { what: file("The file") },
    run: ({ what }) => message(`${bytes(what).length} bytes`),
  },
  keep: {
    summary: "Store a value",
    effect: "writes",
    parameters: { to: newName("Where"), value: json("What") },
    run({ to, value }) {
      to.storeValue(`#${JSON.stringify(JSON.parse(value))}`, []);
    },
  },
  overstep: {
    summary: "Remove what may only be read",
    effect: "reads",
    parameters: { what: name(["read"], "Which name") },
    run({ what }) {
      try {
        what.remove();
      } catch (thrown) {
        return text(problemOf(thrown).tag);
      }
    },
  },
  err: { summary: "Make a mistake", effect: "reads", run: () => null.missing },
  refuse: {
    summary: "Refuse",
    effect: "reads",
    run() {
      throw invalid("this cannot be");
    },
  },
});
