// The images' health check: asks this container's own service. Arguments: the variable that holds the port,
// the path.
import { get } from 'node:http';
import { get as getByTls } from 'node:https';

const [variable = 'PORT', path = '/health'] = process.argv.slice(2);
const tls = Boolean(process.env.TLS_CERT || process.env.TLS_CERT_FILE);
const options = {
  host: '127.0.0.1',
  port: process.env[variable],
  path,
  timeout: 3_000,
  // It asks itself, by an address that its certificate need not name.
  rejectUnauthorized: false,
};

/** Shown by `docker inspect`. */
function end(code, text) {
  console.log(text);
  process.exit(code);
}

const request = (tls ? getByTls : get)(options, (response) => {
  const code = response.statusCode >= 200 && response.statusCode < 300 ? 0 : 1;
  response.toArray().then(
    (parts) => end(code, parts.join('')),
    (error) => end(1, String(error)),
  );
});
request.once('timeout', () => end(1, 'no answer within 3 s'));
request.once('error', (error) => end(1, String(error)));
