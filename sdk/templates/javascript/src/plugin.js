// {{name}}: counts the names in a directory.

import { list } from 'endo:daemon/directory@0.1.0';
import { command, directory, group, message, option, text } from '../.powerbox/powerbox.js';
import { tally } from './tally.js';

export const commands = group('{{name}}', 'Counting names', {
  '{{name}}': command({
    summary: 'Count the names in a directory',
    details: 'Without a directory, the one is counted that the slot is bound to.',
    effect: 'reads',
    parameters: {
      directory: directory('The directory', { required: false }),
      prefix: option(text('Only names that begin with this'), 'p'),
    },
    run({ directory, prefix }) {
      // What the user named, to read; or what the slot was bound to at installation.
      const names = directory ? directory.list() : list([]);
      return message(tally(names, prefix ?? ''));
    },
  }),
});
