/** How the embedded server is set. Durability is whole; memory and processes are few; the log is short and free of row contents. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 50,
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // One server without replicas: the least write-ahead log, and no processes that only replication and parallel queries use.
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_logical_replication_workers: 0,
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
} as const;

/** The command line of the server that listens at `port`; no value holds a space or a quote. */
export const serverOptions = (port: number): string =>
  Object.entries({ ...settings, port })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
