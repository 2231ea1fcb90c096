/** Encryption and access control: off unless the server is started with a certificate, and with users. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ServerCredentials, ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import { accessDenied, unauthenticated } from './rpc-errors.js';

/** Certificate chain and private key in PEM. */
export type Tls = Readonly<{ certificate: string; key: string }>;

/** Passwords by user name. Every user has all rights. */
export type Users = Readonly<Record<string, string>>;

export type SecurityOptions = Readonly<{
  /** Without it, connections are not encrypted. */
  tls?: Tls | undefined;
  /** Without it, everyone has all rights. Needs `tls`, since clients send passwords only over TLS. */
  users?: Users | undefined;
}>;

export type Security = Readonly<{
  credentials: ServerCredentials;
  interceptors: ServerInterceptor[];
  /** Whether the caller may write. BatchAppend is open to all calls, because it denies access per append. */
  mayWrite(metadata: Metadata): boolean;
}>;

/** Sets up encryption and access control. Throws an error that explains a bad certificate, key or user. */
export function secure({ tls, users }: SecurityOptions): Security {
  const credentials = transportCredentials(tls);
  if (!users) return { credentials, interceptors: [], mayWrite: () => true };
  if (!tls)
    throw new Error(
      'The event store cannot have users without TLS, since clients send passwords over TLS only. Configure a certificate and a key.',
    );
  const callerOf = callersAmong(users);
  return { credentials, interceptors: [gatekeeper(callerOf)], mayWrite: (metadata) => callerOf(metadata) === 'user' };
}

function transportCredentials(tls: Tls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const { certificate, key } = tls;
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The event store cannot use its certificate (${reason}). It needs a certificate and the private key that belongs to it, both in PEM.`,
      { cause: error },
    );
  }
  return ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }]);
}

/** The caller: a user, without credentials, or with wrong ones. */
type Caller = 'user' | 'anonymous' | 'impostor';
type CallerOf = (metadata: Metadata) => Caller;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Identifies callers by their `authorization` header, in constant time. */
function callersAmong(users: Users): CallerOf {
  const unusable = Object.keys(users).find((name) => name === '' || name.includes(':'));
  if (unusable !== undefined)
    throw new Error(
      `The event store cannot have a user named "${unusable}": names in basic authentication must not contain colons.`,
    );
  const known = Object.entries(users).map(([name, password]) => digestOf(`${name}:${password}`));
  return (metadata) => {
    const [header] = metadata.get('authorization');
    if (header === undefined) return 'anonymous';
    const [, encoded = ''] = /^basic +(\S+)$/i.exec(header.toString()) ?? [];
    const given = digestOf(Buffer.from(encoded, 'base64').toString('utf8'));
    return known.filter((digest) => timingSafeEqual(digest, given)).length > 0 ? 'user' : 'impostor';
  };
}

/** Calls before login, and BatchAppend, which checks credentials itself. */
const OPEN_TO_ALL = /^\/event_store\.client\.(server_features\.|gossip\.|streams\.Streams\/BatchAppend$)/;

/** Refuses calls before they start: wrong credentials always, missing ones where data is read or written. */
function gatekeeper(callerOf: CallerOf): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (proceed) =>
        proceed({
          onReceiveMetadata: (metadata, admit) => {
            const caller = callerOf(metadata);
            if (caller === 'impostor') call.sendStatus(unauthenticated());
            else if (caller === 'anonymous' && !OPEN_TO_ALL.test(path)) call.sendStatus(accessDenied());
            else admit(metadata);
          },
        }),
    });
}
