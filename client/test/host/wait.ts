/** Waiting, for a while or until something is so. */

import type { Kafka } from '../../src/streams.ts';

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await wait(20);
  }
}

/** The values of a topic; none where it is not there yet. */
export async function valuesOf(kafka: Kafka, topic: string): Promise<any[]> {
  const found = [];
  try {
    for await (const record of kafka`${topic} from beginning`) {
      found.push(record.value);
    }
  } catch {
    // Somebody is about to make it.
  }
  return found;
}
