import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tally } from '../src/tally.js';

test('names are counted by their beginning', () => {
  const names = ['plan', 'plot', 'todo'];
  assert.equal(tally(names, ''), '3 names');
  assert.equal(tally(names, 'to'), '1 name');
  assert.equal(tally(names, 'x'), 'no names');
});
