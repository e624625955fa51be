import { expect, test } from 'vitest';
import { sinkUri } from './sink-uri.ts';

const patient = 'retryWrites=false&w=majority&serverSelectionTimeoutMS=600000&connectTimeoutMS=5000';

test.each([
  [
    'mongodb://127.0.0.1:27017/activity?replicaSet=rs0',
    `mongodb://127.0.0.1:27017/?replicaSet=rs0&${patient}`,
    'activity',
  ],
  ['mongodb://a:1,b:2/db', `mongodb://a:1,b:2/?${patient}`, 'db'],
  ['mongodb://u:p%40@h/db', `mongodb://u:p%40@h/?authSource=db&${patient}`, 'db'],
  ['mongodb://u:p@h/db?authSource=admin', `mongodb://u:p@h/?authSource=admin&${patient}`, 'db'],
  ['mongodb+srv://h.example/db', `mongodb+srv://h.example/?${patient}`, 'db'],
  [
    'mongodb://h/db?w=1&wtimeoutMS=5&serverSelectionTimeoutMS=1',
    `mongodb://h/?w=majority&serverSelectionTimeoutMS=600000&retryWrites=false&connectTimeoutMS=5000`,
    'db',
  ],
  [
    'mongodb://h/db?retryWrites=true',
    'mongodb://h/?retryWrites=false&w=majority&serverSelectionTimeoutMS=600000&connectTimeoutMS=5000',
    'db',
  ],
  ['mongodb://h/db?tls=true&tlsCAFile=%2Fca.pem', `mongodb://h/?tls=true&${patient}`, 'db'],
])('%s', (given, uri, database) => {
  expect(sinkUri(given)).toEqual({ uri, database });
});

test('a user of the sink’s own, whose password the worker finds by itself', () => {
  const user = { username: 'sink', password: '${file:/secrets/mongodb.properties:password}' };
  expect(sinkUri('mongodb://connectors:secret@h/db?authSource=admin', user).uri).toBe(
    `mongodb://sink:\${file:/secrets/mongodb.properties:password}@h/?authSource=admin&${patient}`,
  );
});
