/** Counts names by what they begin with, up to the first hyphen or dot. Needs nothing of the host: Node tests it. */
export const tally = (names) => {
  const counts = new Map();
  for (const name of names) {
    const [start] = name.split(/[-.]/);
    counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
};
