// Calls every method of the CapTP fixture the way JavaScript would, and prints what came of it as one JSON object.
//
//     node fixture-client.mjs ADDRESS
//
// The fixture is a server over the public API of our own CapTP, so this shows Endo's CapTP against ours.

// The session comes first: it locks the realm down, which the other packages rely on.
import { connect, failureOf, report } from './session.mjs';
import { E, Far } from '@endo/far';
import { makeTagged } from '@endo/pass-style';

const [address] = process.argv.slice(2);
if (address === undefined) {
  process.stderr.write('usage: node fixture-client.mjs ADDRESS\n');
  process.exit(2);
}

const session = await connect('js-fixture-client', address);
const fixture = await session.getBootstrap();

const makeKit = () => {
  let settle;
  const promise = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
};

await report({
  calls: async () => ({
    ping: await E(fixture).ping('hello'),
    methods: await E(fixture).__getMethodNames__(),
    alleged: fixture,
  }),
  values: async () => {
    const sent = harden([
      undefined, null, true, 0, -1.5, 1e300, NaN, Infinity, -Infinity, 0n, -(2n ** 100n), '', 'ünïcödé \u2028 😀',
      [], [[[]]], {}, { b: 1, a: [{ '@qclass': 'data' }] }, { '@qclass': 'x', other: 1 },
    ]);
    const back = await E(fixture).echo(...sent);
    const lone = await E(fixture).echo('\ud83d');
    const symbols = await E(fixture).echo(Symbol.for('foo'), Symbol.asyncIterator);
    const tagged = await E(fixture).ping(makeTagged('demo', harden([1n])));
    return {
      values: back,
      sent,
      loneSurrogate: lone[0] === '\ud83d',
      symbols: symbols.map(String),
      tagged: { tag: tagged[Symbol.toStringTag], payload: tagged.payload },
      error: await E(fixture).ping(harden(RangeError('as data'))),
      long: (await E(fixture).ping('x'.repeat(1 << 20))).length,
    };
  },
  pipelining: async () => {
    const made = E(fixture).make('label');
    const rec = E(fixture).rec();
    const chain = Array.from({ length: 8 }).reduce(target => E(target).self(), fixture);
    return {
      label: await E(made).label(),
      me: await E(E(fixture).self()).ping('through self'),
      a: await E.get(rec).a,
      throughRecord: await E(E.get(rec).o).ping('through record'),
      chain: await E(chain).ping('after eight'),
      applied: await E(E(fixture).fn())(21),
      onFailure: await failureOf(E(E(fixture).fail('first')).label()),
    };
  },
  order: async () => {
    for (let n = 0; n < 100; n += 1) E.sendOnly(fixture).note(n);
    const notes = await E(fixture).notes();
    return { inOrder: notes.every((note, at) => note === at), count: notes.length };
  },
  promisesToThem: async () => {
    const later = makeKit();
    const waited = E(fixture).wait(later.promise);
    await E(fixture).ping('the promise is over there by now');
    later.resolve(harden({ answer: 42n }));
    const broken = makeKit();
    const rejected = failureOf(E(fixture).wait(broken.promise));
    broken.reject(TypeError('broken on purpose'));
    return {
      waited: await waited,
      rejected: await rejected,
      settled: await E(fixture).wait(Promise.resolve('at once')),
      ofTheirs: await E(fixture).wait(E(fixture).ping('a pending answer')),
    };
  },
  promisesFromThem: async () => {
    const { promise, resolver } = await E(fixture).pending();
    await E(resolver).resolve('resolved');
    const other = await E(fixture).pending();
    const otherFails = failureOf(other.promise);
    await E(other.resolver).reject(Error('rejected'));
    const target = await E(fixture).pending();
    const label = E(target.promise).label();
    await E(target.resolver).resolve(E(fixture).make('pipelined on a promise'));
    const home = await E(fixture).pending();
    const mine = Far('Mine', { label: () => 'came home' });
    const homeLabel = E(home.promise).label();
    await E(home.resolver).resolve(mine);
    return {
      isPromise: promise instanceof Promise,
      resolved: await promise,
      rejected: await otherFails,
      label: await label,
      homeLabel: await homeLabel,
      homeIsMine: (await home.promise) === mine,
    };
  },
  callbacks: async () => {
    const calls = [];
    const mine = Far('Mine', {
      add: (a, b) => {
        calls.push([a, b]);
        return a + b;
      },
      fail: () => {
        throw RangeError('thrown at home');
      },
      ping: () => E(fixture).ping('there and back and there and back'),
    });
    const kit = makeKit();
    const later = E(fixture).later(kit.promise, 'add', [20, 22]);
    kit.resolve(mine);
    return {
      called: await E(fixture).callBack(mine, 'add', [1, 2]),
      bigints: await E(fixture).callBack(mine, 'add', [1n, 2n]),
      later: await later,
      calls,
      failed: await failureOf(E(fixture).callBack(mine, 'fail', [])),
      absent: await failureOf(E(fixture).callBack(mine, 'absent', [])),
      recursive: await E(fixture).callBack(mine, 'ping', []),
    };
  },
  identity: async () => {
    const mine = Far('Mine', { me: () => 'mine' });
    const other = Far('Other', { me: () => 'other' });
    const [a, again] = await E(fixture).echo(mine, mine);
    const made = await E(fixture).make('x');
    await E(fixture).hold(mine, other, made);
    const held = await E(fixture).held();
    await E(fixture).drop();
    return {
      selfIsSelf: (await E(fixture).self()) === fixture,
      same: await E(fixture).same(fixture),
      notSame: await E(fixture).same(mine),
      mineComesHome: a === mine && again === mine,
      held: [held[0] === mine, held[1] === other, held[2] === made],
      dropped: await E(fixture).held(),
      equal: await E(fixture).eq(mine, mine),
      unequal: await E(fixture).eq(mine, other),
      recordHoldsItself: (await E(fixture).rec()).o === fixture,
      madeAreDistinct: (await E(fixture).make('x')) !== made,
    };
  },
  errors: async () => ({
    fail: await failureOf(E(fixture).fail('on purpose')),
    failWithData: await failureOf(E(fixture).failWith(harden({ code: 7n }))),
    failWithError: await failureOf(E(fixture).failWith(harden(TypeError('a class of its own')))),
    failSecret: await failureOf(E(fixture).failSecret()),
    absentMethod: await failureOf(E(fixture).noSuchMethod(1)),
    onData: await failureOf(E(E(fixture).ping(5)).label()),
    onUndefined: await failureOf(E(E(fixture).ping(undefined)).label()),
    applied: await failureOf(E(fixture)(1)),
  }),
  outOfOrder: async () => {
    const kit = makeKit();
    const finished = [];
    const slow = E(fixture).wait(kit.promise).then(() => finished.push('slow'));
    await E(fixture).ping(1).then(() => finished.push('quick'));
    kit.resolve(null);
    await slow;
    return { finished };
  },
  betweenConnections: async () => {
    const second = await connect('js-fixture-second', address);
    const there = await second.getBootstrap();
    const early = E(fixture).get('rendezvous');
    await E(there).put('rendezvous', 'from the other connection');
    const value = await early;
    await second.disconnect();
    return { value, stillHere: await E(fixture).ping('still here') };
  },
  disconnectByUs: async () => {
    const second = await connect('js-fixture-second', address);
    const never = failureOf(E(second.getBootstrap()).never());
    await E(second.getBootstrap()).ping(1);
    await second.disconnect();
    return { never: await never, others: await E(fixture).ping('unharmed') };
  },
  disconnectWithReason: async () => {
    const second = await connect('js-fixture-second', address);
    const never = failureOf(E(second.getBootstrap()).never());
    await E(second.getBootstrap()).ping(1);
    await second.disconnect('enough');
    return { never: await never, others: await E(fixture).ping('unharmed') };
  },
});
await session.disconnect();
