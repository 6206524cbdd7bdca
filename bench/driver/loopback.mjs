// node --import loopback.mjs: a Node server that names no host, or all of them, listens on 127.0.0.1; and no name but localhost
// resolves, so that nothing measured here waits for, or speaks to, another machine.
import dns from 'node:dns';
import net from 'node:net';

const everywhere = new Set([undefined, null, '', '0.0.0.0', '::']);
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const [first, second] = args;
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    if (typeof second !== 'string') args.splice(1, 0, '127.0.0.1');
    else if (everywhere.has(second)) args[1] = '127.0.0.1';
  } else if (first && typeof first === 'object' && first.port !== undefined && everywhere.has(first.host)) {
    args[0] = { ...first, host: '127.0.0.1' };
  }
  return listen.apply(this, args);
};

const lookup = dns.lookup;
dns.lookup = function (name, ...rest) {
  if (name === 'localhost' || net.isIP(name)) return lookup.call(this, name, ...rest);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name });
  process.nextTick(rest.at(-1), error);
};
