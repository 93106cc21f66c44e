import assert from "node:assert/strict";
import { test } from "node:test";
import { tally } from "../src/tally.js";

test("names that begin alike are counted together", () => {
  assert.deepEqual(tally(["todo-1", "todo-2", "plan.txt"]), [["plan", 1], ["todo", 2]]);
});
