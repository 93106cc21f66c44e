// A directory in memory with the methods that the `llm` branch's directories and hosts have for names.

import { E, Far } from '@endo/far';

const node = '0'.repeat(64);
let formulas = 0;
const identifiers = new Map();

// Objects keep one identifier for life; data gets a fresh one each time it is stored.
const identifierOf = value => {
  const known = identifiers.get(value);
  if (known !== undefined) return known;
  formulas += 1;
  const id = `${formulas.toString(16).padStart(64, '0')}:${node}`;
  if (Object(value) === value) identifiers.set(value, id);
  return id;
};

const writers = new WeakMap();

const asPath = nameOrPath => (Array.isArray(nameOrPath) ? nameOrPath : [nameOrPath]);

const requireName = name => {
  if (typeof name !== 'string' || name.length === 0 || name.length > 255 || /[/@\0]/.test(name)) {
    throw Error(`Invalid pet name ${JSON.stringify(name)}`);
  }
  return name;
};

/** Makes a directory; `heard(label, method, args)` is told of each call. */
export const makeHub = (iface, label, names, heard) => {
  const entries = new Map();
  const followers = new Set();
  const tell = change => {
    for (const follower of followers) follower(change);
  };
  const added = (name, { id }) => harden({ add: name, value: { id, number: id.split(':')[0], node } });
  const put = (name, value, id = identifierOf(value)) => {
    if (entries.has(name)) tell(harden({ remove: name }));
    entries.set(name, { value, id });
    tell(added(name, { id }));
  };
  for (const [name, value] of Object.entries(names)) put(name, value);

  const entry = name => {
    const found = entries.get(name);
    if (found === undefined) throw TypeError(`Unknown pet name: ${JSON.stringify(name)}`);
    return found;
  };
  // The directory that a path's last name is in, and that name.
  const parent = async path => {
    const [first, ...rest] = path;
    if (rest.length === 0) return { self: true, name: first };
    let hub = entry(first).value;
    for (const name of rest.slice(0, -1)) hub = await E(hub).lookup(name);
    return { hub, name: rest[rest.length - 1] };
  };
  const lookup = async path => {
    const [first, ...rest] = path;
    let { value } = entry(first);
    for (const name of rest) value = await E(value).lookup(name);
    return value;
  };
  const store = async (nameOrPath, value) => {
    const { self, hub, name } = await parent(asPath(nameOrPath));
    requireName(name);
    if (self) put(name, value);
    else await E(hub).storeValue(value, name);
  };
  const take = async path => {
    const { self, hub, name } = await parent(path);
    if (!self) {
      await E(hub).remove(name);
    } else if (!entries.delete(requireName(name))) {
      throw Error(`Formula does not exist for pet name ${JSON.stringify(name)}`);
    } else {
      tell(harden({ remove: name }));
    }
  };

  const methods = {
    help: async () => `${label}: names in memory.`,
    has: async (...path) => {
      const { self, hub, name } = await parent(path);
      return self ? entries.has(name) : E(hub).has(name);
    },
    identify: async (...path) => {
      const { self, hub, name } = await parent(path);
      return self ? entries.get(name)?.id : E(hub).identify(name);
    },
    locate: async (...path) => {
      const { self, hub, name } = await parent(path);
      if (!self) return E(hub).locate(name);
      const found = entries.get(name);
      return found && `endo://${node}/?id=${found.id.split(':')[0]}&type=marshal`;
    },
    list: async (...path) =>
      path.length === 0 ? harden([...entries.keys()].sort()) : E(lookup(path)).list(),
    listIdentifiers: async (...path) =>
      path.length === 0
        ? harden([...entries.values()].map(({ id }) => id).sort())
        : E(lookup(path)).listIdentifiers(),
    lookup: async nameOrPath => lookup(asPath(nameOrPath)),
    lookupById: async id => {
      const found = [...identifiers].find(([, known]) => known === id);
      if (found === undefined) throw Error(`Unknown formula identifier ${JSON.stringify(id)}`);
      return found[0];
    },
    maybeLookup: async nameOrPath => {
      const path = asPath(nameOrPath);
      return entries.has(path[0]) ? lookup(path) : undefined;
    },
    reverseLookup: async value =>
      harden([...entries].filter(([, each]) => each.value === value).map(([name]) => name)),
    reverseIdentify: async id => harden([...entries].filter(([, each]) => each.id === id).map(([name]) => name)),
    storeValue: async (value, nameOrPath) => store(nameOrPath, value),
    makeDirectory: async nameOrPath => {
      const directory = makeHub('EndoDirectory', asPath(nameOrPath).join('/'), {}, heard);
      await store(nameOrPath, directory);
      return directory;
    },
    remove: async (...path) => take(path),
    copy: async (from, to) => store(to, await lookup(from)),
    move: async (from, to) => {
      await store(to, await lookup(from));
      await take(from);
    },
    followNameChanges: async () => {
      const queue = [...entries].map(([name, each]) => added(name, each));
      let waiting;
      const follower = change => {
        if (waiting === undefined) {
          queue.push(change);
        } else {
          waiting(harden({ done: false, value: change }));
          waiting = undefined;
        }
      };
      followers.add(follower);
      const end = async value => {
        followers.delete(follower);
        return harden({ done: true, value });
      };
      return Far('AsyncIterator', {
        next: () =>
          queue.length > 0
            ? harden({ done: false, value: queue.shift() })
            : new Promise(resolve => {
                waiting = resolve;
              }),
        return: async (value = undefined) => end(value),
        throw: async (value = undefined) => end(value),
      });
    },
  };

  const hub = Far(
    iface,
    Object.fromEntries(
      Object.entries(methods).map(([method, act]) => [
        method,
        (...args) => {
          heard(label, method, args);
          return act(...args);
        },
      ]),
    ),
  );
  writers.set(hub, put);
  return hub;
};

/** Writes any name into a directory made here, special ones included. */
export const adopt = (hub, name, value) => writers.get(hub)(name, value);
