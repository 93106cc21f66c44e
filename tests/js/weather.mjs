// The object of the third-party interface that the host has never seen. It follows the bridge's rules: the WIT
// function `samples-since` is the method `samplesSince`, `u64` and `s64` are bigints, smaller integers and floats are
// numbers, a missing option is undefined or absent, records have camelCase keys, enums are their text in kebab-case,
// and a resource is a remotable with the methods of the resource.
//
//     package demo:weather@0.1.0;
//     interface types {
//       record place { latitude: f64, longitude: f64, label: option<string> }
//       record sample { taken-at: u64, celsius: f64, gusts: list<u32> }
//       enum sky { clear, partly-cloudy, overcast }
//       resource reading { celsius: func() -> f64; taken-at: func() -> u64; sky: func() -> sky; }
//     }
//     interface station {
//       identity: func() -> string;
//       temperature: func(offset: option<f64>) -> f64;
//       uptime: func() -> u64;
//       total: func(numbers: list<s64>) -> s64;
//       whereabouts: func() -> place;
//       move-to: func(place: place) -> place;
//       samples-since: func(since: u64, limit: option<u32>) -> list<sample>;
//       latest: func() -> reading;
//       compare: func(a: borrow<reading>, b: borrow<reading>) -> f64;
//       sky-like: func(sky: sky) -> sky;
//       nickname: func() -> option<string>;
//       set-nickname: func(nickname: option<string>);
//       raining: func() -> bool;
//       break-down: func(how: string) -> string;
//     }
//
// Each function is async and returns a result whose error is the contract's `problem`; that is left out above.

import { E, Far } from '@endo/far';

const skies = harden(['clear', 'partly-cloudy', 'overcast']);

const requireSky = sky => {
  if (!skies.includes(sky)) throw TypeError(`not a sky: ${sky}`);
  return sky;
};

const requireBigint = (value, label) => {
  if (typeof value !== 'bigint') throw TypeError(`${label} must be a bigint, not a ${typeof value}`);
  return value;
};

/** Makes a station; `heard(object, method, args)` is told of each call. */
export const makeStation = heard => {
  const samples = harden([
    { takenAt: 100n, celsius: 11.5, gusts: [3, 7] },
    { takenAt: 200n, celsius: 12.25, gusts: [] },
    { takenAt: 2n ** 63n + 5n, celsius: -0.5, gusts: [4294967295] },
  ]);
  let place = harden({ latitude: 52.5, longitude: 13.375, label: 'roof' });
  let nickname;

  const makeReading = ({ takenAt, celsius }) =>
    listening('reading', {
      celsius: async () => celsius,
      takenAt: async () => takenAt,
      sky: async () => (celsius > 12 ? 'clear' : 'partly-cloudy'),
    }, 'Reading');

  const listening = (object, methods, iface) =>
    Far(
      iface,
      Object.fromEntries(
        Object.entries(methods).map(([method, act]) => [
          method,
          (...args) => {
            heard(object, method, args);
            return act(...args);
          },
        ]),
      ),
    );

  return listening(
    'station',
    {
      identity: async () => 'station of the JavaScript peer',
      temperature: async (offset = undefined) => 12.25 + (offset ?? 0),
      uptime: async () => 2n ** 53n + 1n,
      total: async numbers => numbers.reduce((sum, each) => sum + requireBigint(each, 'a number'), 0n),
      whereabouts: async () => place,
      moveTo: async to => {
        place = harden({ ...to });
        return place;
      },
      samplesSince: async (since, limit = undefined) =>
        harden(samples.filter(({ takenAt }) => takenAt >= requireBigint(since, 'since')).slice(0, limit)),
      latest: async () => makeReading(samples[1]),
      compare: async (a, b) => (await E(a).celsius()) - (await E(b).celsius()),
      skyLike: async sky => requireSky(sky),
      nickname: async () => nickname,
      setNickname: async (to = undefined) => {
        nickname = to;
      },
      raining: async () => false,
      breakDown: async how => {
        if (how === 'range') throw RangeError('the mercury left the tube');
        if (how === 'data') throw harden({ code: 7n, reason: 'thrown as data' });
        if (how === 'wrong-type') return 5;
        throw Error(`broken: ${how}`);
      },
    },
    'Station',
  );
};
