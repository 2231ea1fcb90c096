import { Document } from '../parts/layout.js';

/** Asks for a token; `wrong` says why the last one was rejected. */
export const Login = ({ next, wrong }: { next: string; wrong: string | null }) => (
  <Document title="Log in">
    <body class="login">
      <main id="main">
        <h1>Subscription ledger</h1>
        <form method="post" action="/console/session">
          <input type="hidden" name="next" value={next} />
          <label for="token">Token</label>
          <input
            id="token"
            name="token"
            type="password"
            required
            autofocus
            autocomplete="current-password"
            spellcheck={false}
            {...(wrong === null ? {} : { 'aria-invalid': true, 'aria-describedby': 'wrong' })}
          />
          {wrong === null ? null : (
            <p id="wrong" class="wrong" role="alert">
              {wrong}
            </p>
          )}
          <button type="submit">Log in</button>
        </form>
        <p class="dim">
          One of <code>API_TOKENS</code>. A local run creates its own: <code>adminToken</code> and{' '}
          <code>readToken</code> in <code>secrets.json</code> of its data directory. A token with the scope{' '}
          <code>access</code> does not show e-mail addresses and names.
        </p>
      </main>
    </body>
  </Document>
);
