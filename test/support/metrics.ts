import { READ_TOKEN } from './delivery.js';

/** A service's current metrics: values by name with labels. */
export async function metricsOf(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } });
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** The number of answers counted under these labels. */
export async function responsesOf(url: string, labels: string): Promise<number> {
  return (await metricsOf(url)).get(`ledger_http_responses_total{${labels}}`) ?? 0;
}

/** The number of deliveries by outcome so far; outcomes that never occurred are omitted. */
export async function outcomesOf(url: string): Promise<Record<string, number>> {
  const counted = [...(await metricsOf(url))].flatMap(([name, value]): [string, number][] => {
    const outcome = /^ledger_webhook_deliveries_total\{outcome="(\w+)"\}$/.exec(name)?.[1];
    return outcome === undefined || value === 0 ? [] : [[outcome, value]];
  });
  return Object.fromEntries(counted);
}
