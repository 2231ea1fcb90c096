/** Why a page cannot be shown, and what to do. */
export const Failed = ({
  title,
  detail,
  request,
  isLater,
}: {
  title: string;
  detail: string;
  request: string;
  isLater: boolean;
}) => (
  <div class="problem" role="alert">
    <h1>{title}</h1>
    <p>{detail}</p>
    <p>
      {isLater ? <a href="">Try again</a> : <a href="/console">Go to the first page</a>}{' '}
      <span class="dim">
        The log names this request <code>{request}</code>.
      </span>
    </p>
  </div>
);

/** Asks for the same page again, as one of this site. */
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
