import { searchAtStripe } from '../places.js';

/** Why a page cannot be shown, and what to do. `request` is the id in the log; null where nothing was logged. */
export const Failed = ({
  title,
  detail,
  request,
  isLater,
}: {
  title: string;
  detail: string;
  request: string | null;
  isLater: boolean;
}) => (
  <div class="problem" role="alert">
    <h1>{title}</h1>
    <p>{detail}</p>
    <p>
      {isLater ? <a href="">Try again</a> : <a href="/console">Go to the first page</a>}{' '}
      {request === null ? null : (
        <span class="dim">
          The log has this request as <code>{request}</code>.
        </span>
      )}
    </p>
  </div>
);

/** No event about a Stripe object with this id has arrived. */
export const NotKnown = ({ id }: { id: string }) => (
  <div class="problem" role="alert">
    <h1>Not found</h1>
    <p>
      The ledger does not know <code class="id">{id}</code>.
    </p>
    <p>
      Check the id. If Stripe has the object, none of its events was delivered. Either enable its event type at the
      endpoint, or, if the object is older than the endpoint, run a backfill.
    </p>
    <p>
      <a href={searchAtStripe(id)} rel="noreferrer">
        Look for it in Stripe
      </a>
    </p>
  </div>
);

/** Reloads the same page as a same-site request. */
export const Arriving = ({ to }: { to: string }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="refresh" content={`0;url=${to}`} />
      <title>Subscription ledger</title>
    </head>
    <body>
      <main>
        <h1>Subscription ledger</h1>
        <p>
          <a href={to}>Continue</a>
        </p>
      </main>
    </body>
  </html>
);
