import { describe, expect, it } from '@jest/globals';
import { stormOptions } from '../../load/storm-options.js';

const optionsFor = (eventstore: string) =>
  stormOptions(['--secret', 'whsec_of_the_tests', '--token', 'token-of-the-tests', '--eventstore', eventstore]);

describe('The options of a storm', () => {
  it.each([
    ['esdb://127.0.0.1:2111,127.0.0.1:2112,localhost:2113?tls=false'],
    ['esdb+discover://admin:changeit@localhost:2113?tls=false'],
  ])('take the connection string %s, as the service does', (url) => {
    expect(optionsFor(url)).toMatchObject({ eventstoreUrl: url });
  });

  it.each([
    ['esdb://127.0.0.1:2111,events.example:2112?tls=false'],
    ['esdb://127.0.0.1@events.example:2113'],
    ['https://127.0.0.1:2113'],
  ])('refuse %s, which is elsewhere or no store', (url) => {
    expect(() => optionsFor(url)).toThrow(/only be sent to loopback addresses|connection string/);
  });
});
