/** Fields that are hidden completely. */
const HIDDEN = /(^|[._])(phone|address|shipping|billing_?details|tax_?ids?|ip_?address|metadata)$/i;
/** Fields that may contain the name of a person. */
const NAMES = /(^|[._])(name|customer_?name|shipping_?name|individual_?name|business_?name)$/i;
/** The name of a log is a UUID, and is not masked. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const EMAIL = /([^\s@<>"'(),;:]+)@([^\s@<>"'(),;:]+)/g;

/**
 * An API answer without personal data, for the scope `access`: masks e-mail addresses, names, telephone numbers,
 * addresses and metadata at any depth. Ids, amounts and times stay.
 */
export function masked(answer: unknown): unknown {
  if (typeof answer === 'string') return maskedText(answer);
  if (Array.isArray(answer)) return answer.map(masked);
  if (typeof answer !== 'object' || answer === null) return answer;
  // An object with a default price is a product, so its name stays.
  const isPerson = !Object.hasOwn(answer, 'defaultPrice');
  const entries = Object.entries(answer as Record<string, unknown>).map(([name, value]) => [
    name,
    fieldOf(name, value, isPerson),
  ]);
  const all = Object.fromEntries(entries) as Record<string, unknown>;
  return withPath(withTitle(all));
}

function fieldOf(name: string, value: unknown, isPerson: boolean): unknown {
  if (value === null) return null;
  if (HIDDEN.test(name)) return typeof value === 'object' ? {} : '…';
  if (isPerson && NAMES.test(name) && typeof value === 'string' && !UUID.test(value)) return initialsOf(value);
  return masked(value);
}

/** Masks a change in a timeline by its `path`: there the field's name is a value. */
function withPath(answer: Record<string, unknown>): Record<string, unknown> {
  const { path } = answer;
  if (typeof path !== 'string' || !('from' in answer) || !('to' in answer)) return answer;
  const parts = path.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'));
  if (!parts.some((part) => HIDDEN.test(part) || NAMES.test(part))) return answer;
  const hidden = (value: unknown): unknown => (value === null ? null : '…');
  return { ...answer, from: hidden(answer['from']), to: hidden(answer['to']) };
}

/** Masks the title of a search hit where it is the name of a person. */
function withTitle(answer: Record<string, unknown>): Record<string, unknown> {
  const { kind, title } = answer;
  if (typeof title !== 'string' || !('href' in answer)) return answer;
  // A customer's title is the name, then the e-mail address, which is masked already.
  if (kind === 'customer') return { ...answer, title: title.split(', ').map(withoutName).join(', ') };
  return kind === 'checkout session' && !title.includes('@') ? { ...answer, title: initialsOf(title) } : answer;
}

const withoutName = (part: string): string => (/^\S*…@\S+$/.test(part) ? part : initialsOf(part));

/** `o6…@customer.example` */
const maskedText = (text: string): string =>
  text.replace(EMAIL, (_, local: string, domain: string) => `${[...local].slice(0, 2).join('')}…@${domain}`);

const initialsOf = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((part) => `${[...part][0] ?? ''}…`)
    .join(' ');
