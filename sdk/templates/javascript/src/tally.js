// What needs no host, and so can be tested by Node.

/** Says how many names there are, in words. */
export function tally(names, prefix) {
  const count = names.filter(name => name.startsWith(prefix)).length;
  if (count === 0) return 'no names';
  return count === 1 ? '1 name' : `${count} names`;
}
