import { describe, expect, it } from '@jest/globals';
import { order, orderSecond } from '../../src/events/order.js';
import { ids, told, type Keyed, type Told } from './stripe-events.js';

/** Orders events that arrive in the given order and in reverse, and expects the same result. */
function ordered(...events: readonly Told[]): { ordered: string; ambiguous: string } {
  const [forth, back] = [events, [...events].reverse()].map((arrived) => order(arrived.map(told)));
  expect(ids(back?.ordered ?? [])).toBe(ids(forth?.ordered ?? []));
  return {
    ordered: ids(forth?.ordered ?? []),
    ambiguous: [...(forth?.ambiguous ?? [])]
      .map((event) => event.order.eventId)
      .sort()
      .join(' '),
  };
}

const active = { status: 'active' };
const pastDue = { status: 'past_due' };
const created = 'customer.subscription.created';
const deleted = 'customer.subscription.deleted';
const earlier = 1_699_999_999;

describe('the order of seconds', () => {
  it('is that of created, whatever the ids, the types and the statuses say', () => {
    expect(
      ordered(
        { id: 'evt_1', type: created, created: 30, now: active },
        { id: 'evt_3', type: deleted, created: 10, now: { status: 'canceled' } },
        { id: 'evt_2', created: 20, now: pastDue },
      ),
    ).toEqual({ ordered: 'evt_3 evt_2 evt_1', ambiguous: '' });
  });

  it('lets an earlier second of a test clock that runs years ahead come first', () => {
    const hour = Array.from({ length: 60 }, (_, i) => ({
      id: `evt_${String(99 - i)}`,
      created: 4_000_000_000 + i * 60,
      now: { n: i },
      ...(i > 0 && { before: { n: i - 1 } }),
    }));
    expect(ordered(...hour)).toEqual({ ordered: hour.map(({ id }) => id).join(' '), ambiguous: '' });
  });
});

describe('the order within a second', () => {
  it('groups events by object, a subscription before its invoice', () => {
    const invoice = { id: 'in_1', object: 'invoice' };
    expect(
      ordered(
        { id: 'evt_1', type: 'invoice.created', object: invoice, now: { status: 'draft' } },
        { id: 'evt_2', now: active, before: { status: 'incomplete' } },
        { id: 'evt_3', type: 'invoice.updated', object: invoice, now: { status: 'open' }, before: { status: 'draft' } },
        { id: 'evt_4', type: created, now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_4 evt_2 evt_1 evt_3', ambiguous: '' });
  });

  it('puts created first and deleted last', () => {
    expect(
      ordered(
        { id: 'evt_1', type: deleted, now: { status: 'canceled' } },
        { id: 'evt_2', now: active, before: { status: 'incomplete' } },
        { id: 'evt_3', type: created, now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_3 evt_2 evt_1', ambiguous: '' });
  });

  it('follows previous_attributes through a chain of updates', () => {
    expect(
      ordered(
        { id: 'evt_1', now: { n: 3 }, before: { n: 2 } },
        { id: 'evt_2', now: { n: 1 }, before: { n: 0 } },
        { id: 'evt_3', now: { n: 2 }, before: { n: 1 } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_3 evt_1', ambiguous: '' });
  });

  it('puts back changes inside nested hashes and whole arrays', () => {
    expect(
      ordered(
        {
          id: 'evt_1',
          now: { items: { data: [{ id: 'si_2' }], url: '/x' }, metadata: { a: '1', b: '2' } },
          before: { items: { data: [{ id: 'si_1' }], url: '/x' }, metadata: { a: '1', b: '2' } },
        },
        {
          id: 'evt_2',
          now: { items: { data: [{ id: 'si_1' }], url: '/x' }, metadata: { a: '1', b: '2' } },
          before: { items: { data: [{ id: 'si_1' }], url: '/x' }, metadata: { a: '0', b: '2' } },
        },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('treats a field that previous_attributes shows as null as absent before', () => {
    expect(
      ordered(
        { id: 'evt_1', now: { metadata: { plan: 'a', seats: '5' } }, before: { metadata: { plan: 'a', seats: null } } },
        { id: 'evt_2', now: { metadata: { plan: 'a' } }, before: { metadata: { plan: null } } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('starts at the last state before the second when two paths are possible', () => {
    const start = { id: 'evt_0', created: earlier, now: { n: 2 } };
    const circle = [
      { id: 'evt_1', now: { n: 2 }, before: { n: 1 } },
      { id: 'evt_2', now: { n: 1 }, before: { n: 2 } },
    ];
    expect(ordered(start, ...circle)).toEqual({ ordered: 'evt_0 evt_2 evt_1', ambiguous: '' });
    expect(ordered({ ...start, now: { n: 1 } }, ...circle)).toEqual({ ordered: 'evt_0 evt_1 evt_2', ambiguous: '' });
  });

  it('follows a value that goes there and back several times', () => {
    expect(
      ordered(
        { id: 'evt_0', type: created, now: { n: 1 } },
        { id: 'evt_1', now: { n: 3 }, before: { n: 1 } },
        { id: 'evt_2', now: { n: 1 }, before: { n: 2 } },
        { id: 'evt_3', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_4', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_5', now: { n: 1 }, before: { n: 2 } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_3 evt_2 evt_4 evt_5 evt_1', ambiguous: '' });
  });

  it('takes the path that holds more events, though another begins with a smaller id', () => {
    expect(
      ordered(
        { id: 'evt_0', type: created, now: { n: 1 } },
        { id: 'evt_1', now: { n: 9 }, before: { n: 1 } },
        { id: 'evt_2', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_3', now: { n: 3 }, before: { n: 2 } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_2 evt_3 evt_1', ambiguous: 'evt_1' });
  });

  it('takes the smallest event id when two paths hold as many events', () => {
    expect(
      ordered(
        { id: 'evt_0', type: created, now: { n: 1 } },
        { id: 'evt_2', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_1', now: { n: 3 }, before: { n: 1 } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_1 evt_2', ambiguous: 'evt_2' });
  });

  it('puts the second of two events about one change beside the first, and does not go back to it', () => {
    expect(
      ordered(
        { id: 'evt_0', type: created, now: { n: 1 } },
        { id: 'evt_1', now: { n: 3 }, before: { n: 2 } },
        { id: 'evt_2', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_3', now: { n: 2 }, before: { n: 1 } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_2 evt_3 evt_1', ambiguous: '' });
  });

  it('puts an event without a change where its snapshot stands', () => {
    const invoice = { id: 'in_1', object: 'invoice' };
    expect(
      ordered(
        { id: 'evt_1', type: 'invoice.paid', object: invoice, now: { status: 'paid' } },
        { id: 'evt_2', type: 'invoice.finalized', object: invoice, now: { status: 'open' } },
        { id: 'evt_3', type: 'invoice.updated', object: invoice, now: { status: 'paid' }, before: { status: 'open' } },
        { id: 'evt_4', type: 'invoice.updated', object: invoice, now: { status: 'open' }, before: { status: 'draft' } },
        { id: 'evt_5', type: 'invoice.created', object: invoice, now: { status: 'draft' } },
      ),
    ).toEqual({ ordered: 'evt_5 evt_4 evt_2 evt_3 evt_1', ambiguous: '' });
  });

  it('orders snapshots rendered late, when created already shows the end, by the updates', () => {
    const invoice = { id: 'in_1', object: 'invoice' };
    expect(
      ordered(
        { id: 'evt_1', type: 'invoice.updated', object: invoice, now: { status: 'paid' }, before: { status: 'open' } },
        { id: 'evt_2', type: 'invoice.updated', object: invoice, now: { status: 'open' }, before: { status: 'draft' } },
        { id: 'evt_3', type: 'invoice.created', object: invoice, now: { status: 'paid' } },
      ),
    ).toEqual({ ordered: 'evt_3 evt_2 evt_1', ambiguous: '' });
  });
});

describe('a creation that was rendered late, in the middle of the changes of its second', () => {
  const birth = { id: 'evt_9', type: created, now: { n: 2 } };

  it('stands before the changes that led to what it shows, and these before those that follow', () => {
    expect(
      ordered(
        birth,
        { id: 'evt_3', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_4', now: { n: 1 }, before: { n: 0 } },
        { id: 'evt_1', now: { n: 3 }, before: { n: 2 } },
      ),
    ).toEqual({ ordered: 'evt_9 evt_4 evt_3 evt_1', ambiguous: '' });
  });

  it('leaves it a guess when two ways led there', () => {
    expect(
      ordered(
        birth,
        { id: 'evt_3', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_4', now: { n: 2 }, before: { n: 0 } },
        { id: 'evt_1', now: { n: 3 }, before: { n: 2 } },
      ).ambiguous,
    ).toBe('evt_3 evt_4');
  });
});

describe('when the events of a second do not say all', () => {
  it('orders by lifecycle, then event id, what hangs together with nothing, and counts it as ambiguous', () => {
    expect(
      ordered(
        { id: 'evt_1', now: pastDue },
        { id: 'evt_2', now: { status: 'incomplete' } },
        { id: 'evt_4', now: { ...active, n: 1 } },
        { id: 'evt_3', now: { ...active, n: 2 } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_3 evt_4 evt_1', ambiguous: 'evt_1 evt_2 evt_3 evt_4' });
  });

  it('keeps what hangs together together when a link is missing, behind what follows from the start', () => {
    expect(
      ordered(
        { id: 'evt_9', created: earlier, now: { n: 1 } },
        { id: 'evt_8', now: { n: 2 }, before: { n: 1 } },
        { id: 'evt_2', now: { n: 5 }, before: { n: 4 } },
        { id: 'evt_3', now: { n: 4 }, before: { n: 3 } },
      ),
    ).toEqual({ ordered: 'evt_9 evt_8 evt_3 evt_2', ambiguous: 'evt_2 evt_3' });
  });

  it('finds the beginning of a chain without a known start', () => {
    expect(
      ordered({ id: 'evt_1', now: { n: 2 }, before: { n: 1 } }, { id: 'evt_2', now: { n: 1 }, before: { n: 0 } }),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('begins a circle without a known start with the smallest event id, and counts it as ambiguous', () => {
    expect(
      ordered(
        { id: 'evt_3', now: { n: 1 }, before: { n: 3 } },
        { id: 'evt_2', now: { n: 3 }, before: { n: 2 } },
        { id: 'evt_1', now: { n: 2 }, before: { n: 1 } },
      ),
    ).toEqual({ ordered: 'evt_1 evt_2 evt_3', ambiguous: 'evt_1 evt_2 evt_3' });
  });

  it('never counts a single event as ambiguous, though its start is missing', () => {
    expect(
      ordered({ id: 'evt_0', created: earlier, now: { n: 1 } }, { id: 'evt_1', now: { n: 3 }, before: { n: 2 } }),
    ).toEqual({ ordered: 'evt_0 evt_1', ambiguous: '' });
  });

  describe('of an invoice, whose life never goes back', () => {
    const invoice = { id: 'in_1', object: 'invoice' };
    const finalized = {
      id: 'evt_3',
      type: 'invoice.finalized',
      object: invoice,
      now: { status: 'open', attempt_count: 0 },
    };
    const failed = {
      id: 'evt_1',
      type: 'invoice.payment_failed',
      object: invoice,
      now: { status: 'open', attempt_count: 1 },
    };
    const paid = { id: 'evt_2', type: 'invoice.paid', object: invoice, now: { status: 'paid', attempt_count: 1 } };

    it('accepts draft, open, each attempt, paid as an order without a guess', () => {
      expect(
        ordered(
          paid,
          failed,
          { id: 'evt_4', type: 'invoice.created', object: invoice, now: { status: 'draft' } },
          finalized,
        ),
      ).toEqual({ ordered: 'evt_4 evt_3 evt_1 evt_2', ambiguous: '' });
    });

    it('still counts two snapshots of one stage that do not hang together', () => {
      expect(
        ordered(paid, finalized, {
          ...finalized,
          id: 'evt_5',
          type: 'invoice.sent',
          now: { ...finalized.now, number: '1' },
        }),
      ).toEqual({ ordered: 'evt_3 evt_5 evt_2', ambiguous: 'evt_3 evt_5' });
    });
  });

  it('puts a status that comes earlier in life before the path, one that comes later behind it', () => {
    expect(
      ordered(
        { id: 'evt_0', created: earlier, now: active },
        { id: 'evt_1', now: pastDue, before: active },
        { id: 'evt_2', now: { status: 'canceled' } },
        { id: 'evt_3', now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_3 evt_1 evt_2', ambiguous: 'evt_2 evt_3' });
  });

  it('does not link snapshots of two API versions', () => {
    expect(
      ordered(
        { id: 'evt_0', created: earlier, now: { n: 1 } },
        { id: 'evt_1', apiVersion: '2025-03-31.basil', now: { n: 3 }, before: { n: 2 } },
        { id: 'evt_2', now: { n: 2 }, before: { n: 1 } },
      ),
    ).toEqual({ ordered: 'evt_0 evt_2 evt_1', ambiguous: 'evt_1' });
  });

  it('counts two created events that contradict each other', () => {
    expect(
      ordered(
        { id: 'evt_1', type: created, now: active },
        { id: 'evt_2', type: created, now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: 'evt_1 evt_2' });
    expect(
      ordered({ id: 'evt_1', type: created, now: active }, { id: 'evt_2', type: created, now: active }).ambiguous,
    ).toBe('');
  });
});

describe('ties that users of Stripe met', () => {
  const trialing = { status: 'trialing', trial_end: 9 };

  it('an update to active stands behind the creation as incomplete, whichever came first', () => {
    expect(
      ordered(
        { id: 'evt_1', now: active, before: { status: 'incomplete' } },
        { id: 'evt_2', type: created, now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('trial_will_end stands before the update that shows another state, and behind the one that shows its own', () => {
    const willEnd = { id: 'evt_5', type: 'customer.subscription.trial_will_end', now: trialing };
    expect(ordered(willEnd, { id: 'evt_1', now: active, before: trialing })).toEqual({
      ordered: 'evt_5 evt_1',
      ambiguous: '',
    });
    expect(ordered(willEnd, { id: 'evt_9', now: trialing, before: { status: 'trialing', trial_end: 99 } })).toEqual({
      ordered: 'evt_9 evt_5',
      ambiguous: '',
    });
  });

  it('a stale update of the second of the deletion does not come behind it', () => {
    expect(
      ordered(
        { id: 'evt_1', type: deleted, now: { status: 'canceled' } },
        { id: 'evt_2', now: active },
        { id: 'evt_3', created: earlier, now: active, before: pastDue },
      ),
    ).toEqual({ ordered: 'evt_3 evt_2 evt_1', ambiguous: '' });
  });

  it('an incomplete subscription expires by an update, without a deletion', () => {
    expect(
      ordered(
        {
          id: 'evt_1',
          now: { status: 'incomplete_expired', canceled_at: 7 },
          before: { status: 'incomplete', canceled_at: null },
        },
        { id: 'evt_2', type: created, now: { status: 'incomplete' } },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('the update that sets cancel_at_period_end stands before the deletion, and a deletion needs no update', () => {
    expect(
      ordered(
        { id: 'evt_1', type: deleted, now: { status: 'canceled' } },
        {
          id: 'evt_2',
          now: { ...active, cancel_at_period_end: true },
          before: { ...active, cancel_at_period_end: false },
        },
      ),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
    expect(
      ordered({ id: 'evt_1', type: deleted, now: { status: 'canceled' } }, { id: 'evt_2', type: created, now: active }),
    ).toEqual({ ordered: 'evt_2 evt_1', ambiguous: '' });
  });

  it('dunning ends in unpaid after past_due, though nothing links them', () => {
    expect(
      ordered(
        { id: 'evt_1', now: { status: 'unpaid' } },
        { id: 'evt_2', now: pastDue },
        { id: 'evt_3', created: earlier, now: active },
      ),
    ).toEqual({ ordered: 'evt_3 evt_2 evt_1', ambiguous: 'evt_1 evt_2' });
  });

  it('pause_collection set and lifted in one second leaves it as the updates say', () => {
    const paused = { ...active, pause_collection: { behavior: 'void' } };
    const lifted = { ...active, pause_collection: null };
    expect(
      ordered(
        { id: 'evt_0', created: earlier, now: active },
        { id: 'evt_1', now: lifted, before: paused },
        { id: 'evt_2', now: paused, before: lifted },
      ),
    ).toEqual({ ordered: 'evt_0 evt_2 evt_1', ambiguous: '' });
  });

  it('paused and resumed stand beside the updates that show their snapshots', () => {
    expect(
      ordered(
        { id: 'evt_0', created: earlier, now: active },
        { id: 'evt_1', type: 'customer.subscription.resumed', now: { ...active, n: 1 } },
        { id: 'evt_2', now: { ...active, n: 1 }, before: { status: 'paused', n: null } },
        { id: 'evt_3', type: 'customer.subscription.paused', now: { status: 'paused' } },
        { id: 'evt_4', now: { status: 'paused' }, before: active },
      ),
    ).toEqual({ ordered: 'evt_0 evt_4 evt_3 evt_2 evt_1', ambiguous: '' });
  });
});

describe('the states between seconds', () => {
  it('are those of the hundred objects touched last', () => {
    const invoices = Array.from({ length: 150 }, (_, i) =>
      told({ id: `evt_${i}`, created: i, object: { id: `in_${i}`, object: 'invoice' }, now: {} }),
    );
    let states = {};
    for (const invoice of invoices) states = orderSecond([invoice], states).states;
    expect(Object.keys(states).sort()).toEqual(
      invoices
        .slice(50)
        .map(({ order: { objectKey } }) => objectKey)
        .sort(),
    );
  });

  it('are those of the events last in order', () => {
    const [first, second] = [
      told({ id: 'evt_2', now: { n: 1 }, before: { n: 0 } }),
      told({ id: 'evt_1', now: { n: 2 }, before: { n: 1 } }),
    ];
    expect(orderSecond([second, first], {}).states).toEqual({
      'subscription sub_1': {
        after: second.order.after,
        before: null,
        apiVersion: '2020-08-27',
        ours: { after: second.order.ours.after, before: null },
        created: 1_700_000_000,
      },
    });
  });

  it('survive a trip through JSON, as do order keys', () => {
    const event = told({ id: 'evt_1', now: { n: 1 }, before: { n: 0 } });
    const { states } = orderSecond([event], {});
    expect(JSON.parse(JSON.stringify({ event, states }))).toEqual({ event, states });
  });

  it('asserts the caller’s duties: one second, no event twice', () => {
    expect(() => order([told({ id: 'evt_1', now: {} }), told({ id: 'evt_1', now: { n: 1 } })])).toThrow('twice');
    expect(() =>
      orderSecond([told({ id: 'evt_1', created: 1, now: {} }), told({ id: 'evt_2', created: 2, now: {} })], {}),
    ).toThrow('several seconds');
  });

  it('orders a second of five thousand events of one object, linked or not, without a long search', () => {
    const second = (before: (i: number) => number, now: (i: number) => number): Keyed[] =>
      Array.from({ length: 5_000 }, (_, i) => told({ id: `evt_${i}`, now: { n: now(i) }, before: { n: before(i) } }));
    const seconds = [
      second(
        (i) => i,
        (i) => i + 1,
      ),
      second(
        (i) => -i - 1,
        (i) => i,
      ),
      second(
        (i) => i % 2,
        (i) => (i + 1) % 2,
      ),
      second(
        (i) => (i * 31) % 17,
        (i) => (i * 57 + 3) % 17,
      ),
      second(
        () => 0,
        () => 1,
      ),
    ];
    const start = process.hrtime.bigint();
    for (const events of seconds) expect(order(events).ordered).toHaveLength(5_000);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(10_000);
  });
});
