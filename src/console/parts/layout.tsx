import type { ComponentChildren } from 'preact';
import { includesScope } from '../../http/tokens.js';
import type { Scope } from '../../config/secrets.js';
import { ASSETS } from '../assets.js';
import type { Frame, Shown } from '../page.js';

const NAVIGATION: readonly (readonly [name: string, path: string, scope: Scope])[] = [
  ['Health', '', 'access'],
  ['Events', '/events', 'read'],
  ['Projections', '/projections', 'read'],
  ['Operations', '/operations', 'admin'],
  ['Parked', '/parked', 'admin'],
  ['Quarantine', '/quarantine', 'read'],
  ['Findings', '/findings', 'read'],
  ['Stripe', '/stripe', 'read'],
  ['Money', '/mrr', 'read'],
  ['Access', '/access-changes', 'admin'],
];

/** Whether this scope may see a page of the navigation. */
export const maySee = (href: string, scope: Scope): boolean =>
  NAVIGATION.some(([, path, from]) => href === `/console${path}` && includesScope(scope, from));

/** The whole document. The content security policy allows no inline script or style: both come from files. */
export const Document = ({
  title,
  reloadS = null,
  children,
}: {
  title: string;
  /** Seconds after which a browser without script reloads the page. */
  reloadS?: number | null;
  children: ComponentChildren;
}) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title} · Subscription ledger</title>
      <link rel="icon" type="image/svg+xml" href={ASSETS.icon} />
      <link rel="stylesheet" href={ASSETS.style} />
      <script type="module" src={ASSETS.script} />
      {reloadS === null ? null : (
        <noscript>
          <meta http-equiv="refresh" content={String(reloadS)} />
        </noscript>
      )}
    </head>
    {children}
  </html>
);

/** A page with the navigation around it. */
export function Layout({ shown, frame }: { shown: Shown; frame: Frame }) {
  const { visitor, asked } = frame;
  const allowed = NAVIGATION.filter(([, , scope]) => includesScope(visitor.scope, scope));
  return (
    <Document title={shown.title} reloadS={shown.reloads === true ? (shown.refreshS ?? null) : null}>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/console">
            <img src={ASSETS.icon} alt="" width="20" height="20" /> Ledger
          </a>
          <form class="find" role="search" action="/console/find">
            <label class="unseen" for="q">
              Find an id, name, e-mail address, number or reference
            </label>
            <input
              id="q"
              name="q"
              type="search"
              required
              maxLength={255}
              autocomplete="off"
              spellcheck={false}
              placeholder="Id, name, e-mail, invoice number, reference"
              value={asked.query['q'] ?? ''}
            />
            <button type="submit">Find</button>
          </form>
          <form class="who" method="post" action="/console/session/end">
            <span>
              {visitor.name} <span class="dim">({visitor.scope})</span>
            </span>
            <button type="submit" class="plain">
              Log out
            </button>
          </form>
          <nav aria-label="Pages">
            {allowed.map(([name, path]) => (
              <a key={path} href={`/console${path}`} {...(shown.nav === name ? { 'aria-current': 'page' } : {})}>
                {name}
              </a>
            ))}
          </nav>
        </header>
        <main
          id="main"
          tabIndex={-1}
          {...(shown.live === undefined ? {} : { 'data-live': shown.live })}
          {...(shown.refreshS === undefined ? {} : { 'data-refresh': String(shown.refreshS) })}
        >
          {shown.main}
        </main>
        <footer>
          <p>
            <span id="told" role="status" /> <span id="fresh" class="dim" />
          </p>
          <p class="dim">
            Times are UTC. Press <kbd>?</kbd> for keys. <a href="/openapi.json">API</a>
          </p>
        </footer>
        <Keys />
      </body>
    </Document>
  );
}

/** The keyboard shortcuts, as the list shows them; the script implements them. */
const KEYS = [
  ['/', 'search'],
  ['g h', 'health'],
  ['g e', 'events'],
  ['g p', 'projections'],
  ['g k', 'parked'],
  ['j', 'next row'],
  ['k', 'previous row'],
  ['o', 'open the row'],
  ['c', 'copy the id'],
  ['[', 'known at: one event back'],
  [']', 'known at: one event forward'],
  ['r', 'reload'],
  ['?', 'these keys'],
] as const;

const Keys = () => (
  <dialog id="keys" aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    <dl>
      {KEYS.map(([key, label]) => (
        <>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{label}</dd>
        </>
      ))}
    </dl>
    <form method="dialog">
      <button type="submit">Close</button>
    </form>
  </dialog>
);

/** A part of a page with its own heading. */
export const Section = ({
  title,
  id,
  children,
  aside,
}: {
  title: string;
  id: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
}) => (
  <section aria-labelledby={id}>
    <div class="heading">
      <h2 id={id}>{title}</h2>
      {aside}
    </div>
    {children}
  </section>
);

/** The message where there is nothing to show: why, and what to do. */
export const Empty = ({ children }: { children: ComponentChildren }) => <div class="empty">{children}</div>;

/** A table that scrolls within the page where it is too wide. `label` names its content. */
export const Table = ({
  label,
  columns,
  children,
  kind = '',
}: {
  label: string;
  columns: readonly (string | readonly [name: string, kind: string])[];
  children: ComponentChildren;
  kind?: string;
}) => (
  <div class={`scroll ${kind}`} role="group" aria-label={label} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" class={typeof column === 'string' ? '' : column[1]}>
              {typeof column === 'string' ? column : column[0]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

/** A list of names and values. Pairs without a value are left out. */
export const Facts = ({ of }: { of: readonly (readonly [name: string, value: ComponentChildren])[] }) => (
  <dl class="facts">
    {of
      .filter(([, value]) => value !== null && value !== undefined && value !== false)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/** The link to the next page of a list. */
export const Next = ({ href }: { href: string | null }) =>
  href === null ? null : (
    <p>
      <a class="button" rel="next" href={href}>
        Next page
      </a>
    </p>
  );

/** One or two sentences that answer the page's question. */
export const Verdict = ({
  tone,
  children,
}: {
  tone: 'good' | 'warn' | 'bad' | 'calm';
  children: ComponentChildren;
}) => <div class={`verdict ${tone}`}>{children}</div>;
