/** The processing role. */

const NO_SETTINGS = { type: 'object', additionalProperties: false };
const KNOWN = ['summary', 'settingsSchema', 'tables', 'open'];

/**
 * Makes a processor of its definition. It is checked here, when the module loads, so that a mistake ends the build and not
 * a deployment.
 */
export function defineProcessor(definition) {
  const { summary, settingsSchema = NO_SETTINGS, tables = [], open } = definition;
  const unknown = Object.keys(definition).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`a processor's definition has no ${unknown}; it has ${KNOWN.join(', ')}`);
  }
  if (typeof summary !== 'string' || summary === '') {
    throw new TypeError('a processor needs a `summary`: one sentence that says what it does');
  }
  if (typeof open !== 'function') {
    throw new TypeError('a processor needs `open`: a function that takes the context and answers { each } or { process }');
  }
  if (!Array.isArray(tables) || tables.some((name) => typeof name !== 'string')) {
    throw new TypeError('`tables` is a list of the names of state tables');
  }
  const schema = typeof settingsSchema === 'string' ? settingsSchema : JSON.stringify(settingsSchema);
  JSON.parse(schema);
  return Object.freeze({
    open,
    description: Object.freeze({ summary, settingsSchema: schema, tables: [...tables], hosts: [] }),
  });
}

const COMPARISONS = ['equal', 'less', 'less-or-equal', 'greater', 'greater-or-equal'];

const isCondition = (want) =>
  typeof want?.field === 'string' &&
  COMPARISONS.includes(want.comparison) &&
  (typeof want.operand === 'number' || (typeof want.operand === 'string' && want.comparison === 'equal'));

/** Checks what `open` answered. */
export function checkOpened(opened) {
  const isMethod = (name) => opened[name] === undefined || typeof opened[name] === 'function';
  if (opened === null || typeof opened !== 'object') {
    throw new TypeError('`open` answered no processor; answer { each(record, output) {..} } or { process(records, output) {..} }');
  }
  if ((opened.each === undefined) === (opened.process === undefined)) {
    throw new TypeError('`open` answers a processor with either `each` or `process`');
  }
  const wrong = ['each', 'process', 'advance', 'close'].find((name) => !isMethod(name));
  if (wrong !== undefined) {
    throw new TypeError(`\`${wrong}\` of the processor is not a function`);
  }
  const { fields = null, wants = [] } = opened;
  if (fields !== null && !(Array.isArray(fields) && fields.every((field) => typeof field === 'string'))) {
    throw new TypeError('`fields` is a list of names, or null for whole values');
  }
  if (!(Array.isArray(wants) && wants.every(isCondition))) {
    throw new TypeError(
      "`wants` is a list of { field, comparison, operand }, where a comparison is one of " +
        `${COMPARISONS.join(', ')}, and an operand a number, or a text that is to be equal`,
    );
  }
  return opened;
}
