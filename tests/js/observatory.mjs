// The object behind the test plugin's slot `demo:weather/station@1.0.0`, which the host has never seen. It follows
// the bridge's rules (host/core/src/bridge): `where-is` is the method `whereIs`, `u64` and `s64` are bigints, smaller
// integers and floats are numbers, an absent option is left out, enums and cases without payload are text in
// camelCase, a case with payload is a record of one property, flags are a list, bytes are base64 text, and a resource
// is a remotable.

import { Far } from '@endo/far';

const values = { roof: [12.25, 12, 11.5], cellar: [8.5, 8.5, 8.25] };

/** Makes a station; `heard(object, method, args)` is told of each call. */
export const makeObservatory = heard => {
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

  const readings = new Map(
    Object.entries(values).map(([name, last]) => [
      name,
      listening(
        `sensor ${name}`,
        { value: async () => last[0], last: async count => harden(last.slice(0, count)) },
        'Reading',
      ),
    ]),
  );

  return listening(
    'observatory',
    {
      whereIs: async () => harden({ latitude: 52.5, longitude: 13.375, heightInMeters: 34 }),
      observe: async (since = undefined) =>
        harden({
          sequence: (since ?? 0n) + 1n,
          takenAt: -5n,
          sky: 'partlyCloudy',
          precipitation: { rain: 0.5 },
          warnings: ['blackIce'],
          winds: [
            ['ground', 1.5],
            ['mast', 4.25],
          ],
          trend: -1,
        }),
      echo: async (truth, small, signed, letter, bytes, place, sky, precipitation, warnings) =>
        harden({
          sequence: BigInt(small),
          takenAt: signed,
          sky,
          precipitation,
          warnings,
          winds: [[`${truth} ${letter} ${bytes} ${place.heightInMeters} ${place.note}`, small]],
        }),
      sensor: async name => {
        const reading = readings.get(name);
        if (reading === undefined) throw Error(`there is no sensor ${name}`);
        return reading;
      },
      same: async (one, other) => one === other,
      name: async () => 'observatory of the JavaScript peer',
    },
    'Station',
  );
};
