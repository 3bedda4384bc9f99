/** The settings, as JSON Schema. What goes with what is told by `plan`, in words. */

const source = (description) => ({ type: 'string', minLength: 1, maxLength: 100_000, description });
const YEARS_1000_MS = 31_536_000_000_000;

const step = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: {
    filter: source('Keeps what the function answers true for.'),
    map: source('Puts what the function answers in the place of the value; null is a tombstone.'),
    flatMap: source('Each item of the array that the function answers becomes a record.'),
    keyBy: source("Sets the record's key: a text as it is, else its JSON; null is no key."),
    tap: source('Runs for its effect: console.log(..), or produce(topic, value, key).'),
    branch: {
      type: 'array',
      minItems: 1,
      description: 'The first `when` that answers true sends the record to its topic, and it leaves the stream.',
      items: {
        type: 'object',
        required: ['when', 'to'],
        additionalProperties: false,
        properties: {
          when: source('A function that answers true or false.'),
          to: { type: 'string', minLength: 1, description: 'A topic that the deployment is granted.' },
        },
      },
    },
    window_ms: {
      type: 'integer',
      minimum: 1,
      maximum: YEARS_1000_MS,
      description: 'The length of the windows of the aggregate that follows. They are aligned to the epoch.',
    },
    grace_ms: {
      type: 'integer',
      minimum: 0,
      maximum: YEARS_1000_MS,
      default: 0,
      description: 'How long after its end a window still takes records, in event time.',
    },
    time: source("The event time: milliseconds since the epoch or RFC 3339 text; without it, the record's timestamp."),
    groupBy: source("What the aggregate that follows is by; without it, by the record's key."),
    count: { const: true },
    sum: source('The number to add up.'),
    min: source('The number of which the least is kept.'),
    max: source('The number of which the greatest is kept.'),
    average: source('The number to take the mean of.'),
    reduce: source('(state, value) => state: JSON that is carried from record to record.'),
    initial: { description: 'What a group starts from; without it, from its first value.' },
  },
};

export const settingsSchema = {
  type: 'object',
  required: ['steps'],
  additionalProperties: false,
  properties: {
    steps: { type: 'array', minItems: 1, maxItems: 100, items: step },
    values: { type: 'object', description: 'Constants that the functions know by these names.' },
  },
};
