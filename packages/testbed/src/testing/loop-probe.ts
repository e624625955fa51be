// Loaded by `--import` into a process under test: measures how long its event loop is held.
//
// Measured is the CPU time of the main thread between two ticks of a timer, not the time of the clock: on a
// busy machine a process waits for a processor, which is no fault of its own.

const everyMs = 5;
let longest = 0;
let before = cpuMs();

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function look(): void {
  const now = cpuMs();
  longest = Math.max(longest, now - before);
  before = now;
}

const sample = JSON.stringify(
  Array.from({ length: 2_000 }, (_, index) => ({ name: `n${index}`, value: index })),
);

/** The CPU time of a piece of work that is always the same: the less of two. */
function knownWorkMs(): number {
  const times = [0, 1].map(() => {
    const begin = cpuMs();
    for (let round = 0; round < 10; round++) JSON.stringify(JSON.parse(sample));
    return cpuMs() - begin;
  });
  return Math.min(...times);
}

setInterval(look, everyMs).unref();
process.on('message', (message) => {
  if (message === 'known work') process.send?.(knownWorkMs());
  else if (message === 'longest hold') {
    look();
    process.send?.(longest);
  } else return;
  before = cpuMs();
  longest = 0;
});
// Whoever asks must not keep the process alive.
process.channel?.unref();
