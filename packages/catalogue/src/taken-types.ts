// Types that nobody has registered, and that are taken all the same (UNKNOWN_TYPES=take).

/** How many of them an instance takes: more would make records of counts ever larger. */
export const maxTakenTypes = 500;

/** Makes what takes such types, by name: whether it is taken, now or before. */
export function typeTaker(): (name: string) => boolean {
  const taken = new Set<string>();
  return function take(name) {
    if (taken.has(name)) return true;
    if (taken.size >= maxTakenTypes) return false;
    taken.add(name);
    return true;
  };
}
