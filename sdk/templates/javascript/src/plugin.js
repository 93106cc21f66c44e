import inventory from "endo:daemon/directory@0.1.0";
import { directory, group, table } from "#powerbox";
import { tally } from "./tally.js";

export const commands = group("{{name}}", "Counting names", {
  count: {
    summary: "Count the names in a directory",
    details:
      "Without a name it counts those of the directory that the slot was bound to when the plugin was installed.",
    effect: "reads",
    parameters: { where: directory("The directory whose names to count", { optional: true }) },
    run({ where }) {
      const names = where ? where.list() : inventory.list([]);
      return table(["begins with", "names"], [...tally(names), ["(all)", names.length]]);
    },
  },
});
