/** An address that receives changes, with the signing secrets: two while one is rolled. */
export type Endpoint = Readonly<{ name: string; url: string; secrets: readonly string[] }>;
/** `allowsPrivate`: also allows addresses in private networks, and without TLS. */
export type OutboxConfig = Readonly<{ endpoints: readonly Endpoint[]; allowsPrivate: boolean }>;

const VARIABLE = /^WEBHOOK_OUT_([A-Z0-9]+(?:_[A-Z0-9]+)*)_(?:URL|SECRET|SECRET_FILE)$/;
const ALLOWS_PRIVATE = 'WEBHOOK_OUT_PRIVATE';
const SECRETS_MAX = 4;
const NAME_MAX = 40;
/** The form that Standard Webhooks specifies: 24 to 64 bytes in base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

/** Reads a variable, or the file that its `_FILE` variant names. */
type ValueOf = (variable: string) => Readonly<{ value: string }> | Readonly<{ mistake: string }>;

/** Whether a variable holds an endpoint's secret, which may be given as a file. */
export const isOutboxSecret = (variable: string): boolean => variable.endsWith('_SECRET') && VARIABLE.test(variable);

/**
 * Reads WEBHOOK_OUT_<NAME>_URL and WEBHOOK_OUT_<NAME>_SECRET. Error messages repeat no value, which may be a secret.
 */
export function endpointsIn(
  variables: readonly string[],
  { allowsPrivate, valueOf }: { allowsPrivate: boolean; valueOf: ValueOf },
): { endpoints: Endpoint[]; mistakes: string[] } {
  const names = [...new Set(variables.flatMap((variable) => VARIABLE.exec(variable)?.[1] ?? []))].sort();
  const mistakes = variables
    .filter((variable) => /^WEBHOOK_OUT_/i.test(variable) && variable !== ALLOWS_PRIVATE && !VARIABLE.test(variable))
    .map(
      (variable) =>
        `${variable}: unknown variable. Name it WEBHOOK_OUT_<NAME>_URL, …_SECRET or …_SECRET_FILE, in capitals.`,
    );
  const endpoints = names.flatMap((name): Endpoint[] => {
    const [urlName, secretName] = [`WEBHOOK_OUT_${name}_URL`, `WEBHOOK_OUT_${name}_SECRET`];
    const given = { url: valueOf(urlName), secret: valueOf(secretName) };
    const [url, secret] = [
      'value' in given.url ? given.url.value : '',
      'value' in given.secret ? given.secret.value : null,
    ];
    if (url === '' && secret === '') return [];
    if (name.length > NAME_MAX) mistakes.push(`${urlName}: the name has more than ${NAME_MAX} characters.`);
    const wrong = mistakeOf(url, allowsPrivate);
    if (wrong !== null) mistakes.push(`${urlName}: ${wrong}`);
    const secrets = (secret ?? '').split(/[\s,]+/).filter((one) => one !== '');
    if ('mistake' in given.secret) mistakes.push(given.secret.mistake);
    else if (secrets.length === 0 || secrets.length > SECRETS_MAX || !secrets.every((one) => SECRET.test(one)))
      mistakes.push(
        `${secretName}: must be whsec_ and at least 24 bytes in base64; while you rotate it, several separated by commas. Create one: echo whsec_$(openssl rand -base64 32).`,
      );
    return [{ name: name.toLowerCase(), url, secrets }];
  });
  return { endpoints, mistakes };
}

function mistakeOf(text: string, allowsPrivate: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be a URL like https://app.example/hooks/access.';
  if (url.username !== '' || url.password !== '')
    return 'must not contain a user or password; deliveries are signed instead.';
  if (url.protocol === 'http:' && !allowsPrivate)
    return 'must begin with https://. In your own network, WEBHOOK_OUT_PRIVATE=yes allows http://.';
  return null;
}
