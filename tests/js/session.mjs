// A CapTP session over a stream socket, made of Endo's own packages: what every script here talks through.
//
// An address is `unix:/path`, `tcp:host:port`, or the bare path of a Unix socket.

import './stderr-console.mjs';
import '@endo/init';
import net from 'node:net';
import { makeCapTP } from '@endo/captp';
import { makeNetstringReader, makeNetstringWriter } from '@endo/netstring';
import { makeNodeReader, makeNodeWriter } from '@endo/stream-node';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const socketOptions = address => {
  if (address.startsWith('unix:')) {
    return { path: address.slice('unix:'.length) };
  }
  const tcp = /^tcp:(.+):(\d+)$/.exec(address);
  return tcp ? { host: tcp[1], port: Number(tcp[2]) } : { path: address };
};

/**
 * Starts a session on a socket that is connected already.
 *
 * `closed` fulfils, with an error or nothing, once the session is over, whichever side ended it. Whatever was
 * still pending has been rejected by then: an end of the stream counts as a disconnect, as it does on `llm`.
 */
export const startSession = (name, socket, bootstrap = undefined) => {
  // The stream packages end both halves on an error; what went wrong comes out of the reader below.
  socket.on('error', () => {});
  const writer = makeNetstringWriter(makeNodeWriter(socket), { chunked: true });
  const reader = makeNetstringReader(makeNodeReader(socket));

  let over = false;
  const send = async message => {
    if (!over) {
      await writer.next(encoder.encode(JSON.stringify(message)));
    }
  };
  const { dispatch, getBootstrap, abort } = makeCapTP(name, send, bootstrap, {
    // A rejection that a peer caused is a result to the scripts here, not something to be logged.
    onReject: () => {},
  });

  const closed = (async () => {
    let failure;
    try {
      for await (const frame of reader) {
        const message = JSON.parse(decoder.decode(frame));
        dispatch(message);
        if (message.type === 'CTP_DISCONNECT') {
          break;
        }
      }
    } catch (error) {
      failure = error;
    }
    abort(failure ?? Error(`"${name}" connection closed`));
    over = true;
    await writer.return(undefined).catch(() => {});
    socket.end();
    return failure;
  })();

  const disconnect = async (reason = undefined) => {
    abort(reason);
    over = true;
    await writer.return(undefined).catch(() => {});
    socket.destroy();
    await closed;
  };

  return harden({ getBootstrap, disconnect, closed });
};

/** Connects to an address and starts a session. */
export const connect = async (name, address, bootstrap = undefined) => {
  const socket = net.connect(socketOptions(address));
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return startSession(name, socket, bootstrap);
};

/** Listens on an address, and starts a session with what `makeBootstrap` gives for each that connects. */
export const listen = async (name, address, makeBootstrap) => {
  const server = net.createServer(socket => {
    startSession(name, socket, makeBootstrap());
  });
  await new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    server.listen(socketOptions(address));
  });
  return server;
};

/** What a rejection is, in a form that JSON can carry. */
export const described = reason =>
  reason instanceof Error
    ? { name: reason.name, message: reason.message }
    : { thrown: passable(reason) };

/** Awaits a promise that ought to reject, and gives the description of its reason. */
export const failureOf = promise =>
  Promise.resolve(promise).then(value => ({ fulfilled: passable(value) }), described);

/** Makes JSON of passable data; what JSON does not know becomes a one-key record, such as `{"bigint": "1"}`. */
export const passable = value => {
  if (value === undefined) return { undefined: true };
  if (typeof value === 'bigint') return { bigint: `${value}` };
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: `${value}` };
  if (value instanceof Error) return { error: described(value) };
  if (value instanceof Promise) return { promise: true };
  if (Array.isArray(value)) return value.map(passable);
  if (typeof value === 'function') return { remotable: `${value[Symbol.toStringTag] ?? 'function'}` };
  if (typeof value === 'object' && value !== null) {
    const tag = value[Symbol.toStringTag];
    if (tag !== undefined) return { remotable: `${tag}` };
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, passable(each)]));
  }
  return value;
};

/** Runs the scenarios of a script one after the other, and prints their results as one JSON object. */
export const report = async scenarios => {
  const results = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    try {
      results[name] = passable(await scenario());
    } catch (error) {
      results[name] = { scenarioFailed: described(error) };
    }
  }
  await new Promise(resolve => {
    process.stdout.write(`${JSON.stringify(results)}\n`, resolve);
  });
};
