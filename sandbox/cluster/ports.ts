/** Free TCP ports on the loopback address. Reserves nothing: whoever starts a server on one must be ready to try another. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/** `count` different ports that nobody listened on at 127.0.0.1 a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
