import { describe, expect, it } from '@jest/globals';
import { eventIdOf, eventPart, idsOfEvent, quarantineIdOf } from '../../src/events/event-id.js';

describe('event ids', () => {
  it('are a fixed function of the Stripe event id, since a changed one would make every recorded event new', () => {
    expect(eventIdOf('evt_1MhUZtE0b6fckueSDaOf1oJ8', null)).toBe('7f5eb309-1e2e-5a37-aa29-170e27d06aa0');
  });

  it('of renderings in several API versions differ in their last four bytes, and lie between the ids of their event', () => {
    const versions = [null, '2020-08-27', '2025-03-31.basil', '2026-09-30.endive'];
    const ids = versions.map((version) => eventIdOf('evt_1MhUZtE0b6fckueSDaOf1oJ8', version));
    expect(ids[1]).toBe('7f5eb309-1e2e-5a37-aa29-170ebbbcb4b0');
    expect(new Set(ids).size).toBe(versions.length);
    expect(new Set(ids.map(eventPart))).toEqual(new Set(['7f5eb309-1e2e-5a37-aa29-170e']));
    for (const id of ids) {
      const [first, last] = idsOfEvent(id);
      expect(first <= id && id <= last).toBe(true);
    }
  });

  it('in quarantine are a fixed function of Stripe event id and content', () => {
    expect(quarantineIdOf('evt_00000000000000', 'c0ffee')).toBe('a33e0034-7235-5c97-929e-865b1694e22c');
  });

  it('are UUIDs of version 5 and variant 1', () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    for (let i = 0; i < 100; i += 1) {
      expect(eventIdOf(`evt_${i}`, null)).toMatch(form);
      expect(quarantineIdOf(`evt_${i}`, 'hash')).toMatch(form);
    }
  });

  it('differ between events, contents, and an event with its quarantined twin', () => {
    const ids = [
      eventIdOf('evt_1', null),
      eventIdOf('evt_2', null),
      quarantineIdOf('evt_1', 'a'),
      quarantineIdOf('evt_1', 'b'),
      quarantineIdOf(null, 'a'),
      quarantineIdOf('', 'a'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
