// The images' health check: asks this container's own service. Arguments: the variable that holds the port, the path.
const [variable = 'PORT', path = '/health'] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${process.env[variable]}${path}`, {
  signal: AbortSignal.timeout(3_000),
}).catch((error) => ({ ok: false, text: () => String(error.cause ?? error) }));
// Shown by `docker inspect`.
console.log(await answer.text());
process.exit(answer.ok ? 0 : 1);
