// The CloudEvents that are sent, and that must come back: the same ones in every run.

import { CloudEvent } from 'cloudevents';

export function events(mode) {
  return Array.from({ length: 60 }, (_, number) => {
    const attributes = {
      id: `${mode}-${number}`,
      source: `/sensors/${number % 5}`,
      type: ['com.example.measured', 'com.example.sensor.lost'][number % 2],
      time: new Date(1_700_000_000_000 + number * 1000).toISOString(),
      datacontenttype: 'application/json',
      data: { number, celsius: number / 4, place: 'Zürich "HB"', nested: { list: [1, null, 'x'] } },
    };
    if (number % 3 === 0) {
      attributes.subject = `room-${number}`;
    }
    if (number % 4 === 0) {
      attributes.traceparent = `00-${String(number).padStart(32, '0')}-00f067aa0ba902b7-01`;
    }
    if (number % 7 === 0) {
      attributes.dataschema = 'https://example.com/schemas/measured.json';
    }
    return new CloudEvent(attributes);
  });
}
