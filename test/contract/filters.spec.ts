/** The meaning of filter expressions, where both servers know them. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect } from '@jest/globals';
import { append, collect, newEvent, newStream, onlyEmbedded, plainText, useEventStore } from './event-store.js';
import { allOptions, nameIn, readAllOf, useRawStreams } from './raw-calls.js';

const store = useEventStore();
const raw = useRawStreams(store);

const { FilterOptions } = streams.ReadReq.Options;

const byType = (expression: string) =>
  new FilterOptions()
    .setEventType(new FilterOptions.Expression().setRegex(expression))
    .setMax(32)
    .setCheckpointintervalmultiplier(1);

/** The types that an expression matches. */
async function matchesOf(expression: string, types: readonly string[]): Promise<(string | undefined)[]> {
  const stream = newStream();
  await append(store.client, stream, { events: types.map((type) => newEvent(type)) });
  const [first] = await collect(store.client.readStream(stream));
  const responses = await readAllOf(
    raw,
    allOptions(first?.position?.commit).setCount('1000').setFilter(byType(expression)),
  );
  const events = responses.map((response) => response.getEvent()?.getEvent());
  return events
    .filter((event) => nameIn(event?.getStreamIdentifier()) === stream)
    .map((event) => event?.getMetadataMap().get('type'));
}

const TYPES = [
  'order-placed',
  'order',
  'Order',
  'border',
  '$order',
  'order.placed',
  'order\nplaced',
  'a1',
  'ab',
  'abab',
  'x y',
  'naïve',
  'ÜBER',
  '2024-01-31',
  '[x]',
  'a'.repeat(300),
];

describe('A filter by an expression', () => {
  for (const [expression, matches] of [
    ['^order', ['order-placed', 'order', 'order.placed', 'order\nplaced']],
    ['^order$', ['order']],
    ['order', ['order-placed', 'order', 'border', '$order', 'order.placed', 'order\nplaced']],
    ['^[^$]', TYPES.filter((type) => type !== '$order')],
    ['^[^\\$].*', TYPES.filter((type) => type !== '$order')],
    ['^\\$', ['$order']],
    ['^order\\.', ['order.placed']],
    ['^order.placed$', ['order-placed', 'order.placed']],
    ['^(?s:order.placed)$', ['order-placed', 'order.placed', 'order\nplaced']],
    ['(?i)^order$', ['order', 'Order']],
    ['^(?:order|ab)$', ['order', 'ab']],
    ['^ab|^b', ['border', 'ab', 'abab']],
    ['^(ab){2,3}$', ['abab']],
    ['^(ab)+$', ['ab', 'abab']],
    ['^(?<letter>a)\\d$', ['a1']],
    ['^\\d{4}-\\d\\d-\\d\\d$', ['2024-01-31']],
    ['^[a-z]\\s[a-z]$', ['x y']],
    ['\\bplaced\\b', ['order-placed', 'order.placed', 'order\nplaced']],
    ['^\\p{Lu}', ['Order', 'ÜBER']],
    ['\\u00ef', ['naïve']],
    ['\\x61b$', ['ab', 'abab']],
    ['^\\[x\\]$', ['[x]']],
    ['^[\\[]', ['[x]']],
    ['^(a+)+$', ['a'.repeat(300)]],
    ['^.*?1$', ['a1', '2024-01-31']],
    ['\\Aorder\\z', ['order']],
    ['^[^a-z]', ['Order', '$order', 'ÜBER', '2024-01-31', '[x]']],
    ['(?m)^placed$', ['order\nplaced']],
  ] as [string, string[]][]) {
    plainText(`${expression} lets through what it does on .NET`, async () => {
      expect(await matchesOf(expression, TYPES)).toEqual(matches);
    });
  }

  for (const [what, expression] of [
    ['looks ahead', '^(?!\\$)'],
    ['looks behind', '(?<=a)b'],
    ['refers back', '(a)\\1'],
    ['refers back by name', '(?<x>a)\\k<x>'],
    ['does not go back', '(?>a+)b'],
    ['takes a class from a class', '[a-z-[aeiou]]'],
    ['has a class in a class', '[[:alpha:]]'],
    ['quotes', '\\Qa.b'],
    ['names a category by one letter', '\\pL'],
    ['is longer than 2,048 characters', 'a'.repeat(2_049)],
    ['is large', '(?:a{500}){5}'],
    ['counts far', 'a{1001}'],
    ['cannot be read', '(a'],
  ] as const) {
    onlyEmbedded('the real one knows more')(`that ${what} is refused`, async () => {
      await expect(readAllOf(raw, allOptions().setCount('1').setFilter(byType(expression)))).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
      });
    });
  }
});
