// Drives an Endo daemon as Endo's own clients do, and prints what came of each step as one JSON object.
//
//     node client.mjs ADDRESS
//
// Everything it makes is called `js-…` and removed at the end, so it can be run again on the same daemon.

// The session comes first: it locks the realm down, which the other packages rely on.
import { connect, failureOf, report } from './session.mjs';
import { E, Far } from '@endo/far';

const [address] = process.argv.slice(2);
if (address === undefined) {
  process.stderr.write('usage: node client.mjs ADDRESS\n');
  process.exit(2);
}

const session = await connect('js-client', address);
const bootstrap = await session.getBootstrap();
const host = E(bootstrap).host();

const special = name => !/^[a-z0-9]/.test(name);

// What a subscription says first, up to the last of the names that are there already.
const initialNames = async (changes, count) => {
  const names = [];
  while (names.length < count) {
    const { done, value } = await E(changes).next();
    if (done) throw Error(`the subscription ended after ${names.length} of ${count} names`);
    if (value.add === undefined) throw Error(`a change came before all names: ${JSON.stringify(value)}`);
    names.push(value.add);
  }
  return names;
};

await report({
  bootstrap: async () => ({
    bootstrap: bootstrap,
    ping: await E(bootstrap).ping(),
    methods: await E(bootstrap).__getMethodNames__(),
  }),
  host: async () => {
    const [once, again] = await Promise.all([host, E(bootstrap).host()]);
    return { host: once, same: once === again, methods: await E(host).__getMethodNames__() };
  },
  list: async () => {
    const names = await E(host).list();
    return { special: names.filter(special), sorted: names.join() === [...names].sort().join() };
  },
  makeDirectory: async () => {
    const directory = await E(host).makeDirectory(['js-dir']);
    await E(host).makeDirectory(['js-dir', 'inner']);
    return {
      directory,
      same: directory === (await E(host).lookup(['js-dir'])),
      list: await E(directory).list(),
      methods: await E(directory).__getMethodNames__(),
    };
  },
  storeValue: async () => {
    await E(host).storeValue('milk', 'js-text');
    await E(host).storeValue({ n: 1n, list: ['a', undefined, NaN, null], deep: { yes: true } }, ['js-dir', 'record']);
    return {
      text: await E(host).lookup('js-text'),
      record: await E(host).lookup(['js-dir', 'record']),
      identified: typeof (await E(host).identify('js-dir', 'record')),
      has: await E(host).has('js-dir', 'record'),
    };
  },
  copy: async () => {
    await E(host).copy(['js-text'], ['js-dir', 'inner', 'copied']);
    const [from, to] = await Promise.all([
      E(host).identify('js-text'),
      E(host).identify('js-dir', 'inner', 'copied'),
    ]);
    return { value: await E(host).lookup(['js-dir', 'inner', 'copied']), sameIdentifier: from === to };
  },
  move: async () => {
    await E(host).move(['js-dir', 'inner', 'copied'], ['js-moved']);
    return {
      value: await E(host).lookup(['js-moved']),
      left: await E(host).list('js-dir', 'inner'),
    };
  },
  pipelined: async () => {
    // Four calls, each on the answer of the one before, sent before any answer came.
    const directory = E(E(bootstrap).host()).lookup(['js-dir']);
    return { names: await E(directory).list(), length: await E.get(E(directory).list()).length };
  },
  blob: async () => {
    const chunks = ['aGVsbG8s', 'IHdvcmxk'];
    const reader = Far('AsyncIterator', {
      next: async () =>
        chunks.length > 0 ? { done: false, value: chunks.shift() } : { done: true, value: undefined },
      return: async () => ({ done: true, value: undefined }),
      throw: async () => ({ done: true, value: undefined }),
    });
    await E(host).storeBlob(reader, ['js-blob']);
    const blob = await E(host).lookup(['js-blob']);
    return { blob, text: await E(blob).text() };
  },
  followNameChanges: async () => {
    const count = (await E(host).list()).length;
    const changes = await E(host).followNameChanges();
    const initial = await initialNames(changes, count);
    const upcoming = E(changes).next();
    await E(host).storeValue(7n, 'js-followed');
    const added = await upcoming;
    await E(host).remove('js-followed');
    const removed = await E(changes).next();
    const listed = await E(host).list();
    return {
      iterator: changes,
      sameAsList: [...initial].sort().join() === [...listed].sort().join(),
      done: [added.done, removed.done],
      added: added.value.add,
      addedHas: Object.keys(added.value.value).sort(),
      removed: removed.value.remove,
    };
  },
  followInDirectory: async () => {
    const directory = E(host).lookup(['js-dir']);
    const changes = await E(directory).followNameChanges();
    const initial = await initialNames(changes, (await E(directory).list()).length);
    const upcoming = E(changes).next();
    await E(host).makeDirectory(['js-dir', 'late']);
    return { initial: initial.sort(), added: (await upcoming).value.add };
  },
  remove: async () => {
    for (const path of [['js-dir', 'inner'], ['js-text'], ['js-moved'], ['js-blob'], ['js-dir']]) {
      await E(host).remove(...path);
    }
    return { left: (await E(host).list()).filter(name => name.startsWith('js-')) };
  },
  errors: async () => ({
    lookupAbsent: await failureOf(E(host).lookup('js-absent')),
    lookupBelowAbsent: await failureOf(E(host).lookup(['js-absent', 'x'])),
    removeAbsent: await failureOf(E(host).remove('js-absent')),
    copyAbsent: await failureOf(E(host).copy(['js-absent'], ['js-other'])),
    moveAbsent: await failureOf(E(host).move(['js-absent'], ['js-other'])),
    badName: await failureOf(E(host).makeDirectory(['a/b'])),
    noSuchMethod: await failureOf(E(host).noSuchMethod()),
    pipelinedOnFailure: await failureOf(E(E(host).lookup('js-absent')).list()),
    identifyAbsent: { value: await E(host).identify('js-absent') },
  }),
  disconnect: async () => {
    const pending = failureOf(E(E(host).followNameChanges()).throwAway());
    await pending;
    const changes = await E(host).followNameChanges();
    await initialNames(changes, (await E(host).list()).length);
    const waiting = failureOf(E(changes).next());
    await session.disconnect();
    return { waiting: await waiting };
  },
});
