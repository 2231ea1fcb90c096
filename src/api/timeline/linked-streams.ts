import { links } from '../../../projections/links.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { paymentPartsOf } from '../payments/payment-queries.js';

type Linked = Readonly<{ object: string; id: string; stream: string }>;

/**
 * Returns the streams of what belongs to a subscription beyond its own stream: objects that name it (sessions,
 * schedules) or its invoices (invoice payments, credit notes), its invoices' payments with all attempts, and objects
 * that name those (refunds, disputes). Never the stream of another subscription.
 */
export async function linkedStreams(connection: Queryable, subscription: string): Promise<string[]> {
  const naming = async (kind: string, targets: readonly string[]): Promise<Linked[]> =>
    (
      await connection.query<Linked>(
        `select object, id, stream from ${viewOf(links, 'links')} where target_kind = $1 and target = any($2)`,
        [kind, targets],
      )
    ).rows;
  const named = await naming('subscription', [subscription]);
  const invoices = named.filter(({ object }) => object === 'invoice').map(({ id }) => id);
  const ofInvoices = await naming('invoice', invoices);
  const payments = await paymentPartsOf(connection, invoices);
  // A payment may also pay other invoices; their links to it are left out.
  const ofPayments = (
    await naming(
      'payment',
      payments.map(({ id }) => id),
    )
  ).filter(({ object }) => !['invoice', 'invoice_payment', 'checkout.session'].includes(object));
  const streams = [...named, ...ofInvoices, ...payments, ...ofPayments].map(({ stream }) => stream);
  return [...new Set(streams)].filter((stream) => !stream.startsWith('subscription-')).sort();
}
