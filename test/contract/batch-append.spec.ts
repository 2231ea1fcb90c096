/** Streams.BatchAppend: many appends on one call. */
import { randomUUID } from 'node:crypto';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect } from '@jest/globals';
import { append, errorTypeOf, idsIn, newEvents, newStream, plainText, useEventStore } from './event-store.js';
import { batchMessage, exchange, nameIn, useRawStreams } from './raw-calls.js';

const store = useEventStore();
const raw = useRawStreams(store);

const errorIn = (answer: BatchAppendResp | undefined): string | undefined =>
  answer?.getError()?.getDetails()?.getTypeName();

describe('Streams.BatchAppend', () => {
  plainText('keeps appends that travel in turns apart by their correlation ids', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const [streamA, streamB] = [newStream(), newStream()];
    const messages = [
      batchMessage({ correlation: a, stream: streamA, final: false }),
      batchMessage({ correlation: b, stream: streamB, final: false }),
      batchMessage({ correlation: a, final: false }),
      batchMessage({ correlation: b }),
      batchMessage({ correlation: a }),
    ];
    const answers = await exchange(raw, messages, 2);
    expect(answers.get(a)?.getSuccess()?.getCurrentRevision()).toBe('2');
    expect(answers.get(b)?.getSuccess()?.getCurrentRevision()).toBe('1');
    expect([nameIn(answers.get(a)?.getStreamIdentifier()), nameIn(answers.get(b)?.getStreamIdentifier())]).toEqual([
      streamA,
      streamB,
    ]);
  });

  plainText('names the stream in the answer to an append that fails, and the code of its error', async () => {
    const stream = newStream();
    await append(store.client, stream, { events: newEvents(1) });
    await store.client.tombstoneStream(stream);
    const correlation = randomUUID();
    const answer = (await exchange(raw, [batchMessage({ correlation, stream })], 1)).get(correlation);
    expect([nameIn(answer?.getStreamIdentifier()), errorIn(answer)]).toEqual([
      stream,
      'event_store.client.StreamDeleted',
    ]);
    expect(answer?.getError()?.getCode()).toBe(5);
  });

  /** Leaves an append unfinished until it is answered, then sends the rest and another append. */
  const leaveUnfinished = async (deadlineMs: number) => {
    const [late, next] = [randomUUID(), randomUUID()];
    const lateStream = newStream();
    const call = raw.client.batchAppend();
    const answers: BatchAppendResp[] = [];
    const received = new Promise<void>((resolve) => {
      call.on('data', (answer: BatchAppendResp) => {
        answers.push(answer);
        if (answers.length === 2) return resolve();
        call.write(batchMessage({ correlation: late }));
        call.write(batchMessage({ correlation: next, stream: newStream() }));
      });
    });
    call.on('error', () => undefined);
    call.write(batchMessage({ correlation: late, stream: lateStream, deadlineMs, final: false }));
    await received;
    call.cancel();
    expect(errorIn(answers[0])).toBe('event_store.client.Timeout');
    expect(answers[1]?.getCorrelationId()?.getString()).toBe(next);
    expect(await errorTypeOf(idsIn(store.client, lateStream))).toBe('stream-not-found');
  };

  plainText('answers an append that is not finished by its deadline with a timeout, and ignores the rest of it', () =>
    leaveUnfinished(50),
  );

  plainText('waits no longer than two seconds for the rest of an append, whatever the client asks for', () =>
    leaveUnfinished(3_600_000),
  );

  plainText('refuses an event without a type and goes on', async () => {
    const [bad, good] = [randomUUID(), randomUUID()];
    const messages = [
      batchMessage({ correlation: bad, stream: newStream(), properties: { 'content-type': 'application/json' } }),
      batchMessage({ correlation: good, stream: newStream() }),
    ];
    const answers = await exchange(raw, messages, 2);
    expect(errorIn(answers.get(bad))).toBe('event_store.client.BadRequest');
    expect(answers.get(good)?.hasSuccess()).toBe(true);
  });

  plainText('refuses an append as soon as it is over the limit, ignores the rest of it and goes on', async () => {
    const [large, next] = [randomUUID(), randomUUID()];
    const stream = newStream();
    const data = 'x'.repeat(600_000);
    const messages = [
      batchMessage({ correlation: large, stream, data, final: false }),
      batchMessage({ correlation: large, data, final: false }),
      batchMessage({ correlation: large }),
      batchMessage({ correlation: next, stream: newStream() }),
    ];
    const answers = await exchange(raw, messages, 2);
    expect(errorIn(answers.get(large))).toBe('event_store.client.MaximumAppendSizeExceeded');
    expect(answers.get(next)?.hasSuccess()).toBe(true);
    expect(await errorTypeOf(idsIn(store.client, stream))).toBe('stream-not-found');
  });

  plainText('ends when the client ends, after the last answer', async () => {
    const call = raw.client.batchAppend();
    const correlation = randomUUID();
    call.write(batchMessage({ correlation, stream: newStream() }));
    call.end();
    const answers: BatchAppendResp[] = [];
    for await (const answer of call) answers.push(answer as BatchAppendResp);
    expect(answers.map((answer) => answer.getCorrelationId()?.getString())).toEqual([correlation]);
  });
});
