// Child process that downloads mongod from MongoDB's site into the folder it is given;
// prints the binary's path.
import { MongoBinary } from 'mongodb-memory-server-core';

const [downloadDir = '', version = ''] = process.argv.slice(2);

try {
  const file = await MongoBinary.getPath({ downloadDir, version });
  console.log(`mongod: ${file}`);
} catch (error) {
  console.log(`failed: ${String(error).replaceAll(/\s+/g, ' ').trim()}`);
  process.exitCode = 1;
}
