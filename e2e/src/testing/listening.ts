// Which addresses a process listens on, as Linux says.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** An address that is listened on. */
export interface Listening {
  /** Whether only this machine reaches it. */
  loopback: boolean;
  port: number;
}

// 127.0.0.0/8, the same as an IPv4-mapped address, and ::1, in the byte order of the machine (little-endian).
const loopbacks = [
  /^[0-9A-F]{6}7F$/,
  /^0000000000000000FFFF0000[0-9A-F]{6}7F$/,
  /^00000000000000000000000001000000$/,
];
const listenState = '0A';

/** Every TCP address that a process listens on. */
export function listeningOf(pid: number): Listening[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listenState && sockets.has(`socket:[${inode}]`))
      .map(([, local = '']) => {
        const [address = '', port = ''] = local.split(':');
        return { loopback: loopbacks.some((one) => one.test(address)), port: Number.parseInt(port, 16) };
      }),
  );
}

/** A file may be closed while it is looked at. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
