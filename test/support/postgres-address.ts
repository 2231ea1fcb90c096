/** The address of the Postgres in a URL: the path of its socket, or its port. */
export function postgresAddressOf(databaseUrl: string): string | number {
  const { hostname, port } = new URL(databaseUrl);
  const host = decodeURIComponent(hostname);
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port || 5432}` : Number(port || 5432);
}

/** The same database through a local port. */
export function throughPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.href;
}
