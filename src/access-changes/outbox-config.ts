/** An address that is told of changes, with the secret that signs what it is sent. */
export type Endpoint = Readonly<{ name: string; url: string; secret: string }>;
/** `allowsPrivate`: addresses in one's own network may be told too, and without TLS. */
export type OutboxConfig = Readonly<{ endpoints: readonly Endpoint[]; allowsPrivate: boolean }>;

const VARIABLE = /^WEBHOOK_OUT_([A-Z0-9]+(?:_[A-Z0-9]+)*)_(URL|SECRET)$/;
const NAME_MAX = 40;
/** As the makers of Standard Webhooks write one: 24 to 64 bytes in base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

/** Reads WEBHOOK_OUT_<NAME>_URL and WEBHOOK_OUT_<NAME>_SECRET. A mistake repeats no value: it may be a secret. */
export function endpointsIn(
  env: Readonly<Record<string, string | undefined>>,
  { allowsPrivate }: { allowsPrivate: boolean },
): { endpoints: Endpoint[]; mistakes: string[] } {
  const names = [...new Set(Object.keys(env).flatMap((variable) => VARIABLE.exec(variable)?.[1] ?? []))].sort();
  const mistakes: string[] = [];
  const endpoints = names.flatMap((name): Endpoint[] => {
    const [urlName, secretName] = [`WEBHOOK_OUT_${name}_URL`, `WEBHOOK_OUT_${name}_SECRET`];
    const [url = '', secret = ''] = [env[urlName], env[secretName]];
    if (url === '' && secret === '') return [];
    if (name.length > NAME_MAX) mistakes.push(`${urlName}: the name has more than ${NAME_MAX} characters.`);
    const wrong = mistakeOf(url, allowsPrivate);
    if (wrong !== null) mistakes.push(`${urlName}: ${wrong}`);
    if (!SECRET.test(secret))
      mistakes.push(
        `${secretName}: must be whsec_ and 24 bytes or more in base64. Make one: echo whsec_$(openssl rand -base64 32).`,
      );
    return [{ name: name.toLowerCase(), url, secret }];
  });
  return { endpoints, mistakes };
}

function mistakeOf(text: string, allowsPrivate: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return 'must be an address like https://app.example/hooks/access.';
  if (url.username !== '' || url.password !== '') return 'must hold no user or password: what it is sent is signed.';
  if (url.protocol === 'http:' && !allowsPrivate)
    return 'must begin with https://. In a network of your own WEBHOOK_OUT_PRIVATE=yes allows http://.';
  return null;
}
