// node --import ./loopback.mjs SERVER: for a server that would listen on every interface and on a fixed port. It listens on loopback
// only; with PORT=0 the port it got is written to the file that LOOPBACK_PORT_FILE names; and it ends when its standard input does,
// so it never outlives who started it.
import { writeFileSync } from 'node:fs';
import net from 'node:net';

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const [first] = args;
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    if (typeof args[1] === 'string') args[1] = '127.0.0.1';
    else args.splice(1, 0, '127.0.0.1');
  } else if (first !== null && typeof first === 'object' && first.port !== undefined) {
    args[0] = { ...first, host: '127.0.0.1' };
  }
  const file = process.env.LOOPBACK_PORT_FILE;
  if (file) this.once('listening', () => writeFileSync(file, `${this.address().port}\n`));
  return listen.apply(this, args);
};

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
