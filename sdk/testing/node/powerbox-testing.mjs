// Scenarios of a Powerbox plugin from Node's test runner: what there is, what is run, and what must come of it.
//
//     import { test } from 'node:test';
//     import { scenario } from '../.powerbox/powerbox-testing.mjs';
//
//     test('names are counted', async () => {
//       const report = await scenario('dist/count.wasm', {
//         names: { notes: { todo: { text: 'dig' } } },
//         step: [{ run: 'count notes', output: '1 name' }],
//       });
//       report.assertGood();
//     });
//
// The keys are those of the scenario files that `powerbox plugin test` runs, and so is all that happens: this only
// calls that program, which is `powerbox` on the search path, or what the variable POWERBOX names.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

/** Runs a scenario with a component, or with a project's folder, which is built first; gives its report. */
export async function scenario(component, description) {
  const program = process.env.POWERBOX || 'powerbox';
  const child = spawn(program, ['plugin', 'test', component, '--scenario', '-', '--json'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const text = async stream => {
    stream.setEncoding('utf8');
    let all = '';
    for await (const piece of stream) all += piece;
    return all;
  };
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  // A program that ends before it has read everything says why itself.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(description));
  const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  let answer;
  try {
    answer = JSON.parse(out);
  } catch {
    throw new Error(`the scenario was not run: ${said.trim() || out.trim()}`);
  }
  return new Report(answer.scenarios[0].report.steps);
}

/** What came of a scenario: `steps`, each with `text`, `json`, `error`, `status`, `calls`, `denied`, `mismatches`. */
export class Report {
  constructor(steps) {
    this.steps = steps;
  }

  /** Fails with all differences if something is not as it must be. */
  assertGood() {
    const lines = this.steps.flatMap(step =>
      step.mismatches.map(({ of, expected, found }) => `${step.what}: ${of}: expected ${expected}; found ${found}`),
    );
    assert.equal(lines.length, 0, lines.join('\n'));
  }
}
