// A JavaScript peer that looks like a daemon of the `llm` dialect and holds an object of a third-party interface.
//
//     node station.mjs listen  ADDRESS      serves every connection until standard input ends
//     node station.mjs connect ADDRESS      offers the same bootstrap on one connection that it makes itself
//
// It prints `ready` on standard error when it can be reached, and on standard output one JSON line for each call
// that reached one of its own objects, `{"object": "home", "method": "list", "args": [...]}`, so that a test can tell
// which object a call reached. Its names, all in memory:
//
//     @agent @endo @host @info @mail @main @nets @node @none @pins @self
//     home/      groceries = "bread", todo = "water the plants", station
//     work/      report = {"pages": 3n, "draft": true}, todo = "answer the mail"
//     note       "hello from JavaScript"
//     station    the weather station of `weather.mjs`
//     observatory  the one of `observatory.mjs`

import { listen, connect, passable } from './session.mjs';
import { adopt, makeHub } from './hub.mjs';
import { makeObservatory } from './observatory.mjs';
import { makeStation } from './weather.mjs';
import { Far } from '@endo/far';

const [mode, address] = process.argv.slice(2);
if (address === undefined || !['listen', 'connect'].includes(mode)) {
  process.stderr.write('usage: node station.mjs listen|connect ADDRESS\n');
  process.exit(2);
}

const heard = (object, method, args) => {
  process.stdout.write(`${JSON.stringify({ object, method, args: passable(args) })}\n`);
};

const station = makeStation(heard);
const hub = (label, names) => makeHub('EndoDirectory', label, names, heard);
const home = hub('home', { groceries: 'bread', todo: 'water the plants', station });
const work = hub('work', { report: harden({ pages: 3n, draft: true }), todo: 'answer the mail' });

const placeholder = label => Far(label, { help: () => `${label} of a peer that is no daemon` });
const host = makeHub(
  'EndoHost',
  'host',
  {
    '@agent': undefined,
    '@endo': undefined,
    '@host': placeholder('Handle'),
    '@info': placeholder('Inspector'),
    '@mail': placeholder('MailHub'),
    '@main': placeholder('Worker'),
    '@nets': hub('nets', {}),
    '@node': placeholder('Worker'),
    '@none': placeholder('None'),
    '@pins': hub('pins', {}),
    '@self': placeholder('Handle'),
    home,
    work,
    note: 'hello from JavaScript',
    observatory: makeObservatory(heard),
    station,
  },
  heard,
);

const bootstrap = Far('Endo', {
  ping: async () => 'pong',
  host: async () => host,
  leastAuthority: async () => placeholder('None'),
  nodeId: async () => '0'.repeat(64),
  help: async () => 'A peer of the interoperation tests, shaped like a daemon.',
  terminate: async () => {
    throw Error('this peer ends with its standard input');
  },
});
adopt(host, '@agent', host);
adopt(host, '@endo', bootstrap);

if (mode === 'listen') {
  await listen('Station', address, () => bootstrap);
} else {
  const { closed } = await connect('Station', address, bootstrap);
  closed.then(() => process.exit(0));
}
process.stderr.write('ready\n');
process.stdin.on('end', () => process.exit(0)).resume();
