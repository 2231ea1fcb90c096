/** The official client's specs that do not apply to the embedded server, with the cause. */

/** Folders and files in `packages/test/src`. */
export const LEFT_OUT_SPECS = {
  persistentSubscription: 'the server has no persistent subscriptions',
  projections: 'the server runs no projections',
  plugins: 'user certificates are a plug-in of the real server',
  opentelemetry: 'about another package',
  samples: 'samples for the documentation, which use projections and persistent subscriptions',
  'connection/dns': 'needs an account at the vendor',
  'connection/not-leader': 'needs a follower',
  'connection/reconnect/NotLeaderError': 'needs a follower',
  'connection/reconnect/all-nodes-down': 'creates persistent subscriptions',
  'extra/http.': 'the server has no HTTP interface',
  'extra/oversize-event': 'the event is written by a projection',
};

/** Single tests, by the end of their names. */
export const LEFT_OUT_TESTS = {
  'resolve link tos': 'the link is written by a projection; test/contract appends one itself',
  'Persistent subscription to stream': 'the server has no persistent subscriptions',
  'Persistent subscription to $all': 'the server has no persistent subscriptions',
  connectToPersistantSubscription: 'the server has no persistent subscriptions',
  'no reconnection for TimeoutError': 'sets the commit timeout of a cluster to 1 ms, which the server does not have',
};
