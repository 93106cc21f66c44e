// The work of bench-captp, between two Node processes: `serve PATH`, then `measure PATH`.
import '@endo/init/debug.js';
import net from 'node:net';
import process from 'node:process';
import { E, makeCapTP } from '@endo/captp';
import { Far } from '@endo/far';
import { makeNetstringReader, makeNetstringWriter } from '@endo/netstring';
import { makeNodeReader, makeNodeWriter } from '@endo/stream-node';

const [mode, path] = process.argv.slice(2);

/** Speaks CapTP over a socket the way Endo's daemon does. */
const connect = (name, socket, bootstrap) => {
  const writer = makeNetstringWriter(makeNodeWriter(socket), { chunked: true });
  const reader = makeNetstringReader(makeNodeReader(socket));
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const send = message => writer.next(encoder.encode(JSON.stringify(message)));
  const captp = makeCapTP(name, send, bootstrap);
  (async () => {
    for await (const bytes of reader) {
      captp.dispatch(JSON.parse(decoder.decode(bytes)));
    }
  })().catch(() => socket.destroy());
  return captp;
};

const median = async (count, run) => {
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const started = process.hrtime.bigint();
    await run();
    times.push(Number(process.hrtime.bigint() - started) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)];
};

const inUse = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

const serve = () => {
  const fixture = Far('Fixture', {
    ping: x => x,
    echo: (...xs) => harden(xs),
    self: () => fixture,
    inUse,
  });
  const server = net.createServer(socket => connect('server', socket, fixture));
  server.listen(path, () => console.log('ready'));
};

const measure = async () => {
  const socket = net.connect(path);
  await new Promise(resolve => socket.on('connect', resolve));
  const { getBootstrap } = connect('client', socket, undefined);
  const fixture = await getBootstrap();
  const ping = () => E(fixture).ping(1);

  const keepOutstanding = async count => {
    let left = count;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        await ping();
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
  };

  await keepOutstanding(500);
  const sequential = await median(1000, ping);
  const chain = await median(200, async () => {
    let answer = E(fixture).self();
    for (let i = 1; i < 7; i += 1) {
      answer = E(answer).self();
    }
    await E(answer).ping(1);
  });
  const calls = 5000;
  const before = inUse() + (await E(fixture).inUse());
  const started = process.hrtime.bigint();
  await keepOutstanding(calls);
  const concurrent = calls / (Number(process.hrtime.bigint() - started) / 1e9);
  const kept = (inUse() + (await E(fixture).inUse()) - before) / calls;
  const text = 'x'.repeat(64 * 1024);
  const big = await median(200, () => E(fixture).echo(text));
  console.log(JSON.stringify({ sequential, concurrent, chain, big, kept }));
  process.exit(0);
};

await (mode === 'serve' ? serve() : measure());
