// The ways in which a client can reach one server of a gateway.
import { binary, connectHttp, connectRemote, connectStdio } from './support.mjs';

/** By name: { prefix of the server's names there, connect(t, gateway, options): a client of the official SDK }. */
export function waysTo(server) {
  const prefix = `${server}__`;
  return {
    'HTTP under its own names': {
      prefix: '',
      connect: (t, gateway, options) => connectHttp(t, `${gateway.origin}/mcp/servers/${server}`, options),
    },
    'HTTP among others': { prefix, connect: (t, gateway, options) => connectHttp(t, `${gateway.origin}/mcp`, options) },
    stdio: {
      prefix,
      connect: (t, gateway, options) => connectStdio(t, binary, ['serve', '--stdio', ...gateway.common], { env: gateway.environment, ...options }),
    },
    'mcp-remote': { prefix, connect: (t, gateway, options) => connectRemote(t, `${gateway.origin}/mcp`, options) },
  };
}
