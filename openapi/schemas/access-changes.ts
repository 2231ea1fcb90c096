import { z } from 'zod';
import { rejection } from '../../src/access-changes/change.js';
import { decimal, flag, list, object, oneOf, orNull, ref, text, time, whole, type Properties } from './words.js';

const heldAccess = { granted: flag, products: list(text), entitlements: list(text) };
const decision: Properties = {
  customer: text,
  reference: orNull(text),
  revision: whole,
  before: object(heldAccess),
  now: object({
    ...heldAccess,
    until: orNull(time),
    reason: ref('AccessReason'),
    isComplete: flag,
    unseenSubscriptions: list(text),
  }),
  because: object(
    { kind: oneOf('event', 'time', 'policy', 'repair') },
    { stripeEventId: orNull(text), position: decimal },
  ),
  decidedAt: time,
};
const change: Properties = { id: text, type: text, position: decimal, ...decision };

export const accessChangesSchemas: Properties = {
  AccessChange: object(change),
  AccessFeed: object({ data: list(ref('AccessChange')), nextAfter: orNull(decimal) }),
  AccessHistory: object({
    data: list(object({ ...change, isBaseline: flag, rejected: orNull(object({ by: text, why: text, at: time })) })),
    nextCursor: orNull(text),
  }),
  HeldChanges: object({ data: list(object({ ...decision, hold: text })), count: whole, nextCursor: orNull(text) }),
  Approved: object({ approved: whole }),
  Rejection: z.toJSONSchema(rejection, { io: 'input', target: 'draft-2020-12' }),
  Rejected: object({ rejected: whole }),
};
